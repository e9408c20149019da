"""A past period handed out again under a draft of other rules, beside the present ones and what really was. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.routing import RoutingPolicy
from domain.values import Market
from tools.matching.replay.choosers import Planner
from tools.matching.replay.course import STEP, Course, OnStep, hand_out
from tools.matching.replay.difference import LEVEL, Gain, compare_courses
from tools.matching.replay.period import Period
from tools.matching.replay.totals import PeriodTotals, Stakes, add_up, course_of_reality
from tools.matching.replay.wording import summarise_replay
from tools.matching.what_if import FloorChange


@dataclass(frozen=True)
class Replay:
    """A period handed out three times: as it really was, under the present rules, and under the draft.

    All chances are of one model, learned from what was known when the period began.

    Attributes:
        market: The market.
        since: First moment of the period.
        until: Its end, exclusive.
        step_hours: Length of a step; leads of one step were handed out together.
        leads: Leads that needed a rep.
        real: As they were really handed out.
        present: Under the present rules, with the reps there are now.
        draft: Under the draft.
        won: Leads that were really won by the end of the period.
        still_open: Leads that were still open then.
        moved: Leads that somebody else, or nobody, has under the draft than under the present rules.
        wins: How many more wins the draft promises than the present rules.
        value: How much more value; None where no value is known.
        no_signal: Why rep history adds nothing, if so.
        summary: The difference in a sentence.
    """

    market: Market
    since: datetime
    until: datetime
    step_hours: float
    leads: int
    real: PeriodTotals
    present: PeriodTotals
    draft: PeriodTotals
    won: int
    still_open: int
    moved: int
    wins: Gain
    value: Gain | None
    no_signal: str | None
    summary: str


def replay_period(
    period: Period,
    change: FloorChange,
    policy: RoutingPolicy,
    *,
    rng: np.random.Generator,
    step: timedelta = STEP,
    level: float = LEVEL,
    on_step: OnStep | None = None,
) -> Replay:
    """Hand a period out again, under the present rules and under a draft, and compare.

    Args:
        period: The period.
        change: The draft: who leaves, whose capacity changes, which rules are others.
        policy: The present rules.
        rng: Source of randomness of the interval; nothing is explored.
        step: Leads of one step are handed out together.
        level: Of the interval, in (0, 1).
        on_step: Told how much of the work is done.

    Raises:
        InvalidInputError: If no lead needed a rep in the period, the change names a rep who is not of this floor, or
            step or level is out of range.
    """
    changed = change.applied_to(period.floor.reps)
    period.require_leads()
    rules = change.policy or policy
    present = plan_course(period, FloorChange(), policy, step=step, on_step=_part(on_step, 0.0))
    draft = plan_course(period, change, policy, step=step, on_step=_part(on_step, 0.5))
    real = course_of_reality(period)
    stakes, reps = Stakes.of(period), period.floor.reps
    wins, value = compare_courses(stakes, present.rep, draft.rep, rng=rng, level=level)
    totals = [
        add_up(course, period, team, stakes, patience=_patience(each))
        for course, team, each in ((real, reps, policy), (present, reps, policy), (draft, changed, rules))
    ]
    moved = int((present.rep != draft.rep).sum())
    return Replay(
        market=period.market,
        since=period.since,
        until=period.until,
        step_hours=step / timedelta(hours=1),
        leads=len(period.arrivals),
        real=totals[0],
        present=totals[1],
        draft=totals[2],
        won=sum(each.won is True for each in period.arrivals),
        still_open=sum(each.won is None for each in period.arrivals),
        moved=moved,
        wins=wins,
        value=value,
        no_signal=period.floor.model.no_signal,
        summary=summarise_replay(
            period, totals[1], totals[2], wins, moved=moved, silent=period.floor.model.no_signal is not None
        ),
    )


def plan_course(
    period: Period,
    change: FloorChange,
    policy: RoutingPolicy,
    *,
    step: timedelta = STEP,
    on_step: OnStep | None = None,
) -> Course:
    """Hand a period out as the matcher would after a change, without exploring.

    Args:
        period: The period.
        change: What is changed.
        policy: The present rules.
        step: Leads of one step are handed out together.
        on_step: Told how much is done.

    Raises:
        InvalidInputError: If the change names a rep who is not of this floor, or the step is out of range.
    """
    rules = change.policy or policy
    reps = change.applied_to(period.floor.reps)
    return hand_out(period, reps, Planner(rules), patience=_patience(rules), step=step, on_step=on_step)


def _patience(policy: RoutingPolicy) -> timedelta:
    return timedelta(seconds=policy.pool_deadline_s)


def _part(on_step: OnStep | None, begin: float) -> OnStep | None:
    """Report one of two equal parts of the work."""
    return None if on_step is None else lambda done: on_step(begin + done / 2)
