"""Matches from numbers: what was chosen for a batch, as domain values with reasons. Pure: chooses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.matches import Candidate, Exclusion, Match
from domain.people import Rep
from domain.routing import PoolEntry, RoutingPolicy
from domain.values import LeadId, ProductId, RepId
from tools.matching.arrays import BoolVector, FloatVector, IntVector
from tools.matching.batch import Request
from tools.matching.book import Book
from tools.matching.choosing import Choice, Held
from tools.matching.flow import POOL
from tools.matching.network import explain_path
from tools.matching.wording import explain_choice, explain_keeping, explain_place, explain_pooling, summarise

SHOWN = 10
"""Candidates listed in a match; the chosen rep is always among them."""


@dataclass(frozen=True)
class Chosen:
    """What became of every lead of a batch.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep, or `POOL`.
        kept: Shape (n_leads,). Whether it stays with its owner.
        propensity: Shape (n_leads,). Chance that this way of planning gives the lead to this rep.
        unexplored: Shape (n_leads,). Index of the rep whom the plan on the mean gives the lead, or `POOL`.
        takes_over: Which held place a lead takes over, by index.
        held_ids: The leads that hold those places.
    """

    rep: IntVector
    kept: BoolVector
    propensity: FloatVector
    unexplored: IntVector
    takes_over: dict[int, int]
    held_ids: tuple[LeadId, ...]

    @classmethod
    def of(cls, choice: Choice, held: Held, *, owner: IntVector, rows: IntVector, vip: BoolVector) -> "Chosen":
        """Put the choice for some leads beside the leads that stay with their owner."""
        rep, propensity = owner.copy(), np.ones(len(owner))
        unexplored = owner.copy()
        rep[rows], unexplored[rows] = choice.rep, choice.proof.rep
        if choice.propensity is not None:
            propensity[rows] = choice.propensity
        takes_over: dict[int, int] = {}
        for place in np.flatnonzero(choice.displaced):
            taking = [row for row in rows if vip[row] and rep[row] == held.rep[place] and row not in takes_over]
            takes_over[int(taking[0])] = int(place)
        return cls(rep, owner != POOL, propensity, unexplored, takes_over, held.lead_ids)


def describe(book: Book, chosen: Chosen, *, now: datetime) -> tuple[Match, ...]:
    """Return one match per lead, in order.

    Args:
        book: The batch in numbers.
        chosen: What became of every lead.
        now: The moment of decision.
    """
    shown, place, able = book.rank(chosen.rep, SHOWN)
    sizes = [len(reps) for reps in shown]
    pairs = np.concatenate([np.zeros(0, dtype=np.int64), *shown])
    candidates = book.candidates(np.repeat(np.arange(len(shown)), sizes), pairs)
    ends = np.cumsum(sizes)
    records = _TrackRecords(book)
    matches = []
    for row, request in enumerate(book.requests):
        considered = tuple(candidates[ends[row] - sizes[row] : ends[row]])
        rep = book.floor.reps[chosen.rep[row]] if chosen.rep[row] != POOL else None
        excluded = book.verdicts[row].exclusions
        if rep is None:
            reason = explain_pooling(excluded, n_eligible=int(able[row]))
            matches.append(_match(book, request, None, considered, excluded, reason, None, now))
            continue
        mine = next(each for each in considered if each.rep_id == rep.id)
        if rep.id in book.verdicts[row].by_rep:
            excluded = tuple(each for each in excluded if each.rep_id != rep.id)
        if row in chosen.takes_over:
            taken = mine.model_copy(update={"displaces": chosen.held_ids[chosen.takes_over[row]]})
            considered = tuple(taken if each is mine else each for each in considered)
            mine = taken
        if chosen.kept[row]:
            reason = explain_keeping(rep, p_convert=mine.p_convert)
        else:
            reason = explain_choice(
                rep,
                records.of(rep, request.lead.product_id),
                p_convert=mine.p_convert,
                open_leads=book.floor.open_leads.get(rep.id, 0),
                place=int(place[row]),
                n_eligible=int(able[row]),
                displaces=mine.displaces,
                explored=bool(chosen.rep[row] != chosen.unexplored[row]),
                off_duty=mine.terms.get("off_duty", 0.0) < 0,
            )
        propensity = float(chosen.propensity[row])
        plain = _rep_id(book, chosen.unexplored[row])
        match = _match(book, request, (rep, mine), considered, excluded, reason, propensity, now, plain)
        matches.append(match)
    return tuple(matches)


def pool_entries(
    requests: Sequence[Request], matches: Sequence[Match], policy: RoutingPolicy, *, now: datetime
) -> tuple[PoolEntry, ...]:
    """Return who answers, and until when, for each lead that nobody can take now.

    The deadline is the lead's own where that comes first and is not over yet.
    """
    latest = now + timedelta(seconds=policy.pool_deadline_s)
    return tuple(
        PoolEntry(
            lead_id=match.lead_id,
            market=request.lead.market,
            since=now,
            deadline=min(latest, request.due_at) if request.due_at and request.due_at > now else latest,
            owner=policy.pool_owner,
            reason=match.reason,
            decision_id=match.decision_id,
        )
        for request, match in zip(requests, matches, strict=True)
        if match.rep_id is None
    )


def summary_of(book: Book, matches: Sequence[Match], *, n_kept: int) -> str:
    """Say what became of the batch, how near the best it is, and whose next place is worth most."""
    proof, reps = book.proof, book.floor.reps
    order = proof.one_more + proof.serves_more * proof.penalty
    dearest = int(order.argmax()) if len(reps) else -1
    scarce = dearest >= 0 and order[dearest] > 0
    sentence = (
        explain_place(
            reps[dearest].name,
            float(proof.one_more[dearest]),
            serves_more=bool(proof.serves_more[dearest]),
            unit=book.unit,
        )
        if scarce
        else None
    )
    return summarise(
        n_leads=len(matches),
        n_kept=n_kept,
        n_waiting=sum(match.rep_id is None for match in matches),
        expected_wins=sum(match.p_convert for match in matches if match.p_convert is not None),
        gap=proof.gap,
        dearest=sentence,
    )


class _TrackRecords:
    """What history shows about reps, told once per rep and product."""

    def __init__(self, book: Book) -> None:
        self._floor = book.floor
        self._told: dict[tuple[RepId, ProductId | None], str | None] = {}

    def of(self, rep: Rep, product_id: ProductId | None) -> str | None:
        key = (rep.id, product_id)
        if key not in self._told:
            product = self._floor.products.get(product_id) if product_id else None
            silent = self._floor.model.no_signal is not None
            self._told[key] = None if silent else explain_path(self._floor.network, rep, product)
        return self._told[key]


def _match(
    book: Book,
    request: Request,
    chosen: tuple[Rep, Candidate] | None,
    considered: tuple[Candidate, ...],
    excluded: tuple[Exclusion, ...],
    reason: str,
    propensity: float | None,
    now: datetime,
    unexplored: RepId | None = None,
) -> Match:
    """Build a match without validating it: its parts are valid, and leads share long lists of exclusions."""
    return Match.model_construct(
        lead_id=request.lead.id,
        rep_id=chosen[0].id if chosen else None,
        rep_name=chosen[0].name if chosen else None,
        p_convert=chosen[1].p_convert if chosen else None,
        reason=reason,
        considered=considered,
        excluded=excluded,
        no_signal=book.floor.model.no_signal,
        model_version=book.floor.model.version,
        as_of=now.astimezone(UTC),
        decision_id=request.decision_id,
        propensity=propensity,
        unexplored_rep_id=unexplored,
    )


def _rep_id(book: Book, rep: int) -> RepId | None:
    return book.floor.reps[rep].id if rep != POOL else None
