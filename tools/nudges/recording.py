"""A nudge as a recorded decision, back, and replayed. Pure: no clock, no I/O; decides nothing new."""

from datetime import datetime

import numpy as np

from domain.decisions import Decision, DecisionKind, decision_id
from domain.nudges import Nudge, NudgeAction, NudgeExclusion, NudgeOption
from domain.values import DecisionId, LeadId, content_hash
from tools.nudges.planning import NudgePlan
from tools.nudges.policy import Arm, choose_propensities, draw_action


def nudge_decision_id(lead_id: LeadId, key: str) -> DecisionId:
    """Name the decision about a lead under a key. The key alone names it, so a retry finds what was decided."""
    return decision_id(DecisionKind.NUDGE, lead_id, "", key)


def rng_of(decision: DecisionId) -> np.random.Generator:
    """Return the randomness of a decision: the same name gives the same draws in every process."""
    return np.random.default_rng(int(content_hash("nudge draw", decision), 16))


def record_nudge(plan: NudgePlan, *, score_decision: DecisionId, exploration: float, at: datetime) -> Decision:
    """Turn a plan into the decision to record, with everything that a replay needs.

    Args:
        plan: What was planned.
        score_decision: The decision behind the lead's temperature.
        exploration: Part of the choice that was uniform.
        at: The moment of decision.
    """
    nudge = plan.nudge
    beliefs = [{"replies": arm.replies, "silences": arm.silences, "lever": arm.lever} for arm in plan.arms]
    considered = [option.model_dump() | belief for option, belief in zip(nudge.considered, beliefs, strict=True)]
    for row in considered:
        if row["action_id"] == nudge.action.id:
            row |= {"action": nudge.action.model_dump(mode="json"), "send_at": nudge.send_at.isoformat()}
    excluded = tuple(exclusion.model_dump() for exclusion in nudge.excluded)
    return Decision(
        id=nudge.decision_id,
        kind=DecisionKind.NUDGE,
        subject_id=nudge.lead_id,
        at=at,
        inputs_hash=content_hash(nudge.lead_id, score_decision, nudge.policy_version, beliefs, excluded),
        versions={"policy": nudge.policy_version, "score": score_decision, "exploration": repr(exploration)},
        chosen=nudge.action.id,
        propensity=nudge.propensity,
        considered=tuple(considered),
        excluded=excluded,
        reasons=(nudge.reason,),
    )


def recall_nudge(decision: Decision) -> Nudge:
    """Rebuild a nudge from a decision made by `record_nudge`."""
    chosen = next(row for row in decision.considered if row["action_id"] == decision.chosen)
    option_fields = NudgeOption.model_fields
    return Nudge(
        lead_id=LeadId(decision.subject_id),
        action=NudgeAction.model_validate(chosen["action"]),
        send_at=datetime.fromisoformat(chosen["send_at"]),
        propensity=chosen["propensity"],
        considered=tuple(
            NudgeOption.model_validate({name: row[name] for name in option_fields}) for row in decision.considered
        ),
        excluded=tuple(NudgeExclusion.model_validate(row) for row in decision.excluded),
        reason=decision.reasons[0],
        policy_version=decision.versions["policy"],
        decision_id=decision.id,
    )


def replay_nudge(decision: Decision) -> tuple[str, dict[str, float]]:
    """Decide again from what was recorded.

    Returns:
        The action that the recorded beliefs and the decision's own randomness choose, and the propensity of every
        action. Equal to the recorded ones, or the record or the method has changed.
    """
    arms = [Arm(row["action_id"], row["replies"], row["silences"], row["lever"]) for row in decision.considered]
    propensities = choose_propensities(arms, exploration=float(decision.versions["exploration"]))
    chosen = arms[draw_action(propensities, rng_of(decision.id))].action_id
    return chosen, {arm.action_id: float(p) for arm, p in zip(arms, propensities, strict=True)}
