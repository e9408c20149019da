"""Evidence: what the specialists found, as numbered statements that a reply may repeat and cite.

Pure: no clock, no I/O. Every number a reply may contain is rendered here; nothing else is a source.
"""

from pydantic import Field

from agents.figures import say_list, say_moment, say_money, say_percent, say_points
from agents.safety import withhold_unsafe
from agents.state import CopilotState
from domain.conversations import Citation
from domain.events import Interaction
from domain.knowledge import SearchResult
from domain.matches import Match
from domain.nudges import WAIT, Nudge
from domain.people import Lead
from domain.scores import LeadScore, ScoreOverride
from domain.values import Value

MAX_REASONS = 3
MAX_CANDIDATES = 3
MAX_INTERACTIONS = 6
MAX_QUOTE_CHARS = 160


class Problem(Value):
    """Something a specialist could not find out."""

    specialist: str
    error: str = Field(description="Name of the error class.")
    text: str


class Findings(Value):
    """All that the specialists found in one turn. A field is None where nobody was asked, or none could answer."""

    lead_id: str | None = None
    lead: Lead | None = None
    interactions: tuple[Interaction, ...] = ()
    score: LeadScore | None = None
    match: Match | None = None
    nudge: Nudge | None = None
    search: SearchResult | None = None
    problems: tuple[Problem, ...] = ()


class Evidence(Value):
    """One source: `marker` is the number that a reply cites it by."""

    marker: int = Field(ge=1)
    kind: str = Field(description="score, match, nudge, history or passage.")
    source_id: str
    title: str
    text: str


def findings_of(state: CopilotState) -> Findings:
    """Read what the specialists left in the state of a turn."""
    return Findings.model_validate(
        {
            "lead_id": state.get("lead_id"),
            "interactions": state.get("interactions") or (),
            "problems": state.get("problems") or (),
            **{name: state.get(name) for name in ("lead", "score", "match", "nudge", "search")},
        }
    )


def gather_evidence(findings: Findings) -> tuple[Evidence, ...]:
    """Number everything found, in a fixed order: score, match, nudge, history, passages best first."""
    items: list[tuple[str, str, str, str]] = []
    if (score := findings.score) is not None:
        items.append(("score", score.decision_id, f"Score of lead {score.lead_id}", say_score(score)))
    if (match := findings.match) is not None:
        items.append(("match", match.decision_id, f"Match of lead {match.lead_id}", say_match(match)))
    if (nudge := findings.nudge) is not None:
        items.append(("nudge", nudge.decision_id, f"Next action for lead {nudge.lead_id}", say_nudge(nudge)))
    if (lead := findings.lead) is not None:
        items.append(("history", f"lead:{lead.id}", f"Lead {lead.id}", say_lead(lead)))
    items.extend(
        ("history", one.id, f"{_words(one.kind)} on {say_moment(one.at)}", say_interaction(one))
        for one in findings.interactions[-MAX_INTERACTIONS:]
    )
    if (search := findings.search) is not None and search.confident:
        items.extend(
            ("passage", hit.passage.id, _passage_title(hit.passage.title, hit.passage.heading), text)
            for hit in search.hits
            if (text := withhold_unsafe(hit.passage.text))
        )
    return tuple(
        Evidence(marker=marker, kind=kind, source_id=source_id, title=title, text=text)
        for marker, (kind, source_id, title, text) in enumerate(items, start=1)
    )


def cite(evidence: tuple[Evidence, ...], markers: tuple[int, ...]) -> tuple[Citation, ...]:
    """Turn the markers of a text into citations, in the order of first use. Unknown markers are left out."""
    by_marker = {item.marker: item for item in evidence}
    return tuple(
        Citation(marker=m, source_id=item.source_id, title=item.title, quote=clip(item.text, MAX_QUOTE_CHARS))
        for m in dict.fromkeys(markers)
        if (item := by_marker.get(m)) is not None
    )


def say_score(score: LeadScore) -> str:
    """Say a score with its interval, worth and reasons."""
    verdict = (
        f"Lead {score.lead_id} is {score.temperature}: {say_percent(score.p_convert)} likely to convert "
        f"(between {say_percent(score.p_low)} and {say_percent(score.p_high)})."
    )
    parts = [verdict]
    if score.expected_value is not None:
        parts.append(f"Expected value: {say_money(score.expected_value, score.currency)}.")
    if score.no_signal:
        parts.append(f"The score carries no ranking information: {score.no_signal}.")
    if score.abstains:
        parts.append(f"Not to be acted on: {score.abstains}")
    if score.override:
        parts.append(say_override(score.override))
    if score.reasons:
        parts.append("Reasons: " + "; ".join(say_reasons(score)) + ".")
    return " ".join(parts)


