"""What a course of a period comes to: wins, value, who waited and how even it was. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domain.people import Rep
from domain.values import RepId
from tools.matching.affinities.drawing import EffectDraws
from tools.matching.affinities.kinds import LeadKind, kind_of
from tools.matching.affinities.model import shift_probability
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.flow import POOL
from tools.matching.replay.course import Course
from tools.matching.replay.period import Period
from tools.matching.what_if import gini

ELSEWHERE = -2
"""Stands for a rep who is not of this floor any more."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class PeriodTotals:
    """A period in totals.

    Attributes:
        expected_wins: Sum of the chances of the leads that somebody got.
        expected_value: Sum of chance times value of a win; leads of unknown value count as the mean of the period. None
            where no value is known.
        never_served: Leads that nobody got within the period.
        mean_hours_waited: Over all leads; those that nobody got waited until they were gone, or the period was over.
        p95_hours_waited: One lead in twenty waited longer.
        overdue: Leads that waited beyond their deadline.
        gini: Of the parts of their capacity that active reps had in use, on average over the period, leads included that
            they had before; in [0, 1).
        leads_by_rep: Leads that each rep got; those who got none are absent.
    """

    expected_wins: float
    expected_value: float | None
    never_served: int
    mean_hours_waited: float
    p95_hours_waited: float
    overdue: int
    gini: float
    leads_by_rep: Mapping[RepId, int]


@dataclass(frozen=True)
class Stakes:
    """What each lead of a period is worth in each rep's hands, by the model of its first moment.

    Attributes:
        p_convert: Shape (n_leads,). Chance, whoever takes it.
        value: Shape (n_leads,). What a win is worth, unknown ones at the mean; None where no value is known.
        kind: Shape (n_leads,). Column of the shifts that each lead belongs to.
        shift: Shape (n_reps, n_kinds). Log-odds.
        unknown: What is not known of them.
    """

    p_convert: FloatVector
    value: FloatVector | None
    kind: IntVector
    shift: FloatMatrix
    unknown: EffectDraws

    @classmethod
    def of(cls, period: Period) -> "Stakes":
        """Ask the model of a period about all its pairs."""
        order: dict[LeadKind, int] = {}
        kind = [order.setdefault(kind_of(each.lead), len(order)) for each in period.arrivals]
        kinds, reps = list(order), period.floor.reps
        known = [each.value for each in period.arrivals if each.value is not None]
        value = None
        if known:
            typical = float(np.mean(known))
            value = np.array([typical if each.value is None else each.value for each in period.arrivals])
        model = period.floor.model
        return cls(
            p_convert=np.array([each.p_convert for each in period.arrivals], dtype=np.float64),
            value=value,
            kind=np.array(kind, dtype=np.int64),
            shift=sum(model.shifts(reps, kinds).values(), np.zeros((len(reps), len(kinds)))),
            unknown=model.effect_draws(reps, kinds),
        )

    def chance(self, rep: IntVector) -> FloatVector:
        """Return the chance of each lead in the hands of its rep, 0 in the pool. Shape (n_leads,)."""
        known = rep >= 0
        shift = np.zeros(len(rep))
        shift[known] = self.shift[rep[known], self.kind[known]]
        return np.where(rep == POOL, 0.0, shift_probability(self.p_convert, shift))


def course_of_reality(period: Period) -> Course:
    """Return how a period was really handed out: who had each lead at its end, and how long it waited for its first rep."""
    index = {rep.id: i for i, rep in enumerate(period.floor.reps)}
    rep = [POOL if a.rep_id is None else index.get(a.rep_id, ELSEWHERE) for a in period.arrivals]
    given = [np.nan if a.given_at is None else (a.given_at - period.since) / _HOUR for a in period.arrivals]
    until = [a.given_at or min(a.gone_at or period.until, period.until) for a in period.arrivals]
    waited = [max(0.0, (end - a.at) / _HOUR) for a, end in zip(period.arrivals, until, strict=True)]
    return Course(np.array(rep, dtype=np.int64), np.array(waited), np.array(given))


def add_up(course: Course, period: Period, reps: Sequence[Rep], stakes: Stakes, *, patience: timedelta) -> PeriodTotals:
    """Add up what a course comes to.

    Args:
        course: Who got what.
        period: The period.
        reps: The reps of its floor, in the same order, with the capacities of this course.
        stakes: What the pairs are worth.
        patience: How long a lead without a deadline of its own may wait.
    """
    chance = stakes.chance(course.rep)
    allowed = [(patience if a.due_at is None else a.due_at - a.at) / _HOUR for a in period.arrivals]
    had = np.bincount(course.rep[course.rep >= 0], minlength=len(reps))
    load = _mean_load(course, period)
    parts = [load[i] / rep.capacity for i, rep in enumerate(reps) if rep.active and rep.capacity]
    hours = course.hours_waited
    return PeriodTotals(
        expected_wins=float(chance.sum()),
        expected_value=None if stakes.value is None else float(chance @ stakes.value),
        never_served=int((course.rep == POOL).sum()),
        mean_hours_waited=float(hours.mean()) if len(hours) else 0.0,
        p95_hours_waited=float(np.quantile(hours, 0.95)) if len(hours) else 0.0,
        overdue=int((hours > np.array(allowed)).sum()),
        gini=gini(np.array(parts, dtype=np.float64)),
        leads_by_rep={rep.id: int(n) for rep, n in zip(reps, had, strict=True) if n},
    )


def _mean_load(course: Course, period: Period) -> FloatVector:
    """Return how many leads each rep had at once, on average over the period. Shape (n_reps,)."""
    length = (period.until - period.since) / _HOUR
    index = {rep.id: i for i, rep in enumerate(period.floor.reps)}
    hours = np.zeros(len(index))
    for held in period.held:
        if held.rep_id in index:
            end = length if held.until is None else (held.until - period.since) / _HOUR
            hours[index[held.rep_id]] += min(max(end, 0.0), length)
    stays = np.array([np.inf if a.stays is None else a.stays / _HOUR for a in period.arrivals])
    given = np.maximum(course.given_hour, 0.0)
    known = (course.rep >= 0) & np.isfinite(given)
    taken = np.minimum(stays, length - given)[known]
    hours += np.bincount(course.rep[known], weights=np.maximum(taken, 0.0), minlength=len(index))
    return hours / length
