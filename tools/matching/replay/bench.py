"""Tries rules on a period, each once. Pure: no clock, no I/O; recommends nothing."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from domain.routing import RoutingPolicy
from tools.matching.replay.choosers import InTurn
from tools.matching.replay.course import Course, hand_out
from tools.matching.replay.difference import Gain, compare_courses
from tools.matching.replay.period import Period
from tools.matching.replay.replaying import plan_course
from tools.matching.replay.totals import PeriodTotals, Stakes, add_up
from tools.matching.what_if import FloorChange

OnTrial = Callable[[int, int], None]
"""Told how many replays are done, and of how many."""


class Bench:
    """Replays a period under rules, each once."""

    def __init__(
        self, period: Period, policy: RoutingPolicy, step: timedelta, n_replays: int, on_trial: OnTrial | None
    ) -> None:
        self.stakes = Stakes.of(period)
        self._period, self._policy, self._step = period, policy, step
        self._n_replays, self._on_trial, self._done = n_replays, on_trial, 0
        self._patience = timedelta(seconds=policy.pool_deadline_s)
        self._courses: dict[RoutingPolicy, Course] = {}

    def try_rules(self, rules: RoutingPolicy) -> PeriodTotals:
        """Say what the period comes to under rules."""
        return self._total(self._course(rules))

    def in_turn(self) -> PeriodTotals:
        """Say what it comes to when leads go round the reps in turn."""
        reps = self._period.floor.reps
        turns = hand_out(self._period, reps, InTurn(self._policy), patience=self._patience, step=self._step)
        self._count()
        return self._total(turns)

    def worth(self, totals: PeriodTotals) -> float:
        """Return what is searched for: expected value, or wins where no value is known."""
        return totals.expected_wins if totals.expected_value is None else totals.expected_value

    def gain(self, before: RoutingPolicy, after: RoutingPolicy, *, rng: np.random.Generator, level: float) -> Gain:
        """Say how much more some rules bring than others, and how sure that is."""
        reps = (self._course(before).rep, self._course(after).rep)
        wins, value = compare_courses(self.stakes, *reps, rng=rng, level=level)
        return value or wins

    def _course(self, rules: RoutingPolicy) -> Course:
        if rules not in self._courses:
            self._courses[rules] = plan_course(self._period, FloorChange(), rules, step=self._step)
            self._count()
        return self._courses[rules]

    def _total(self, course: Course) -> PeriodTotals:
        return add_up(course, self._period, self._period.floor.reps, self.stakes, patience=self._patience)

    def _count(self) -> None:
        self._done += 1
        if self._on_trial is not None:
            self._on_trial(min(self._done, self._n_replays), self._n_replays)