def say_override(override: ScoreOverride) -> str:
    """Say what a person said the score should be."""
    said = [f"{override.points:.0f} points"] if override.points is not None else []
    said += [override.temperature.value] if override.temperature is not None else []
    return f"{override.by} says it should be {say_list(said)}: {override.reason.rstrip('.')}."


def say_reasons(score: LeadScore) -> list[str]:
    """Say the strongest reasons, each with its points."""
    strongest = sorted(score.reasons, key=lambda r: -abs(r.points))[:MAX_REASONS]
    return [f"{reason.text.rstrip('.')} ({say_points(reason.points)} points)" for reason in strongest]


def say_match(match: Match) -> str:
    """Say who should take a lead, who else was considered and who may not."""
    if match.rep_id is None:
        parts = [f"Lead {match.lead_id} waits in the pool: {match.reason.rstrip('.')}."]
    else:
        chance = f", {say_percent(match.p_convert)} likely to convert with them" if match.p_convert is not None else ""
        who = match.rep_name or match.rep_id
        parts = [f"{who} ({match.rep_id}) should take lead {match.lead_id}{chance}: {match.reason.rstrip('.')}."]
    if others := say_runners_up(match):
        parts.append(f"Next best: {say_list(others)}.")
    if match.excluded:
        shown = match.excluded[:MAX_CANDIDATES]
        parts.append("Excluded: " + "; ".join(f"{e.rep_id} ({e.rule}: {e.detail.rstrip('.')})" for e in shown) + ".")
    if match.no_signal:
        parts.append(f"The reps' history adds nothing here: {match.no_signal.rstrip('.')}.")
    return " ".join(parts)


def say_runners_up(match: Match) -> list[str]:
    """Say the best candidates who were not chosen, with their probability."""
    others = [c for c in match.considered if c.rep_id != match.rep_id][: MAX_CANDIDATES - 1]
    return [f"{c.rep_id} ({say_percent(c.p_convert)})" for c in others]


def say_nudge(nudge: Nudge) -> str:
    """Say the next best action, when, and why."""
    label = nudge.action.label
    if nudge.action.id == WAIT:
        what = f"Wait with lead {nudge.lead_id} and look again on {say_moment(nudge.send_at)}"
    else:
        what = f"{label} for lead {nudge.lead_id} on {say_moment(nudge.send_at)}"
    parts = [f"{what}: {nudge.reason.rstrip('.')}."]
    gain = next((o.expected_gain for o in nudge.considered if o.action_id == nudge.action.id), None)
    if gain is not None and nudge.action.id != WAIT:
        parts.append(f"Expected chance of a reply: {say_percent(min(max(gain, 0.0), 1.0))}.")
    if nudge.excluded:
        shown = nudge.excluded[:MAX_CANDIDATES]
        parts.append("Not possible now: " + "; ".join(f"{e.action_id} ({e.detail.rstrip('.')})" for e in shown) + ".")
    return " ".join(parts)


def say_lead(lead: Lead) -> str:
    """Say who a lead is."""
    who = " of ".join(part for part in (lead.name, lead.company) if part) or "no name on record"
    parts = [f"{who}, from {lead.source}, here since {say_moment(lead.created_at)}"]
    if lead.region:
        parts.append(f"region {lead.region}")
    if lead.product_id:
        parts.append(f"interested in {lead.product_id}")
    return withhold_unsafe(", ".join(parts) + ".")


def say_interaction(interaction: Interaction) -> str:
    """Say what happened, with the words used, unless those words try to steer the assistant."""
    what = f"{say_moment(interaction.at)}: {_words(interaction.kind)}"
    if interaction.channel and interaction.channel not in interaction.kind:
        what += f" by {interaction.channel}"
    if not interaction.text:
        return f"{what}."
    quote = withhold_unsafe(clip(" ".join(interaction.text.split()), MAX_QUOTE_CHARS))
    return f'{what}: "{quote}"' if quote else f"{what} (words withheld: they address the assistant, not you)."


def clip(text: str, limit: int) -> str:
    """Shorten a text at a word, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"


def _words(kind: str) -> str:
    return str(kind).replace("_", " ")


def _passage_title(title: str, heading: str) -> str:
    return f"{title} > {heading}" if heading and heading != title else title
