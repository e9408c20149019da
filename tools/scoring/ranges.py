"""Where the features of a training lie, so that a lead far outside can be flagged. Pure: no clock, no I/O."""

from typing import Self

import polars as pl
from pydantic import Field

from domain.values import Value
from tools.scoring.features import Family, describe

_TAIL = 0.001
_FENCE = 3.0
_MIN_ROWS = 100
_EXPECTED = 0.9


class Ranges(Value):
    """The range of each number that is usual, by feature: below or above it a value is an outlier."""

    usual: dict[str, tuple[float, float]] = Field(default_factory=dict)
    expected: frozenset[str] = Field(
        default=frozenset(),
        description="Facts about who a lead is that nine of ten leads have: without one, a gap is said.",
    )

    @classmethod
    def of(cls, features: pl.DataFrame) -> Self:
        """Take the ranges from a feature table.

        A range ends where both say so: the 0.1 % and 99.9 % quantiles, and Tukey's outer fences (three
        interquartile ranges beyond the quartiles). Quantiles alone would flag one lead in 500 of any feature, fences
        alone every long tail.

        Args:
            features: Columns that are no number are passed over; so are those with fewer than 100 values.

        Source:
            Tukey, Exploratory Data Analysis, 1977, for the fences.
        """
        numbers = [name for name, dtype in features.schema.items() if dtype.is_float()]
        usual = {}
        for name in numbers:
            values = features.get_column(name).drop_nulls().drop_nans()
            if len(values) < _MIN_ROWS:
                continue
            low, first, third, high = (float(values.quantile(q) or 0.0) for q in (_TAIL, 0.25, 0.75, 1 - _TAIL))
            reach = _FENCE * (third - first)
            usual[name] = (min(low, first - reach), max(high, third + reach))
        facts = [name for name in features.columns if describe(name).family is Family.FIT]
        known = {name: features.height - features.get_column(name).null_count() for name in facts}
        expected = frozenset(name for name, n in known.items() if n >= max(_MIN_ROWS, _EXPECTED * features.height))
        return cls(usual=usual, expected=expected)
