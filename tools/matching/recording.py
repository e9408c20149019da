"""A match as a recorded decision, and back. Pure: no clock, no I/O; decides nothing."""

from collections.abc import Sequence

from domain.decisions import Decision, DecisionKind, decision_id
from domain.matches import Candidate, Exclusion, Match
from domain.people import Rep
from domain.values import DecisionId, LeadId, RepId, content_hash


def match_decision_id(lead_id: LeadId, key: str) -> DecisionId:
    """Name the decision about a lead under a key. The key alone names it, so a retry finds what was decided."""
    return decision_id(DecisionKind.MATCH, lead_id, "", key)


def record_match(match: Match, *, score_decision: DecisionId, open_leads: Sequence[int]) -> Decision:
    """Turn a match into the decision to record.

    Args:
        match: What was decided.
        score_decision: The decision behind the lead's probability.
        open_leads: Open leads of all reps of the market at that moment, in order of rep id.
    """
    return Decision(
        id=match.decision_id,
        kind=DecisionKind.MATCH,
        subject_id=match.lead_id,
        at=match.as_of,
        inputs_hash=content_hash(match.lead_id, score_decision, match.model_version, list(open_leads)),
        versions={"affinity": match.model_version, "score": score_decision},
        chosen=match.rep_id,
        considered=tuple(candidate.model_dump() for candidate in match.considered),
        excluded=tuple(exclusion.model_dump() for exclusion in match.excluded),
        reasons=(match.reason,) if match.no_signal is None else (match.reason, match.no_signal),
    )


def recall_match(decision: Decision, rep: Rep | None) -> Match:
    """Rebuild a match from its decision.

    Args:
        decision: A decision made by `record_match`.
        rep: The rep chosen, for his name; None when nobody was.
    """
    considered = tuple(Candidate.model_validate(row) for row in decision.considered)
    chances = {candidate.rep_id: candidate.p_convert for candidate in considered}
    return Match(
        lead_id=LeadId(decision.subject_id),
        rep_id=RepId(decision.chosen) if decision.chosen else None,
        rep_name=rep.name if rep else None,
        p_convert=chances.get(RepId(decision.chosen)) if decision.chosen else None,
        reason=decision.reasons[0],
        considered=considered,
        excluded=tuple(Exclusion.model_validate(row) for row in decision.excluded),
        no_signal=decision.reasons[1] if len(decision.reasons) > 1 else None,
        model_version=decision.versions["affinity"],
        as_of=decision.at,
        decision_id=decision.id,
    )
