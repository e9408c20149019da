"""The feature table: name, unit, formula and words of every feature computed from the log. Data only, no computing."""

from tools.scoring.families.activities import counts
from tools.scoring.families.engagement import BEHAVIOUR, TEXT
from tools.scoring.families.feature import Detail, Family, Feature, Unit
from tools.scoring.families.fit import FIT
from tools.scoring.families.market import MARKET
from tools.scoring.families.timing import TIMING

__all__ = [
    "BY_NAME",
    "FEATURES",
    "FEATURES_VERSION",
    "FIELD_PREFIX",
    "Detail",
    "Family",
    "Feature",
    "Unit",
    "describe",
]

FEATURES_VERSION = "2"
"""Raised when a formula changes, so that a stored model is never fed another feature under the same name."""

FIELD_PREFIX = "field."
"""Prefix of the columns made from a lead's own fields."""

DAYS_SINCE, DAYS_UNTIL = ".days_since", ".days_until"
"""Endings of the columns made from a field that holds a date: how long ago it was, or how far ahead it lies."""

WORD_MARK, LENGTH_MARK = "#word:", "#words"
"""In the name of a matrix column made from a free text: whether it holds a word, or how many words it has."""

FEATURES: tuple[Feature, ...] = (*FIT, *TIMING, *MARKET, *counts(), *BEHAVIOUR, *TEXT)
"""Every feature with a formula of its own. A lead's market-specific fields come on top, as `field.<name>`."""

BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}


def describe(name: str) -> Feature:
    """Return the table's row of a column; a lead's own field gets one made from its name."""
    if name in BY_NAME:
        return BY_NAME[name]
    field, _, word = name.partition(WORD_MARK)
    field = field.removesuffix(LENGTH_MARK)
    words = field.removeprefix(FIELD_PREFIX).removesuffix(DAYS_SINCE).removesuffix(DAYS_UNTIL).replace("_", " ")
    if word:
        return Feature(
            name, Unit.FLAG, f"{word!r} in {words}", f"whether the field {words!r} holds the word {word!r}", field
        )
    if name.endswith(LENGTH_MARK):
        return Feature(name, Unit.NUMBER, f"words in {words}", f"number of words in the field {words!r}", field)
    if name.endswith(DAYS_SINCE):
        return Feature(
            name, Unit.DAYS, words, f"as_of - the date in the field {words!r}; null when it lies ahead", field
        )
    if name.endswith(DAYS_UNTIL):
        formula = f"the date in the field {words!r} - as_of; null when it has passed"
        return Feature(name, Unit.NUMBER, f"days until {words}", formula, field)
    return Feature(name, Unit.CATEGORY, words, f"the lead's field {words!r} as last stored before as_of", name)
