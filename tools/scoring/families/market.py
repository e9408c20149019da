"""Rows of the feature table that say what the market and the team have seen so far. Data only, no computing."""

from tools.scoring.families.feature import ARRIVED_BEFORE, ENDED_BEFORE, Family, Feature, Unit

_M = Family.MARKET
_SHRUNK = "each level with 20 leads at the rate of the level above added"

MARKET = (
    Feature(
        "rep_win_rate_lift", Unit.SHARE, "win rate of the assigned rep against the team's",
        "(wins + 20 * team rate) / (ended leads + 20) - team rate, over leads that ended before as_of; null without "
        "a rep. The difference, because the team's own rate only tells how old the log is",
        "rep", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "rep_similar_win_rate_lift", Unit.SHARE, "win rate of the assigned rep on similar leads",
        f"win rate of the rep, then on the product, then on product and region ({_SHRUNK}), minus the team's rate, minus "
        "what all reps reach more on that product and region than on all; null without a rep",
        "rep", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "industry_affinity", Unit.SHARE, "win rate in this industry against all",
        f"win rate of the lead's industry ({_SHRUNK}) minus the rate of all leads with a known industry; null without "
        "one",
        "industry", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "geographic_opportunity", Unit.SHARE, "win rate in this region against all",
        f"win rate of the region, then of region and product ({_SHRUNK}), minus the rate of all; null without a region",
        "region", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "market_win_rate_lift", Unit.SHARE, "recent win rate of the segment against all",
        f"win rate over leads that ended in the last 180 days, of the product, then of product and region ({_SHRUNK}), "
        "minus that of all in the same time; null without a product",
        "market_win_rate", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "market_days_to_win_lift", Unit.NUMBER, "extra days to a win in this segment",
        "mean days from creation to win, of the product, then of product and region (each level with 20 wins at the "
        "mean of the level above added), minus the mean of all; null without a product",
        "market_speed", family=_M, as_of_rule=ENDED_BEFORE,
    ),
    Feature(
        "market_volume_trend", Unit.NUMBER, "trend of arrivals in this segment",
        "ln((leads of the same product and region in the last 30 days + 5) / (in the 30 days before + 5)); null where "
        "the log does not go back 60 days, before it spans two years, and without a product",
        "market_volume", family=_M, as_of_rule=ARRIVED_BEFORE,
    ),
)  # fmt: skip
