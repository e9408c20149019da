"""The next best action for a lead. Pure: everything it needs is an argument; records and sends nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.nudges import WAIT, Nudge, NudgeExclusion, NudgeOption
from domain.values import DecisionId
from tools.nudges.catalogue import Catalogue
from tools.nudges.contacts import freshness
from tools.nudges.eligibility import WEEK, Option, Situation, find_options
from tools.nudges.policy import METHOD, Arm, choose_propensities, draw_action


@dataclass(frozen=True)
class NudgePlan:
    """A nudge with the beliefs behind it. `arms` are in the order of `nudge.considered`."""

    nudge: Nudge
    arms: tuple[Arm, ...]


def plan_nudge(
    situation: Situation,
    catalogue: Catalogue,
    counts: Mapping[str, tuple[int, int]],
    *,
    decision_id: DecisionId,
    rng: np.random.Generator,
) -> NudgePlan:
    """Choose among the eligible actions, `wait` among them, each with a known probability.

    Args:
        situation: What is known about the lead.
        catalogue: What its market allows.
        counts: (replies, silences) so far, per action id.
        decision_id: Name of the decision.
        rng: Source of randomness; advanced by one draw.
    """
    options, excluded = find_options(situation, catalogue)
    arms = tuple(_arm(option, situation, catalogue, counts) for option in options)
    propensities = choose_propensities(arms, exploration=catalogue.exploration)
    index = draw_action(propensities, rng)
    chosen = options[index]
    nudge = Nudge(
        lead_id=situation.lead.id,
        action=chosen.entry.action,
        send_at=chosen.send_at,
        propensity=float(propensities[index]),
        considered=tuple(
            NudgeOption(action_id=arm.action_id, propensity=float(p), expected_gain=arm.expected_gain)
            for arm, p in zip(arms, propensities, strict=True)
        ),
        excluded=excluded,
        reason=_reason(chosen, arms[index], situation, counts, excluded, len(options)),
        policy_version=f"{METHOD}-{catalogue.version}",
        decision_id=decision_id,
    )
    return NudgePlan(nudge, arms)


def _arm(option: Option, situation: Situation, catalogue: Catalogue, counts: Mapping[str, tuple[int, int]]) -> Arm:
    """Put together prior, results so far, and how tired the lead is of us; waiting tires nobody."""
    action_id = option.entry.action.id
    replies, silences = counts.get(action_id, (0, 0))
    prior_replies, prior_silences = option.entry.prior
    lever = 1.0
    if action_id != WAIT:
        lever = freshness(situation.contacts, catalogue.fatigue, now=option.send_at)
    return Arm(action_id, prior_replies + replies, prior_silences + silences, lever)


def _reason(
    chosen: Option,
    arm: Arm,
    situation: Situation,
    counts: Mapping[str, tuple[int, int]],
    excluded: Sequence[NudgeExclusion],
    n_options: int,
) -> str:
    action = chosen.entry.action
    if situation.outcome is not None:
        return f"Nothing to do: the lead is {situation.outcome.kind.value}."
    if n_options == 1:
        rules = ", ".join(sorted({exclusion.rule for exclusion in excluded}))
        return f"{action.label}: no other action is allowed now ({rules}). Look again in {action.wait_hours:g} h."
    replies, silences = counts.get(action.id, (0, 0))
    learned = f"{replies} of {replies + silences} answered so far" if replies + silences else "not tried yet"
    recent = sum(situation.now - contact.at < WEEK for contact in situation.contacts)
    if action.id == WAIT:
        return (
            f"{action.label} {action.wait_hours:g} h: {recent} contacts in the last week; "
            f"waiting was best of {n_options} options in this draw."
        )
    return (
        f"{action.label}: {arm.expected_gain:.0%} likely to be answered ({learned}); "
        f"{recent} contacts in the last week{_postponed(chosen.send_at, situation.now)}."
    )


def _postponed(send_at: datetime, now: datetime) -> str:
    return "; waits for contact hours" if send_at - now > timedelta(0) else ""
