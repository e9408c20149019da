"""Hands leads over without ever breaking a capacity, whoever else does so at the same moment. Chooses no rep.

The reps concerned are locked first, in the order of their ids: PostgreSQL locks their rows, and SQLite lets one
transaction write at a time. What is counted after that holds until the end of the transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.decisions import Decision
from domain.matches import AssignmentRecord
from domain.values import LeadId, RepId
from records.assignments import read_current, superseded, write_assignments
from records.database import Database
from records.decisions import write_decisions
from records.pool import remove_from_pool
from records.statements import IDS_AT_ONCE
from records.tables import assignments, outcomes, reps


@dataclass(frozen=True)
class SqlCapacityKeeper:
    """`CapacityKeeper` in SQL."""

    database: Database

    async def hand_over(
        self,
        assignments: Sequence[AssignmentRecord],
        capacities: Mapping[RepId, int],
        *,
        decisions: Sequence[Decision] = (),
    ) -> tuple[AssignmentRecord, ...]:
        """Record, in one transaction, those assignments for which the rep still has a free place; return them.

        Idempotent by id: an assignment recorded before counts as recorded. One of a lead that was given away after
        its moment is not recorded. With an assignment goes the decision that it names, and the lead leaves the pool.

        Args:
            assignments: At most one per lead. One without a rep always fits, and frees the place of the rep before.
            capacities: Most open leads of each rep named in an assignment.
            decisions: Recorded where the assignment that names them is.
        """
        if not assignments:
            return ()
        async with self.database.writing() as connection:
            await _lock(connection, sorted({each.rep_id for each in assignments if each.rep_id is not None}))
            known = await _recorded(connection, [each.id for each in assignments])
            current = await read_current(connection, [each.lead_id for each in assignments])
            fresh = [
                each
                for each in assignments
                if each.id not in known and (each.lead_id not in current or current[each.lead_id].at <= each.at)
            ]
            counts = await _open_counts(connection, sorted(capacities))
            accepted = which_fit(fresh, current, counts, capacities)
            await write_assignments(connection, accepted)
            await remove_from_pool(connection, [each.lead_id for each in accepted if each.rep_id is not None])
            named = {each.decision_id for each in accepted}
            await write_decisions(connection, [each for each in decisions if each.id in named])
        done = known | {each.id for each in accepted}
        return tuple(each for each in assignments if each.id in done)


def which_fit(
    assignments: Sequence[AssignmentRecord],
    current: Mapping[LeadId, AssignmentRecord],
    counts: Mapping[RepId, int],
    capacities: Mapping[RepId, int],
) -> list[AssignmentRecord]:
    """Choose the assignments that break no capacity when they are made together.

    All of them, where that breaks none. Otherwise those that give places back first, then the others in order, again
    and again while a move has freed a place that another one waits for.

    Args:
        assignments: At most one per lead.
        current: The assignment in force of each lead that has one.
        counts: Open leads per rep; absent means 0.
        capacities: Most open leads per rep; a rep who is absent takes nothing.
    """
    holders = {lead_id: held.rep_id for lead_id, held in current.items()}
    together = _Places(holders, Counter(counts), capacities)
    for each in assignments:
        together.give(each)
    if not any(together.overfull(each) for each in assignments if together.needs_place(each)):
        return list(assignments)
    places = _Places(holders, Counter(counts), capacities)
    waiting = sorted(assignments, key=places.needs_place)
    accepted: list[AssignmentRecord] = []
    while True:
        left = []
        for each in waiting:
            if places.needs_place(each) and places.full(each):
                left.append(each)
            else:
                places.give(each)
                accepted.append(each)
        if len(left) == len(waiting):
            return accepted
        waiting = left


@dataclass(frozen=True)
class _Places:
    """Places taken while assignments are made one after the other; who held a lead before does not change."""

    holders: Mapping[LeadId, RepId | None]
    load: Counter[RepId | None]
    capacities: Mapping[RepId, int]

    def needs_place(self, each: AssignmentRecord) -> bool:
        return each.rep_id is not None and self.holders.get(each.lead_id) != each.rep_id

    def full(self, each: AssignmentRecord) -> bool:
        return each.rep_id is not None and self.load[each.rep_id] >= self.capacities.get(each.rep_id, 0)

    def overfull(self, each: AssignmentRecord) -> bool:
        return each.rep_id is not None and self.load[each.rep_id] > self.capacities.get(each.rep_id, 0)

    def give(self, each: AssignmentRecord) -> None:
        if self.needs_place(each):
            self.load[each.rep_id] += 1
        if self.holders.get(each.lead_id) not in {None, each.rep_id}:
            self.load[self.holders[each.lead_id]] -= 1


async def _lock(connection: AsyncConnection, rep_ids: Sequence[RepId]) -> None:
    for begin in range(0, len(rep_ids), IDS_AT_ONCE):
        part = rep_ids[begin : begin + IDS_AT_ONCE]
        # SQLite has no such lock and needs none: the transaction that writes is the only one.
        await connection.execute(select(reps.c.id).where(reps.c.id.in_(part)).order_by(reps.c.id).with_for_update())


async def _recorded(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for begin in range(0, len(ids), IDS_AT_ONCE):
        statement = select(assignments.c.id).where(assignments.c.id.in_(ids[begin : begin + IDS_AT_ONCE]))
        found.update((await connection.execute(statement)).scalars())
    return found


async def _open_counts(connection: AsyncConnection, rep_ids: Sequence[RepId]) -> dict[RepId, int]:
    """Count the open leads of reps from their own assignments, so that one hand-over does not read all of them."""
    counts: dict[RepId, int] = {}
    ended = exists().where(outcomes.c.lead_id == assignments.c.lead_id)
    for begin in range(0, len(rep_ids), IDS_AT_ONCE):
        statement = (
            select(assignments.c.rep_id, func.count())
            .where(
                assignments.c.rep_id.in_(rep_ids[begin : begin + IDS_AT_ONCE]),
                ~superseded(),
                ~ended,
            )
            .group_by(assignments.c.rep_id)
        )
        counts |= {RepId(rep_id): count for rep_id, count in await connection.execute(statement)}
    return counts
