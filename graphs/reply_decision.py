"""The recorded decision behind a reply: versions, sources and findings. Pure: state in, `Decision` out."""

from datetime import datetime

from agents.state import CopilotState, Json
from domain.conversations import Reply, TurnRequest
from domain.decisions import Decision, DecisionKind, decision_id
from domain.values import content_hash


def decide_reply(request: TurnRequest, state: CopilotState, reply: Reply, *, at: datetime) -> Decision:
    """Say what a reply was made from, so that it can be looked into later.

    The id covers the text: a turn that is run again after a crash and words it otherwise is another decision.
    """
    evidence = state.get("evidence") or []
    inputs = content_hash(request.model_dump(mode="json"), evidence)
    return Decision(
        id=decision_id(DecisionKind.REPLY, request.turn_id, inputs, content_hash(reply.text, reply.written_by)),
        kind=DecisionKind.REPLY,
        subject_id=request.turn_id,
        at=at,
        inputs_hash=inputs,
        versions=_versions(state),
        chosen=reply.written_by,
        considered=tuple({name: item[name] for name in ("marker", "kind", "source_id")} for item in evidence),
        reasons=(*reply.review, *((reply.notice,) if reply.notice else ())),
    )


def _versions(state: CopilotState) -> dict[str, str]:
    """Collect the version of every part that had a hand in the reply."""
    places: tuple[tuple[str, Json | None, str], ...] = (
        ("prompt", state.get("draft"), "prompt_version"),
        ("corpus", state.get("search"), "corpus_version"),
        ("listener", state.get("reading"), "model_version"),
        ("scorer", state.get("score"), "model_version"),
        ("matcher", state.get("match"), "model_version"),
        ("nudge_policy", state.get("nudge"), "policy_version"),
    )
    return {name: str(part[key]) for name, part, key in places if part and part.get(key)}
