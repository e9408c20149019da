"""Rows of the feature table that say what the lead did, beside plain counts. Data only, no computing."""

from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind
from tools.scoring.families.activities import (
    CONTENT_KINDS,
    HALF_LIFE_DAYS,
    INBOUND_KINDS,
    WEB_KINDS,
    WEIGHTS,
    WRITTEN_REPLY_KINDS,
)
from tools.scoring.families.feature import EVENTS_BEFORE, Detail, Family, Feature, Unit

K = InteractionKind


def _row(
    name: str,
    unit: Unit,
    label: str,
    formula: str,
    group: str,
    kinds: frozenset[InteractionKind] = INBOUND_KINDS,
    *,
    days: int | None = None,
    newest_only: bool = False,
    bounds: tuple[float, float] | None = None,
    needs: Detail | None = None,
) -> Feature:
    return Feature(
        name=name, unit=unit, label=label, formula=formula, group=group, actionable=bounds is not None, kinds=kinds,
        days=days, newest_only=newest_only, family=Family.ENGAGEMENT, as_of_rule=EVENTS_BEFORE, bounds=bounds,
        needs=needs,
    )  # fmt: skip


_WORTH = ", ".join(f"{kind} {weight:g}" for kind, weight in WEIGHTS.items())

BEHAVIOUR = (
    _row("days_since_inbound", Unit.DAYS, "last action by the lead", "as_of - newest inbound interaction",
         "inbound_recency", newest_only=True),
    _row("days_since_reply", Unit.DAYS, "last reply", "as_of - newest reply",
         "reply_recency", REPLY_KINDS, newest_only=True),
    _row("days_since_outbound", Unit.DAYS, "last contact by us", "as_of - newest outbound interaction",
         "outbound_recency", OUTBOUND_KINDS, newest_only=True, bounds=(0.0, 30.0)),
    _row("reply_rate", Unit.SHARE, "replies per contact", "replies / outbound interactions; null without outbound",
         "replies", REPLY_KINDS),
    _row("response_latency_hours", Unit.HOURS, "typical time to a written reply",
         "median hours from an outbound interaction to the written reply that follows it",
         "response_latency", WRITTEN_REPLY_KINDS),
    _row("meeting_attendance_rate", Unit.SHARE, "meetings kept", "attended / (attended + missed); null without either",
         "meetings_attended", frozenset({K.MEETING_ATTENDED, K.MEETING_MISSED})),
    _row("objections_resolved_share", Unit.SHARE, "objections resolved",
         "min(1, resolved / raised); null without an objection",
         "objections_resolved", frozenset({K.OBJECTION_RAISED, K.OBJECTION_RESOLVED}), bounds=(0.0, 1.0)),
    _row("budget_discussed", Unit.FLAG, "budget discussed", "any budget_discussed interaction",
         "budget", frozenset({K.BUDGET_DISCUSSED}), bounds=(0.0, 1.0)),
    _row("engagement", Unit.NUMBER, "recent engagement",
         f"sum over inbound interactions of 0.5 ** (age in days / {HALF_LIFE_DAYS:g})", "inbound"),
    _row("active_days", Unit.COUNT, "days on which the lead was active",
         "distinct UTC dates with an inbound interaction", "inbound"),
    _row("inbound_trend", Unit.NUMBER, "change in weekly activity",
         "inbound interactions of the last 7 days minus those of the 7 days before", "inbound_trend", days=14),
    _row("talk_seconds", Unit.SECONDS, "time in calls and meetings", "sum of durations of answered calls and meetings",
         "talk", frozenset({K.CALL_ANSWERED, K.MEETING_ATTENDED}), needs=Detail.DURATION),
    _row("engagement_score", Unit.NUMBER, "recent engagement by effort",
         f"sum over inbound interactions of worth * 0.5 ** (age in days / {HALF_LIFE_DAYS:g}); worth in page views, "
         f"hand-set: {_WORTH}", "inbound"),
    _row("engagement_velocity", Unit.NUMBER, "change of engagement in a week",
         "(engagement_score now - engagement_score of the same lead 7 days ago) / 7, per day", "inbound_trend"),
    _row("interaction_frequency", Unit.NUMBER, "actions per day of the lead's life",
         "inbound interactions / max(1, lead_age_days)", "inbound"),
    _row("inbound_per_outbound", Unit.NUMBER, "actions per contact by us",
         "inbound / outbound interactions; null without outbound", "inbound"),
    _row("kinds_used", Unit.COUNT, "different kinds of action", "distinct kinds of inbound interaction", "inbound"),
    _row("engagement_while_fresh", Unit.NUMBER, "engagement of a fresh lead", "engagement_score * lead_age_decay",
         "inbound"),
    _row("activity_slope", Unit.NUMBER, "trend of weekly activity",
         "least-squares slope of inbound interactions per week over the whole weeks of the lead's life, at most the "
         "last six; null before two whole weeks", "inbound_trend", days=42),
    _row("burstiness", Unit.NUMBER, "burstiness of activity",
         "(s - m) / (s + m), m and s mean and standard deviation of the gaps between inbound interactions (Goh and "
         "Barabási 2008): -1 regular, 0 random, towards 1 bursty; null below three gaps", "rhythm"),
    _row("longest_gap_days", Unit.NUMBER, "longest pause in days",
         "longest time between two inbound interactions in a row; null below two", "rhythm"),
    _row("content_consumption_score", Unit.NUMBER, "content taken in",
         "sum of ln(1 + seconds / 30) over pages, documents, proposals and webinars; the logarithm, because a page "
         "left open is not read", "content", CONTENT_KINDS, needs=Detail.DURATION),
    _row("pricing_views_total", Unit.COUNT, "views of pages about prices",
         "number of page_viewed whose page names prices, quotes, costs or plans (en, es)",
         "page_views", frozenset({K.PAGE_VIEWED}), needs=Detail.PAGE),
    _row("sessions_total", Unit.COUNT, "visits to the site",
         "number of runs of web interactions without a gap above 30 minutes", "page_views", WEB_KINDS),
    _row("pages_per_session", Unit.NUMBER, "pages per visit", "page views / sessions; null without a session",
         "page_views", WEB_KINDS),
    _row("product_affinity", Unit.SHARE, "share of actions about the product of interest",
         "inbound interactions about the lead's product_id / inbound interactions about any product; null without "
         "either", "product_affinity", needs=Detail.PRODUCT),
    _row("proposal_engagement", Unit.NUMBER, "proposal openings per proposal",
         "proposal_opened / proposal_sent; null without a proposal",
         "proposals", frozenset({K.PROPOSAL_OPENED, K.PROPOSAL_SENT})),
    _row("budget_discussion_depth", Unit.COUNT, "talks about the budget",
         "number of budget_discussed interactions and of the lead's messages that speak of prices",
         "budget", INBOUND_KINDS, bounds=(0.0, 5.0)),
)  # fmt: skip

_SAID = "in the lead's messages and the notes on its calls and meetings (en, es)"

TEXT = (
    _row("message_words_mean", Unit.NUMBER, "words per message", "mean number of words of inbound interactions with a "
         "text; null without one", "message_length", needs=Detail.TEXT),
    _row("questions_total", Unit.COUNT, "questions asked", f"number of question marks {_SAID}", "questions",
         needs=Detail.TEXT),
    _row("price_mentions_total", Unit.COUNT, "messages about the price",
         f"number of texts that speak of prices, {_SAID}", "price_mentions", needs=Detail.TEXT),
    _row("competitor_mentions_total", Unit.COUNT, "messages about competitors",
         f"number of texts that speak of another offer, {_SAID}", "competitor_mentions", needs=Detail.TEXT),
    _row("urgency_mentions_total", Unit.COUNT, "messages that are urgent",
         f"number of texts that speak of haste or a date, {_SAID}", "urgency_mentions", needs=Detail.TEXT),
)  # fmt: skip
