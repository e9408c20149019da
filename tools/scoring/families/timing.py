"""Rows of the feature table that say when. Data only, no computing."""

from tools.scoring.families.activities import INBOUND_KINDS
from tools.scoring.families.feature import CLOCK, ENDED_BEFORE, EVENTS_BEFORE, Family, Feature, Unit

_T = Family.TIMING

TIMING = (
    Feature("lead_age_days", Unit.DAYS, "lead created", "as_of - created_at", "lead_age", family=_T, as_of_rule=CLOCK),
    Feature(
        "lead_age_decay", Unit.NUMBER, "freshness of the lead", "exp(-lead_age_days / 30)",
        "lead_age", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "created_hour", Unit.NUMBER, "hour of arrival", "local hour of created_at, 0 to 23; null without a known zone",
        "created_hour", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "created_weekday", Unit.NUMBER, "weekday of arrival (1 is Monday)",
        "local weekday of created_at, 1 to 7; null without a known zone",
        "created_weekday", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "month", Unit.NUMBER, "month of the year",
        "month of as_of, 1 to 12; null before the log spans two years, when a season cannot be told from a trend",
        "month", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "seasonal_intent", Unit.SHARE, "win rate of leads of this season against all",
        "win rate of leads created in the same calendar month, any year, with 20 average leads added, minus the rate "
        "of all; null before the log spans two years",
        "month", family=_T, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "days_to_quarter_end", Unit.NUMBER, "days to the quarter's end", "first moment of the next quarter - as_of",
        "quarter_end", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "quarter_end_proximity", Unit.SHARE, "nearness of the quarter's end", "max(0, 1 - days_to_quarter_end / 30)",
        "quarter_end", family=_T, as_of_rule=CLOCK,
    ),
    Feature(
        "time_of_day_preference", Unit.NUMBER, "hour of the day at which the lead acts",
        "circular mean of the local hours of inbound interactions, 0 to 24; null below three of them, or where they "
        "are spread over the day (mean resultant length below .1). The zone's offset is that of as_of",
        "time_of_day", kinds=INBOUND_KINDS, family=_T, as_of_rule=EVENTS_BEFORE,
    ),
    Feature(
        "working_hours_share", Unit.SHARE, "share of actions in working hours",
        "share of inbound interactions between 8 and 18 local time; null without one",
        "time_of_day", kinds=INBOUND_KINDS, family=_T, as_of_rule=EVENTS_BEFORE,
    ),
)  # fmt: skip
