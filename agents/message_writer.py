"""The writer of messages to customers: chat model or offline writer, from approved passages only. Sends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.manuscripts import DraftManuscript, Source
from agents.notices import NO_MODEL, why_offline
from agents.offline_drafts import DraftBrief, message_language, write_offline_draft
from agents.prompts import Prompt, fence, load_prompt
from agents.safety import withhold_unsafe
from agents.state import DraftInput, FollowUpState, Json
from agents.structured import WrittenDraft, write_structured
from agents.writer import OFFLINE
from domain.errors import LanguageModelError
from domain.events import Channel
from domain.knowledge import SearchResult
from domain.nudges import Nudge
from domain.ports import ChatModel


def brief_of(lead: Json, nudge: Nudge) -> DraftBrief:
    """Say what a message is to achieve, and for whom. An action without a channel is written as an email."""
    return DraftBrief(
        channel=nudge.action.channel or Channel.EMAIL,
        language=message_language(lead["language"]),
        name=lead["name"],
        label=nudge.action.label,
        goal=nudge.action.brief,
        query=nudge.action.query,
    )


def sources_of(search: Json) -> tuple[Source, ...]:
    """Number the passages that a message may cite; a search that is not confident gives none."""
    found = SearchResult.model_validate(search)
    texts = [(hit.passage, withhold_unsafe(hit.passage.text)) for hit in found.hits] if found.confident else []
    return tuple(
        Source(marker=marker, passage_id=p.id, language=p.language, title=p.title, text=text)
        for marker, (p, text) in enumerate(((p, text) for p, text in texts if text), start=1)
    )


@dataclass(frozen=True)
class MessageWriterNodes:
    """Writes follow-up messages. `chat_model=None` means that the offline writer writes all of them."""

    chat_model: ChatModel | None
    prompt: Prompt = field(default_factory=lambda: load_prompt("draft"))

    async def draft(self, state: DraftInput) -> FollowUpState:
        """Write a message, or write it again with the reviewer's findings."""
        brief = brief_of(state["lead"], Nudge.model_validate(state["nudge"]))
        sources = sources_of(state["search"])
        manuscript = await self._manuscript(state, brief, sources)
        return {"draft": manuscript.model_dump(mode="json"), "attempts": state.get("attempts", 0) + 1}

    async def _manuscript(self, state: DraftInput, brief: DraftBrief, sources: Sequence[Source]) -> DraftManuscript:
        why = NO_MODEL
        if self.chat_model is not None:
            try:
                return await self._ask(self.chat_model, state, brief, sources)
            except LanguageModelError as error:
                why = why_offline(error)
        return offline_manuscript(brief, sources, why=why)

    async def _ask(
        self, model: ChatModel, state: DraftInput, brief: DraftBrief, sources: Sequence[Source]
    ) -> DraftManuscript:
        user = fence(
            "material",
            {
                **brief.model_dump(mode="json"),
                "evidence": [{"marker": s.marker, "title": s.title, "text": s.text} for s in sources],
            },
        )
        if to_mend := state.get("findings"):
            user += "\n\n" + fence("rejected_message", state.get("draft", {}).get("body", ""))
            user += "\n\nThe message was rejected for these reasons. Mend all of them:\n" + fence("findings", to_mend)
        answer = await write_structured(model, self.prompt.text, user, WrittenDraft)
        return DraftManuscript(
            subject=None if brief.channel == Channel.SMS else answer.subject,
            body=answer.body.strip(),
            written_by=model.name,
            prompt_version=self.prompt.version,
        )


def offline_manuscript(brief: DraftBrief, sources: Sequence[Source], *, why: str) -> DraftManuscript:
    """Write a message by template, and note why no model did."""
    text = write_offline_draft(brief, [(s.marker, s.language, s.title, s.text) for s in sources])
    return DraftManuscript(subject=text.subject, body=text.body, written_by=OFFLINE, why_offline=why)
