"""Leads as routing reads them: many at once, with who has them. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, exists, select

from domain.events import OUTBOUND_KINDS, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead
from domain.routing import ContactKeys, Kin, Kinship, contact_keys
from domain.values import LeadId, Market, RepId
from records.assignments import superseded
from records.database import Database
from records.leads import SqlLeadRecords
from records.rows import columns_of, from_row
from records.statements import IDS_AT_ONCE
from records.tables import assignments, interactions, leads, outcomes
from records.withheld import withheld

MATCHER = "matcher"
"""Who an assignment is by that a rep has not accepted."""

MOST_KIN = 2_000
"""Kin read for at most `IDS_AT_ONCE` leads: a domain with more leads than that is no company."""

_KEYS: Mapping[Kinship, Column[str]] = {
    Kinship.EMAIL: leads.c.email_key,
    Kinship.PHONE: leads.c.phone_key,
    Kinship.DOMAIN: leads.c.domain_key,
}


@dataclass(frozen=True)
class SqlRoutedLeads:
    """`RoutedLeads` in SQL."""

    database: Database

    async def get_many(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, Lead]:
        """Return the newest version of each lead that exists."""
        return await SqlLeadRecords(self.database).get_many(lead_ids)

    async def unassigned(self, market: Market, *, limit: int) -> tuple[LeadId, ...]:
        """Return open leads that no rep has and that are not withheld, the oldest first."""
        held = exists().where(
            assignments.c.lead_id == leads.c.id,
            assignments.c.rep_id.is_not(None),
            ~superseded(),
        )
        ended = exists().where(outcomes.c.lead_id == leads.c.id)
        statement = (
            select(leads.c.id)
            .where(leads.c.market == market, ~ended, ~held, ~withheld(leads.c.id))
            .order_by(leads.c.created_at, leads.c.id)
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return tuple(LeadId(lead_id) for lead_id in (await connection.execute(statement)).scalars())

    async def unanswered(self, market: Market) -> tuple[AssignmentRecord, ...]:
        """Return the matcher's assignments in force whose rep has neither accepted nor contacted the lead since.

        Leads that are withheld are left out: they stay where they are.
        """
        ended = exists().where(outcomes.c.lead_id == assignments.c.lead_id)
        contacted = exists().where(
            interactions.c.lead_id == assignments.c.lead_id,
            interactions.c.at >= assignments.c.at,
            interactions.c.kind.in_(sorted(OUTBOUND_KINDS)),
        )
        statement = (
            select(*columns_of(AssignmentRecord, assignments))
            .join(leads, leads.c.id == assignments.c.lead_id)
            .where(
                leads.c.market == market,
                assignments.c.by == MATCHER,
                assignments.c.rep_id.is_not(None),
                ~superseded(),
                ~ended,
                ~contacted,
                ~withheld(assignments.c.lead_id),
            )
            .order_by(assignments.c.at, assignments.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(AssignmentRecord, row) for row in await connection.execute(statement))

    async def withheld(self, lead_ids: Sequence[LeadId]) -> frozenset[LeadId]:
        """Return those of the leads that no rep is offered unless a person says so; see `records.withheld`."""
        found: set[LeadId] = set()
        async with self.database.reading() as connection:
            for begin in range(0, len(lead_ids), IDS_AT_ONCE):
                part = lead_ids[begin : begin + IDS_AT_ONCE]
                statement = select(leads.c.id).where(leads.c.id.in_(part), withheld(leads.c.id))
                found.update(LeadId(lead_id) for lead_id in (await connection.execute(statement)).scalars())
        return frozenset(found)

    async def held_by(self, rep_ids: Sequence[RepId]) -> tuple[AssignmentRecord, ...]:
        """Return the assignments in force of open leads that these reps have, the oldest first."""
        ended = exists().where(outcomes.c.lead_id == assignments.c.lead_id)
        statement = (
            select(*columns_of(AssignmentRecord, assignments))
            .where(assignments.c.rep_id.in_(rep_ids), ~superseded(), ~ended)
            .order_by(assignments.c.at, assignments.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(AssignmentRecord, row) for row in await connection.execute(statement))

    async def kin_of(self, leads: Sequence[Lead]) -> Mapping[LeadId, Kin]:
        """Return, for each lead, the surest kin that a rep has: the same e-mail, phone or mail domain, and market."""
        found: dict[LeadId, Kin] = {}
        for begin in range(0, len(leads), IDS_AT_ONCE):
            part = leads[begin : begin + IDS_AT_ONCE]
            keys = {lead.id: contact_keys(lead.email, lead.phone) for lead in part}
            held = {kinship: await self._held(kinship, keys, part) for kinship in Kinship}
            for lead in part:
                kin = _surest(lead, keys[lead.id], held)
                if kin is not None:
                    found[lead.id] = kin
        return found

    async def _held(
        self, kinship: Kinship, keys: Mapping[LeadId, ContactKeys], part: Sequence[Lead]
    ) -> dict[tuple[str, str], list[tuple[LeadId, RepId]]]:
        """Return, by market and key, leads that a rep has and that were not lost: the newest assignment first."""
        wanted = {key for lead_keys in keys.values() if (key := getattr(lead_keys, kinship.value)) is not None}
        if not wanted:
            return {}
        column = _KEYS[kinship]
        lost = exists().where(outcomes.c.lead_id == leads.c.id, outcomes.c.kind != OutcomeKind.WON.value)
        statement = (
            select(leads.c.market, column, leads.c.id, assignments.c.rep_id)
            .join(assignments, assignments.c.lead_id == leads.c.id)
            .where(
                column.in_(wanted),
                leads.c.market.in_({lead.market for lead in part}),
                assignments.c.rep_id.is_not(None),
                ~superseded(),
                ~lost,
            )
            .order_by(assignments.c.at.desc(), assignments.c.seq.desc())
            .limit(MOST_KIN)
        )
        found: dict[tuple[str, str], list[tuple[LeadId, RepId]]] = {}
        async with self.database.reading() as connection:
            for market, key, lead_id, rep_id in await connection.execute(statement):
                found.setdefault((market, key), []).append((LeadId(lead_id), RepId(rep_id)))
        return found


def _surest(
    lead: Lead,
    keys: ContactKeys,
    held: Mapping[Kinship, Mapping[tuple[str, str], Sequence[tuple[LeadId, RepId]]]],
) -> Kin | None:
    for kinship in Kinship:
        key = getattr(keys, kinship.value)
        others = [each for each in held[kinship].get((lead.market, key), ()) if each[0] != lead.id] if key else []
        # A company that several reps have leads of is nobody's account; such a domain may be no company at all.
        if others and (kinship is not Kinship.DOMAIN or len({rep_id for _, rep_id in others}) == 1):
            lead_id, rep_id = others[0]
            return Kin(lead_id=lead_id, rep_id=rep_id, kinship=kinship)
    return None
