"""A match as a recorded decision, and back. Pure: no clock, no I/O; decides nothing."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from domain.decisions import Decision, DecisionKind, decision_id
from domain.matches import Candidate, Match
from domain.people import Rep
from domain.values import DecisionId, LeadId, RepId, content_hash
from tools.matching.exclusion_lists import ExclusionLists, group

_CANDIDATES = TypeAdapter(tuple[Candidate, ...])

_UNEXPLORED = "unexplored"
"""Among the versions of a decision: the rep whom the plan on the mean effects gave the lead."""


def match_decision_id(lead_id: LeadId, key: str) -> DecisionId:
    """Name the decision about a lead under a key. The key alone names it, so a retry finds what was decided."""
    return decision_id(DecisionKind.MATCH, lead_id, "", key)


def record_matches(
    matches: Sequence[Match], *, score_decisions: Sequence[DecisionId], open_leads: Sequence[int]
) -> list[Decision]:
    """Turn the matches of a batch into the decisions to record.

    Exclusions are recorded by rule and detail, each with all its reps; leads that exclude the same reps share the
    list. Decisions are built without validating them: matches are valid, and a batch has millions of exclusions.

    Args:
        matches: What was decided, on one floor.
        score_decisions: The decisions behind the leads' probabilities, in the same order.
        open_leads: Open leads of all reps of the market at that moment, in order of rep id.
    """
    load = content_hash(list(open_leads))
    shared: dict[int, tuple[dict[str, Any], ...]] = {}
    decisions = []
    for match, score in zip(matches, score_decisions, strict=True):
        if id(match.excluded) not in shared:
            shared[id(match.excluded)] = group(match.excluded)
        decisions.append(
            Decision.model_construct(
                id=match.decision_id,
                kind=DecisionKind.MATCH,
                subject_id=match.lead_id,
                at=match.as_of,
                inputs_hash=content_hash(match.lead_id, score, match.model_version, load),
                versions={"affinity": match.model_version, "score": score} | _unexplored(match),
                chosen=match.rep_id,
                propensity=match.propensity,
                considered=tuple(candidate.model_dump() for candidate in match.considered),
                excluded=shared[id(match.excluded)],
                reasons=(match.reason,) if match.no_signal is None else (match.reason, match.no_signal),
            )
        )
    return decisions


def recall_match(decision: Decision, rep: Rep | None, *, lists: ExclusionLists | None = None) -> Match:
    """Rebuild a match from its decision.

    Args:
        decision: A decision made by `record_matches`.
        rep: The rep chosen, for his name; None when nobody was.
        lists: Where many matches are rebuilt: what they share.
    """
    considered = _CANDIDATES.validate_python(decision.considered)
    chances = {candidate.rep_id: candidate.p_convert for candidate in considered}
    match = Match(
        lead_id=LeadId(decision.subject_id),
        rep_id=RepId(decision.chosen) if decision.chosen else None,
        rep_name=rep.name if rep else None,
        p_convert=chances.get(RepId(decision.chosen)) if decision.chosen else None,
        reason=decision.reasons[0],
        considered=considered,
        excluded=(),
        no_signal=decision.reasons[1] if len(decision.reasons) > 1 else None,
        model_version=decision.versions["affinity"],
        as_of=decision.at,
        decision_id=decision.id,
        propensity=decision.propensity,
        unexplored_rep_id=unexplored_rep(decision),
    )
    # The list is valid already; validating the match with it would copy it for each lead.
    return match.model_copy(update={"excluded": (lists or ExclusionLists()).ungroup(decision.excluded)})


def unexplored_rep(decision: Decision) -> RepId | None:
    """Return the rep whom the plan on the mean effects gave the lead, whoever got it; None where that is not recorded."""
    rep_id = decision.versions.get(_UNEXPLORED)
    return None if rep_id is None else RepId(rep_id)


def _unexplored(match: Match) -> dict[str, str]:
    return {} if match.unexplored_rep_id is None else {_UNEXPLORED: match.unexplored_rep_id}
