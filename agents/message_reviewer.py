"""The reviewer of messages to customers, who also concludes the step of a journey. Sends nothing.

A message that the model cannot get right in two attempts is replaced by the offline template; one that still fails goes to a
person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.checks import SMS_CHARS, check_draft
from agents.manuscripts import DraftManuscript, Source
from agents.message_writer import brief_of, offline_manuscript, sources_of
from agents.notices import REVIEW_FAILED, offline_notice
from agents.numbers import MARKER
from agents.offline_drafts import DraftBrief, finish_message
from agents.prompts import Prompt, load_prompt
from agents.reviewer import MAX_ATTEMPTS
from agents.state import FollowUpState, ReviewInput
from agents.steps import conclude_with_message
from agents.writer import OFFLINE
from domain.decisions import Decision, DecisionKind, decision_id
from domain.events import Channel
from domain.journeys import Draft
from domain.nudges import Nudge
from domain.ports import Clock, DecisionLog
from domain.scores import LeadScore
from domain.values import content_hash


@dataclass(frozen=True)
class MessageReviewerNodes:
    """Checks messages, records which one was chosen and from what, and says what the step comes to."""

    decisions: DecisionLog
    clock: Clock
    sender: str
    prompt: Prompt = field(default_factory=lambda: load_prompt("draft"))

    async def review_draft(self, state: ReviewInput) -> FollowUpState:
        """Conclude the step with a checked message, or send the message back with findings."""
        nudge = Nudge.model_validate(state["nudge"])
        brief = brief_of(state["lead"], nudge)
        sources = sources_of(state["search"])
        manuscript = DraftManuscript.model_validate(state["draft"])
        earlier = tuple(state.get("findings") or ())
        wrong = self._check(manuscript, brief, sources)
        if wrong and manuscript.written_by != OFFLINE and state["attempts"] < MAX_ATTEMPTS:
            return {"findings": list(wrong)}
        passed, chosen = not wrong, manuscript
        if wrong and manuscript.written_by != OFFLINE:
            chosen = offline_manuscript(brief, sources, why=REVIEW_FAILED)
            passed = not self._check(chosen, brief, sources)
        draft = self._finish(chosen, brief, sources, (*earlier, *wrong))
        await self._record(state, chosen, draft, sources)
        step = conclude_with_message(nudge, LeadScore.model_validate(state["score"]), draft, passed=passed)
        return {"step": step.model_dump(mode="json")}

    def _check(self, manuscript: DraftManuscript, brief: DraftBrief, sources: Sequence[Source]) -> tuple[str, ...]:
        return check_draft(
            "\n".join(part for part in (manuscript.subject, manuscript.body) if part),
            evidence=[(s.marker, f"{s.title}: {s.text}") for s in sources],
            allowed=(brief.name or "", self.sender),
            language=brief.language,
            instructions=self.prompt.text,
            limit=SMS_CHARS if brief.channel == Channel.SMS else None,
        )

    def _finish(
        self, manuscript: DraftManuscript, brief: DraftBrief, sources: Sequence[Source], review: tuple[str, ...]
    ) -> Draft:
        used = dict.fromkeys(int(m[1]) for m in MARKER.finditer(manuscript.body))
        passages = {s.marker: s.passage_id for s in sources}
        notice = (offline_notice(manuscript.why_offline),) if manuscript.why_offline else ()
        return Draft(
            subject=MARKER.sub("", manuscript.subject).strip() if manuscript.subject else None,
            body=finish_message(manuscript.body, channel=brief.channel, language=brief.language, sender=self.sender),
            written_by=manuscript.written_by,
            citations=tuple(passages[marker] for marker in used if marker in passages),
            review=(*review, *notice),
        )

    async def _record(
        self, state: ReviewInput, manuscript: DraftManuscript, draft: Draft, sources: Sequence[Source]
    ) -> None:
        inputs = content_hash(state["lead"], state["nudge"], [s.model_dump(mode="json") for s in sources])
        versions = {"corpus": str(state["search"]["corpus_version"])}
        if manuscript.prompt_version:
            versions["prompt"] = manuscript.prompt_version
        decision = Decision(
            id=decision_id(DecisionKind.REPLY, state["lead_id"], inputs, state["key"]),
            kind=DecisionKind.REPLY,
            subject_id=state["lead_id"],
            at=self.clock.now(),
            inputs_hash=inputs,
            versions=versions,
            chosen=manuscript.written_by,
            considered=tuple({"marker": s.marker, "source_id": s.passage_id} for s in sources),
            reasons=draft.review,
        )
        await self.decisions.record(decision)
