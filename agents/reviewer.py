"""The reviewer of replies: nothing unchecked reaches a reader. Sends back once, then falls to the safe form."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.checks import check_reply
from agents.evidence import Evidence, cite, findings_of
from agents.manuscripts import ReplyManuscript
from agents.notices import AI_DISCLOSURE, REVIEW_FAILED, offline_notice
from agents.numbers import MARKER
from agents.offline_writer import write_offline_reply, write_safe_reply
from agents.prompts import Prompt, load_prompt
from agents.score_claims import claims_against
from agents.state import CopilotState
from agents.writer import OFFLINE
from domain.conversations import MessageReading, Reply

MAX_ATTEMPTS = 2


@dataclass(frozen=True)
class ReviewerNodes:
    """Checks replies to reps. Knows the prompt, so that it notices when the prompt comes back."""

    prompt: Prompt = field(default_factory=lambda: load_prompt("reply"))

    def review(self, state: CopilotState) -> CopilotState:
        """Accept the manuscript, send it back with findings, or replace it by the safe form."""
        manuscript = ReplyManuscript.model_validate(state["draft"])
        evidence = tuple(Evidence.model_validate(item) for item in state["evidence"])
        earlier = tuple(state.get("findings") or ())
        wrong = self._check(state, manuscript, evidence)
        if not wrong:
            return {"reply": _reply(manuscript, evidence, earlier).model_dump(mode="json")}
        if manuscript.written_by != OFFLINE and state["attempts"] < MAX_ATTEMPTS:
            return {"findings": list(wrong)}
        safe = self._safe_form(state, manuscript, evidence)
        return {"reply": _reply(safe, evidence, (*earlier, *wrong)).model_dump(mode="json")}

    def _safe_form(
        self, state: CopilotState, rejected: ReplyManuscript, evidence: Sequence[Evidence]
    ) -> ReplyManuscript:
        """Return the offline answer if it passes, else only the names of the sources."""
        why = rejected.why_offline if rejected.written_by == OFFLINE else REVIEW_FAILED
        reading = MessageReading.model_validate(state["reading"])
        for offline in (
            write_offline_reply(state["text"], reading.intent, findings_of(state), evidence),
            write_safe_reply(evidence),
        ):
            form = ReplyManuscript(text=offline.text, abstained=offline.abstained, written_by=OFFLINE, why_offline=why)
            if not self._check(state, form, evidence):
                return form
        return ReplyManuscript(text=write_safe_reply(()).text, abstained=True, written_by=OFFLINE, why_offline=why)

    def _check(self, state: CopilotState, manuscript: ReplyManuscript, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        # What could not be found out is said too, and names the lead by the id that was asked for.
        problems = [str(problem["text"]) for problem in state.get("problems") or ()]
        wrong = check_reply(
            manuscript.text,
            evidence=[(item.marker, f"{item.title}: {item.text}") for item in evidence],
            asked="\n".join([state["text"], state.get("lead_id") or "", *problems]),
            # The offline writer quotes sources in their own language.
            question=None if manuscript.written_by == OFFLINE else state["text"],
            must_cite=not manuscript.abstained,
            instructions=self.prompt.text,
        )
        score = findings_of(state).score
        if score is None or manuscript.written_by == OFFLINE:
            return wrong
        # The offline writer repeats the score's own words; a model puts them into others.
        cited = next(item.marker for item in evidence if item.kind == "score")
        return (*wrong, *claims_against(manuscript.text, score, marker=cited))


def _reply(manuscript: ReplyManuscript, evidence: Sequence[Evidence], mended: tuple[str, ...]) -> Reply:
    if manuscript.written_by != OFFLINE:
        notice: str | None = AI_DISCLOSURE
    else:
        notice = offline_notice(manuscript.why_offline) if manuscript.why_offline else None
    return Reply(
        text=manuscript.text,
        citations=cite(tuple(evidence), tuple(int(m[1]) for m in MARKER.finditer(manuscript.text))),
        written_by=manuscript.written_by,
        notice=notice,
        review=mended,
        abstained=manuscript.abstained,
    )
