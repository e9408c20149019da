"""The writer of replies: the chat model where one answers, else the offline writer; from the same evidence. Checks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.evidence import Evidence, Findings, findings_of, gather_evidence
from agents.manuscripts import ReplyManuscript
from agents.notices import NO_MODEL, why_offline
from agents.offline_writer import write_offline_reply
from agents.prompts import Prompt, fence, load_prompt
from agents.state import CopilotState
from agents.structured import WrittenReply, write_structured
from domain.conversations import MessageReading
from domain.errors import LanguageModelError, LeadNotFoundError
from domain.ports import ChatModel

OFFLINE = "offline"
HISTORY_MESSAGES = 6
HISTORY_CHARS = 600
QUESTION_CHARS = 6_000


@dataclass(frozen=True)
class WriterNodes:
    """Writes replies to reps. `chat_model=None` means that the offline writer writes all of them."""

    chat_model: ChatModel | None
    prompt: Prompt = field(default_factory=lambda: load_prompt("reply"))

    async def write(self, state: CopilotState) -> CopilotState:
        """Write a reply, or write it again with the reviewer's findings."""
        findings = findings_of(state)
        evidence = gather_evidence(findings)
        manuscript = await self._manuscript(state, findings, evidence)
        unknown = any(problem.error == LeadNotFoundError.__name__ for problem in findings.problems)
        return {
            # A lead that does not exist is not what the next turn is about.
            "lead_id": None if unknown else findings.lead_id,
            "evidence": [item.model_dump(mode="json") for item in evidence],
            "draft": manuscript.model_dump(mode="json"),
            "attempts": state.get("attempts", 0) + 1,
        }

    async def _manuscript(
        self, state: CopilotState, findings: Findings, evidence: Sequence[Evidence]
    ) -> ReplyManuscript:
        why: str | None = None
        if self.chat_model is None:
            why = NO_MODEL
        elif failure := state.get("model_failure"):
            why = why_offline(LanguageModelError(failure["kind"], failure["detail"]))
        elif evidence:
            try:
                return await self._ask(self.chat_model, state, findings, evidence)
            except LanguageModelError as error:
                why = why_offline(error)
        # A model has nothing to write from without evidence: it could only invent.
        reading = MessageReading.model_validate(state["reading"])
        offline = write_offline_reply(state["text"], reading.intent, findings, evidence)
        return ReplyManuscript(text=offline.text, abstained=offline.abstained, written_by=OFFLINE, why_offline=why)

    async def _ask(
        self, model: ChatModel, state: CopilotState, findings: Findings, evidence: Sequence[Evidence]
    ) -> ReplyManuscript:
        recent = state.get("history", [])[-HISTORY_MESSAGES:]
        material: dict[str, object] = {
            "conversation": [{"speaker": m["speaker"], "text": m["text"][:HISTORY_CHARS]} for m in recent],
            "question": state["text"][:QUESTION_CHARS],
            "evidence": [{"marker": e.marker, "title": e.title, "text": e.text} for e in evidence],
            "could_not_find_out": [problem.text for problem in findings.problems],
        }
        user = fence("material", material)
        if to_mend := state.get("findings"):
            user += "\n\n" + fence("rejected_answer", (state.get("draft") or {}).get("text", ""))
            user += "\n\nYour answer was rejected for these reasons. Mend all of them:\n" + _bullets(to_mend)
        answer = await write_structured(model, self.prompt.text, user, WrittenReply)
        return ReplyManuscript(
            text=answer.text.strip(),
            abstained=answer.abstained,
            written_by=model.name,
            prompt_version=self.prompt.version,
        )


def _bullets(findings: list[str]) -> str:
    # Findings quote the rejected text, which may quote untrusted words: they stay data.
    return fence("findings", findings)
