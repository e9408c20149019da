"""The feature table: name, unit, formula and words of every feature computed from the log. Data only, no computing."""

from dataclasses import dataclass
from enum import StrEnum

from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind

FEATURES_VERSION = "1"
"""Raised when a formula changes, so that a stored model is never fed another feature under the same name."""

FIELD_PREFIX = "field."
"""Prefix of the columns made from a lead's own fields."""

HALF_LIFE_DAYS = 7.0
"""After this many days an action counts half in `engagement`."""


class Unit(StrEnum):
    """What a feature's number means; decides how a reason says it."""

    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"
    SECONDS = "seconds"
    SHARE = "share"
    FLAG = "flag"
    CATEGORY = "category"
    NUMBER = "number"


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: Column name.
        unit: What the number means.
        label: Noun phrase that a reason builds its sentence on.
        formula: How it is computed, in words. Null where it was not measured.
        group: Features of one group give one reason, so that a fact is not told three times.
        actionable: Whether a rep can change it.
        kinds: Interaction kinds that it is computed from: the evidence behind it.
        days: Length of its window before `as_of`; None for the whole history.
        newest_only: Whether only the newest of these interactions matters.
    """

    name: str
    unit: Unit
    label: str
    formula: str
    group: str
    actionable: bool = False
    kinds: frozenset[InteractionKind] = frozenset()
    days: int | None = None
    newest_only: bool = False


K = InteractionKind
INBOUND_KINDS = frozenset(InteractionKind) - OUTBOUND_KINDS
WRITTEN_REPLY_KINDS = frozenset({K.EMAIL_REPLIED, K.SMS_REPLIED})

ACTIVITIES: dict[str, tuple[str, frozenset[InteractionKind]]] = {
    "inbound": ("actions by the lead", INBOUND_KINDS),
    "outbound": ("contacts by us", OUTBOUND_KINDS),
    "replies": ("replies", REPLY_KINDS),
    "page_views": ("page views", frozenset({K.PAGE_VIEWED})),
    "email_opens": ("emails opened", frozenset({K.EMAIL_OPENED})),
    "email_clicks": ("email links clicked", frozenset({K.EMAIL_CLICKED})),
    "forms": ("forms submitted", frozenset({K.FORM_SUBMITTED})),
    "documents": ("documents opened", frozenset({K.DOCUMENT_OPENED, K.PROPOSAL_OPENED})),
    "webinars": ("webinars attended", frozenset({K.WEBINAR_ATTENDED})),
    "chats": ("chat messages", frozenset({K.CHAT_MESSAGE})),
    "calls_answered": ("calls answered", frozenset({K.CALL_ANSWERED})),
    "meetings_booked": ("meetings booked", frozenset({K.MEETING_BOOKED})),
    "meetings_attended": ("meetings attended", frozenset({K.MEETING_ATTENDED})),
    "meetings_missed": ("meetings missed", frozenset({K.MEETING_MISSED})),
    "proposals_sent": ("proposals sent", frozenset({K.PROPOSAL_SENT})),
    "objections_raised": ("objections raised", frozenset({K.OBJECTION_RAISED})),
}
"""Groups of interaction kinds that are counted: label and kinds, by name."""

WINDOWED = ("inbound", "outbound", "replies", "page_views", "email_opens", "email_clicks")
WINDOWS = (1, 7, 30)
"""Days. The groups in `WINDOWED` are counted in each of these windows and in all; the others in all."""

_ACTIONABLE = frozenset({"outbound", "meetings_booked", "proposals_sent"})


def _counts() -> tuple[Feature, ...]:
    made = []
    for name, (label, kinds) in ACTIVITIES.items():
        for days in (*WINDOWS, None) if name in WINDOWED else (None,):
            period = "so far" if days is None else "in the last day" if days == 1 else f"in the last {days} days"
            made.append(
                Feature(
                    name=f"{name}_total" if days is None else f"{name}_{days}d",
                    unit=Unit.COUNT,
                    label=f"{label} {period}",
                    formula=f"number of {', '.join(sorted(kinds)) if len(kinds) < 5 else label} {period}, bots left out",  # noqa: PLR2004 - a list of more kinds says less than its name
                    group=name,
                    actionable=name in _ACTIONABLE,
                    kinds=kinds,
                    days=days,
                )
            )
    return tuple(made)


_BEHAVIOUR = (
    Feature(
        "days_since_inbound", Unit.DAYS, "last action by the lead", "as_of - newest inbound interaction",
        "inbound_recency", kinds=INBOUND_KINDS, newest_only=True,
    ),
    Feature(
        "days_since_reply", Unit.DAYS, "last reply", "as_of - newest reply",
        "reply_recency", kinds=REPLY_KINDS, newest_only=True,
    ),
    Feature(
        "days_since_outbound", Unit.DAYS, "last contact by us", "as_of - newest outbound interaction",
        "outbound_recency", actionable=True, kinds=OUTBOUND_KINDS, newest_only=True,
    ),
    Feature(
        "reply_rate", Unit.SHARE, "replies per contact", "replies / outbound interactions; null without outbound",
        "replies", kinds=REPLY_KINDS,
    ),
    Feature(
        "response_latency_hours", Unit.HOURS, "typical time to a written reply",
        "median hours from an outbound interaction to the written reply that follows it",
        "response_latency", kinds=WRITTEN_REPLY_KINDS,
    ),
    Feature(
        "meeting_attendance_rate", Unit.SHARE, "meetings kept", "attended / (attended + missed); null without either",
        "meetings_attended", kinds=frozenset({K.MEETING_ATTENDED, K.MEETING_MISSED}),
    ),
    Feature(
        "objections_resolved_share", Unit.SHARE, "objections resolved",
        "min(1, resolved / raised); null without an objection",
        "objections_resolved", actionable=True, kinds=frozenset({K.OBJECTION_RAISED, K.OBJECTION_RESOLVED}),
    ),
    Feature(
        "budget_discussed", Unit.FLAG, "budget discussed", "any budget_discussed interaction",
        "budget", actionable=True, kinds=frozenset({K.BUDGET_DISCUSSED}),
    ),
    Feature(
        "engagement", Unit.NUMBER, "recent engagement",
        f"sum over inbound interactions of 0.5 ** (age in days / {HALF_LIFE_DAYS:g})",
        "inbound", kinds=INBOUND_KINDS,
    ),
    Feature(
        "active_days", Unit.COUNT, "days on which the lead was active", "distinct UTC dates with an inbound interaction",
        "inbound", kinds=INBOUND_KINDS,
    ),
    Feature(
        "inbound_trend", Unit.NUMBER, "change in weekly activity",
        "inbound interactions of the last 7 days minus those of the 7 days before",
        "inbound_trend", kinds=INBOUND_KINDS, days=14,
    ),
    Feature(
        "talk_seconds", Unit.SECONDS, "time in calls and meetings", "sum of durations of answered calls and meetings",
        "talk", kinds=frozenset({K.CALL_ANSWERED, K.MEETING_ATTENDED}),
    ),
)  # fmt: skip

_LEAD = (
    Feature("source", Unit.CATEGORY, "source", "the lead's source", "source"),
    Feature("region", Unit.CATEGORY, "region", "the lead's region", "region"),
    Feature("language", Unit.CATEGORY, "language", "the lead's language", "language"),
    Feature("product", Unit.CATEGORY, "product of interest", "the lead's product_id", "product"),
    Feature("has_email", Unit.FLAG, "email address on file", "whether an email address is known", "has_email"),
    Feature("has_phone", Unit.FLAG, "phone number on file", "whether a phone number is known", "has_phone"),
    Feature("has_company", Unit.FLAG, "company on file", "whether a company is known", "has_company"),
    Feature("lead_age_days", Unit.DAYS, "lead created", "as_of - created_at", "lead_age"),
    Feature("created_hour", Unit.NUMBER, "hour of arrival", "local hour of created_at, 0 to 23", "created_hour"),
    Feature("created_weekday", Unit.NUMBER, "weekday of arrival (1 is Monday)", "local weekday", "created_weekday"),
    Feature("month", Unit.NUMBER, "month of the year", "month of as_of, 1 to 12; null before the log spans two years, when a season cannot be told from a trend",
            "month"),
    Feature("days_to_quarter_end", Unit.NUMBER, "days to the quarter's end", "last day of as_of's quarter - as_of",
            "quarter_end"),
    Feature(
        "rep_win_rate_lift", Unit.SHARE, "win rate of the assigned rep against the team's",
        "(wins + 20 * team rate) / (ended leads + 20) - team rate, over leads that ended before as_of; null without "
        "a rep. The difference, because the team's own rate only tells how old the log is",
        "rep",
    ),
)  # fmt: skip

FEATURES: tuple[Feature, ...] = (*_LEAD, *_counts(), *_BEHAVIOUR)
"""Every feature with a formula of its own. A lead's market-specific fields come on top, as `field.<name>`."""

BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}


def describe(name: str) -> Feature:
    """Return the table's row of a column; a lead's own field gets one made from its name."""
    if name in BY_NAME:
        return BY_NAME[name]
    words = name.removeprefix(FIELD_PREFIX).replace("_", " ")
    return Feature(name, Unit.CATEGORY, words, f"the lead's field {words!r} as last stored before as_of", name)
