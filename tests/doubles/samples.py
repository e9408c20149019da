"""Sample findings of one lead: what specialists say in tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.conversations import (
    MessageReading,
    Sentiment,
    Stage,
)
from domain.events import Channel, Interaction, InteractionKind
from domain.knowledge import Hit, Passage, SearchResult
from domain.matches import Candidate, Exclusion, Match
from domain.nudges import Nudge, NudgeAction, NudgeExclusion, NudgeOption
from domain.people import Lead
from domain.scores import LeadScore, Reason, Rung, Temperature
from domain.values import DecisionId, LeadId, Market, RepId

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
MARKET = Market("insurance_partners")
LEAD_ID = LeadId("L-7")


def reading(
    intent: str, *, confidence: float = 0.9, lead_ids: tuple[str, ...] = (), language: str = "en"
) -> MessageReading:
    return MessageReading(
        language=language,
        intent=intent,
        intent_confidence=confidence,
        sentiment=Sentiment(label="neutral", value=0.0),
        stage=Stage.DISCOVERY,
        lead_ids=tuple(LeadId(i) for i in lead_ids),
        model_version="listener-1",
    )


def a_score(lead_id: LeadId = LEAD_ID, *, p: float = 0.62) -> LeadScore:
    return LeadScore(
        lead_id=lead_id,
        p_convert=p,
        p_low=0.54,
        p_high=0.70,
        points=100 * p,
        base_points=14.0,
        other_points=2.0,
        temperature=Temperature.HOT,
        expected_value=1240.4,
        currency="USD",
        reasons=(
            Reason(feature="pricing_views", points=21.4, text="opened the pricing page 3 times this week"),
            Reason(feature="reply_speed", points=12.2, text="answered the last email within 2 hours"),
            Reason(feature="region", points=-4.1, text="few deals are won in this region"),
        ),
        rung=Rung.GBM,
        model_version="gbm-2026-11",
        feature_hash="f00d",
        as_of=NOW,
        decision_id=DecisionId("score-1"),
    )


def a_match(lead_id: LeadId = LEAD_ID, *, rep_id: str | None = "R-2") -> Match:
    return Match(
        lead_id=lead_id,
        rep_id=RepId(rep_id) if rep_id else None,
        rep_name="Ana Ruiz" if rep_id else None,
        p_convert=0.66 if rep_id else None,
        reason="best with this product and speaks Spanish" if rep_id else "every eligible rep is at capacity",
        considered=(
            Candidate(rep_id=RepId("R-2"), p_convert=0.66, utility=1.2, terms={"fit": 1.2}),
            Candidate(rep_id=RepId("R-5"), p_convert=0.58, utility=0.9, terms={"fit": 0.9}),
        ),
        excluded=(Exclusion(rep_id=RepId("R-1"), rule="capacity", detail="20 of 20 leads open"),),
        model_version="affinity-1",
        as_of=NOW,
        decision_id=DecisionId("match-1"),
    )


def an_action(action_id: str = "email_value", **changes: Any) -> NudgeAction:
    values: dict[str, Any] = {
        "id": action_id,
        "market": MARKET,
        "label": "Email with the main benefit",
        "channel": Channel.EMAIL,
        "brief": "Say what the policy covers and offer a call.",
        "query": "what does the policy cover",
        "wait_hours": 72.0,
    }
    return NudgeAction(**{**values, **changes})


def a_wait() -> NudgeAction:
    return an_action("wait", label="Wait", channel=None, brief="", query="", wait_hours=24.0)


def a_nudge(action: NudgeAction | None = None, *, options: tuple[str, ...] | None = None) -> Nudge:
    action = action or an_action()
    return Nudge(
        lead_id=LEAD_ID,
        action=action,
        send_at=NOW + timedelta(hours=18),
        propensity=0.7,
        considered=tuple(
            NudgeOption(action_id=i, propensity=0.5, expected_gain=0.18) for i in options or (action.id, "wait")
        ),
        excluded=(NudgeExclusion(action_id="sms_short", rule="consent", detail="no consent for SMS"),),
        reason="it answered emails before",
        policy_version="thompson-3",
        decision_id=DecisionId("nudge-1"),
    )


PASSAGE_TEXTS = {
    "p-cover": (
        "## What is covered\n\nThe Partner Shield policy covers theft and water damage up to 50,000 USD. "
        "The deductible is 500 USD for each claim. Claims are settled within 10 working days."
    ),
    "p-expensive": (
        "### Too expensive\n\n- Acknowledge the concern before you answer it. "
        "\n- Compare the yearly cost of 480 USD with the cost of one uninsured water damage."
    ),
}


def a_passage(passage_id: str = "p-cover", **changes: Any) -> Passage:
    values: dict[str, Any] = {
        "id": passage_id,
        "document_id": f"doc-{passage_id}",
        "title": "Partner Shield" if passage_id == "p-cover" else "Objection guide",
        "heading": "What is covered" if passage_id == "p-cover" else "Too expensive",
        "text": PASSAGE_TEXTS.get(passage_id, ""),
        "market": MARKET,
        "kind": "product" if passage_id == "p-cover" else "objection_guide",
        "source": f"{passage_id}.md",
    }
    return Passage(**{**values, **changes})


def a_search(*passages: Passage, confident: bool = True) -> SearchResult:
    hits = tuple(Hit(passage=p, score=0.9 - 0.1 * i) for i, p in enumerate(passages))
    return SearchResult(hits=hits, corpus_version="corpus-9", confident=confident)


def a_lead(**changes: Any) -> Lead:
    values: dict[str, Any] = {
        "id": LEAD_ID,
        "market": MARKET,
        "created_at": NOW - timedelta(days=9),
        "source": "webinar",
        "name": "Maria Lopez",
        "company": "Lopez Broker",
        "email": "maria@example.com",
        "region": "south",
    }
    return Lead(**{**values, **changes})


def an_interaction(number: int, kind: InteractionKind, text: str | None = None) -> Interaction:
    return Interaction(
        id=f"i-{number}",
        lead_id=LEAD_ID,
        kind=kind,
        at=NOW - timedelta(days=5 - number),
        channel=Channel.EMAIL,
        text=text,
    )
