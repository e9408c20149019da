"""The course of a period: its leads handed out step by step on the floor as it would have been. Pure: no clock, no I/O."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from domain.errors import InvalidInputError
from domain.people import Rep
from domain.values import DecisionId
from tools.matching.arrays import BoolVector, FloatVector, IntVector
from tools.matching.batch import Floor, Request
from tools.matching.eligibility import exclude_absent
from tools.matching.flow import POOL
from tools.matching.replay.choosers import Chooser
from tools.matching.replay.period import Period
from tools.matching.replay.presence import PresenceCalendar
from tools.matching.replay.qualifications import Qualifications
from tools.matching.replay.waiting import WaitingRoom

STEP = timedelta(hours=1)

_HOUR = timedelta(hours=1)

OnStep = Callable[[float], None]
"""Told how much of the work is done, in [0, 1]."""


@dataclass(frozen=True)
class Course:
    """What became of the leads of a period.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep; `POOL` where nobody got it.
        hours_waited: Shape (n_leads,), >= 0. Until somebody had it; until it was gone or the period ended where nobody
            did. The step that it came in does not count: the matcher answers at once.
        given_hour: Shape (n_leads,). Hours from the beginning of the period until somebody had it; NaN where nobody did.
    """

    rep: IntVector
    hours_waited: FloatVector
    given_hour: FloatVector


def hand_out(
    period: Period,
    reps: Sequence[Rep],
    chooser: Chooser,
    *,
    patience: timedelta,
    step: timedelta = STEP,
    on_step: OnStep | None = None,
) -> Course:
    """Hand the leads of a period out again, in order of time.

    A batch is what came within a step, and what waits if a place came free or somebody came or went since; otherwise
    nobody could take it now either. Where more than `MOST_AT_ONCE` wait, further batches follow in the same step. A rep
    who gets a lead has it for as long as it really took up a place.

    Args:
        period: The period.
        reps: The reps of its floor, in the same order; capacities and who is active may differ.
        chooser: Chooses reps for each batch.
        patience: How long after its first batch a lead without a deadline of its own must have somebody.
        step: Length of a step.
        on_step: Told how much is done.

    Raises:
        InvalidInputError: If the step is not longer than nothing.
    """
    if step <= timedelta(0):
        raise InvalidInputError("step", str(step), "must be longer than nothing")
    run = _Run(period, reps, chooser, patience)
    for now, arrived in _steps(period, step):
        run.advance(now, arrived)
        if on_step is not None:
            on_step((now - period.since) / (period.until - period.since))
    return run.finish()


def _steps(period: Period, step: timedelta) -> Iterator[tuple[datetime, list[int]]]:
    """Go through the ends of steps, each with the leads that came within it, the earliest first."""
    arrivals = period.arrivals
    coming = deque(sorted(range(len(arrivals)), key=lambda i: (arrivals[i].at, arrivals[i].id)))
    now = period.since
    while now < period.until:
        now = min(now + step, period.until)
        arrived = []
        while coming and arrivals[coming[0]].at <= now:
            arrived.append(coming.popleft())
        yield now, arrived


class _Run:
    """The floor while a period passes."""

    def __init__(self, period: Period, reps: Sequence[Rep], chooser: Chooser, patience: timedelta) -> None:
        self._period, self._reps, self._chooser = period, tuple(reps), chooser
        self._room = WaitingRoom(period.arrivals, patience)
        self._calendar = PresenceCalendar(period.presence)
        self._rep = np.full(len(period.arrivals), POOL, dtype=np.int64)
        self._hours = np.zeros(len(period.arrivals))
        self._given = np.full(len(period.arrivals), np.nan)
        self._load = np.zeros(len(self._reps), dtype=np.int64)
        self._capacity = np.array([rep.capacity if rep.active else 0 for rep in self._reps], dtype=np.int64)
        self._ends: list[tuple[datetime, int]] = []
        self._qualified = Qualifications(self._reps, period.floor.products)
        index = {rep.id: i for i, rep in enumerate(self._reps)}
        for held in period.held:
            if held.rep_id in index:
                self._occupy(index[held.rep_id], held.until)

    def advance(self, now: datetime, arrived: Sequence[int]) -> None:
        """Let time pass until a moment, and hand out what can be handed out then."""
        presence, moved = self._calendar.at(now)
        if self._free(now) or moved:
            self._room.look_again()
        for i in arrived:
            self._room.note(i, now)
        fresh = [i for i in arrived if not self._room.is_gone(i, now) and self._may(i).any()]
        absent = exclude_absent(presence)
        there = np.array([rep.id not in absent for rep in self._reps], dtype=np.bool_)
        floor = replace(self._period.floor, reps=self._reps, availability=presence)
        while (place := there & (self._load < self._capacity)).any():
            # Who cannot be taken now costs nothing, and keeps nobody else waiting.
            has_chance = partial(self._has_chance, place=place)
            able = [i for i in fresh if has_chance(i)]
            self._room.put(i for i in fresh if not has_chance(i))
            fresh = []
            batch = [*self._room.take(now, has_chance), *able]
            if not batch:
                return
            self._hand_out(batch, floor, now)
        self._room.put(fresh)

    def _hand_out(self, batch: Sequence[int], floor: Floor, now: datetime) -> None:
        load = {rep.id: int(n) for rep, n in zip(self._reps, self._load, strict=True)}
        requests = [self._request(i, now) for i in batch]
        chosen = self._chooser.choose(requests, replace(floor, open_leads=load), now=now).tolist()
        self._room.put(i for i, rep in zip(batch, chosen, strict=True) if rep == POOL)
        for i, rep in zip(batch, chosen, strict=True):
            if rep != POOL:
                self._give(i, rep, now)

    def finish(self) -> Course:
        """Say what became of every lead."""
        for i in np.flatnonzero(self._rep == POOL).tolist():
            gone_at = self._period.arrivals[i].gone_at
            self._wait(i, self._period.until if gone_at is None else min(gone_at, self._period.until))
        return Course(self._rep, self._hours, self._given)

    def _free(self, now: datetime) -> bool:
        """Free the places of leads that have ended; say whether there were any."""
        freed = False
        while self._ends and self._ends[0][0] <= now:
            self._load[heapq.heappop(self._ends)[1]] -= 1
            freed = True
        return freed

    def _occupy(self, rep: int, until: datetime | None) -> None:
        self._load[rep] += 1
        if until is not None:
            heapq.heappush(self._ends, (until, rep))

    def _give(self, lead: int, rep: int, now: datetime) -> None:
        stays = self._period.arrivals[lead].stays
        self._rep[lead], self._given[lead] = rep, (now - self._period.since) / _HOUR
        self._occupy(rep, None if stays is None else now + stays)
        self._wait(lead, now)

    def _wait(self, lead: int, until: datetime) -> None:
        self._hours[lead] = self._room.waited(lead, until, since=self._period.since) / _HOUR

    def _has_chance(self, lead: int, *, place: BoolVector) -> bool:
        """Say whether somebody with a place may take a lead. `place` has shape (n_reps,)."""
        return bool((self._may(lead) & place).any())

    def _may(self, lead: int) -> BoolVector:
        return self._qualified.of(self._period.arrivals[lead].lead)

    def _request(self, lead: int, now: datetime) -> Request:
        arrival = self._period.arrivals[lead]
        return Request(
            lead=arrival.lead,
            p_convert=arrival.p_convert,
            value=arrival.value,
            owner=None,
            excluded=frozenset(),
            decision_id=DecisionId(f"replay-{arrival.id}"),
            due_at=self._room.due(lead, now),
            hot=arrival.hot,
        )
