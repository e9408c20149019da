"""Switches of the planted effects, for null controls. Holds no numbers: their sizes are in the market files."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effects:
    """Which planted effects are on. Switching one off leaves every other draw of the same seed as it was.

    Attributes:
        rep: Reps differ by product, language and region.
        nudges: Actions change the odds of conversion, and differ in how often they are answered.
        timing: The speed and the hour of a contact matter.
        seasons: Weekly and yearly seasons, of arrivals and of odds.
        drift: Odds change slowly over the year.
        behaviour: What leads do and say reveals their urgency, need and budget.
        fields: Fields, source, region, product and language change the odds.
        missing: Some fields are not measured.
        duplicates: Some leads are recorded twice.
        bots: Some leads are no people, and crawlers view pages.
    """

    rep: bool = True
    nudges: bool = True
    timing: bool = True
    seasons: bool = True
    drift: bool = True
    behaviour: bool = True
    fields: bool = True
    missing: bool = True
    duplicates: bool = True
    bots: bool = True
