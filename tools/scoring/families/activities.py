"""Groups of interaction kinds, windows and weights that features are counted by. Data only, no computing."""

from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind
from tools.scoring.families.feature import EVENTS_BEFORE, Family, Feature, Unit

K = InteractionKind

INBOUND_KINDS = frozenset(InteractionKind) - OUTBOUND_KINDS
WRITTEN_REPLY_KINDS = frozenset({K.EMAIL_REPLIED, K.SMS_REPLIED})
WEB_KINDS = frozenset({K.PAGE_VIEWED, K.DOCUMENT_OPENED, K.FORM_SUBMITTED})
CONTENT_KINDS = frozenset({K.PAGE_VIEWED, K.DOCUMENT_OPENED, K.PROPOSAL_OPENED, K.WEBINAR_ATTENDED})

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
    "app_opens": ("openings of the mobile app", frozenset({K.APP_OPENED})),
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

AGE_BOUNDS = (1.0, 7.0, 14.0, 30.0)
"""Days. Ages of interactions are told apart at these bounds: every window and trend ends at one of them."""

HALF_LIFE_DAYS = 7.0
"""After this many days an action counts half in `engagement` and `engagement_score`."""

WEIGHTS: dict[InteractionKind, float] = {
    K.PAGE_VIEWED: 1,
    K.EMAIL_OPENED: 1,
    K.APP_OPENED: 2,
    K.EMAIL_CLICKED: 3,
    K.DOCUMENT_OPENED: 3,
    K.OBJECTION_RAISED: 3,
    K.CHAT_MESSAGE: 4,
    K.OBJECTION_RESOLVED: 4,
    K.FORM_SUBMITTED: 5,
    K.SMS_REPLIED: 6,
    K.EMAIL_REPLIED: 6,
    K.PROPOSAL_OPENED: 6,
    K.CALL_ANSWERED: 8,
    K.WEBINAR_ATTENDED: 8,
    K.BUDGET_DISCUSSED: 8,
    K.MEETING_BOOKED: 10,
    K.MEETING_ATTENDED: 12,
    K.MEETING_MISSED: -4,
}
"""Hand-set worth of an action in page views, by the effort it takes; `engagement_score` adds them up."""

_BOUNDS = {"outbound": 12.0, "meetings_booked": 3.0, "proposals_sent": 3.0}
"""Groups that a rep can add to, and how many are plausible in all."""


def counts() -> tuple[Feature, ...]:
    """Return one row per group and window."""
    made = []
    for name, (label, kinds) in ACTIVITIES.items():
        for days in (*WINDOWS, None) if name in WINDOWED else (None,):
            period = "so far" if days is None else "in the last day" if days == 1 else f"in the last {days} days"
            what = ", ".join(sorted(kinds)) if len(kinds) < 5 else label  # noqa: PLR2004 - a longer list says less
            made.append(
                Feature(
                    name=f"{name}_total" if days is None else f"{name}_{days}d",
                    unit=Unit.COUNT,
                    label=f"{label} {period}",
                    formula=f"number of {what} {period}, bots left out",
                    group=name,
                    actionable=name in _BOUNDS,
                    kinds=kinds,
                    days=days,
                    family=Family.ENGAGEMENT,
                    as_of_rule=EVENTS_BEFORE,
                    bounds=(0.0, min(_BOUNDS[name], 2.0 * days if days else _BOUNDS[name]))
                    if name in _BOUNDS
                    else None,
                )
            )
    return tuple(made)
