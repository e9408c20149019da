"""Says how leads that scored alike ended. Pure: reads the evidence of a model, measures nothing."""

from domain.insights import BandReliability
from tools.scoring.evidence import Evidence

MIN_LEADS = 20
"""A band of fewer leads is widened by its nearest neighbour: two of three is no rate."""


def reliability_of_band(evidence: Evidence, p: float) -> BandReliability | None:
    """Find the band of the calibration table that a probability falls into.

    Args:
        evidence: Of the model that answered.
        p: Calibrated probability.

    Returns:
        The band around the row whose mean prediction is nearest, widened until it holds 20 leads; None where
        nothing was tested.
    """
    table = sorted((row for row in evidence.reliability if row.rows > 0), key=lambda row: row.said)
    if not table:
        return None
    nearest = min(range(len(table)), key=lambda i: abs(table[i].said - p))
    first = last = nearest
    while sum(row.rows for row in table[first : last + 1]) < MIN_LEADS and (first > 0 or last < len(table) - 1):
        below = p - table[first - 1].said if first > 0 else float("inf")
        above = table[last + 1].said - p if last < len(table) - 1 else float("inf")
        first, last = (first - 1, last) if below <= above else (first, last + 1)
    band = table[first : last + 1]
    leads = sum(row.rows for row in band)
    converted = sum(round(row.rows * row.seen) for row in band)
    low, high = (band[0].said, band[-1].said)
    said = f"about {low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    return BandReliability(
        said_low=low,
        said_high=high,
        leads=leads,
        converted=converted,
        text=f"Leads that scored {said.replace('%', ' %')} converted in {converted:,} of {leads:,} cases",
    )
