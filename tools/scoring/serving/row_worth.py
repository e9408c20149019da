"""What one lead's deal is worth beside the typical one, at a request's cost. Fits nothing. Pure."""

from bisect import bisect_right
from collections.abc import Callable
from math import exp

import numpy as np

from tools.scoring.serving.fast_booster import FastBooster
from tools.scoring.serving.row_rankers import Row
from tools.scoring.temperature import relative_value
from tools.scoring.worth.grouping import Grouping
from tools.scoring.worth.location import GbmLocation, GroupLocation, Location
from tools.scoring.worth.model import WorthModel

RowWorth = Callable[[Row], float]


def row_worth(worth: WorthModel | None) -> RowWorth:
    """Return the mean value of a row's deal over the typical deal's; 1 where no deal tells.

    Equal to what `WorthModel.predict` and `relative_value` say of the row, to 1e-12.
    """
    if worth is None or worth.value is None:
        return lambda _row: 1.0
    middle, group = _middle(worth.value.quantiles.location), _group(worth.value.quantiles.grouping)
    ratios, typical = worth.value.mean_ratio.tolist(), worth.typical_value

    def relative(row: Row) -> float:
        return relative_value(exp(middle(row)) * ratios[group(row)], typical)

    return relative


def _middle(location: Location) -> RowWorth:
    match location:
        case GroupLocation():
            medians, group = location.medians.tolist(), _group(location.grouping)
            return lambda row: float(medians[group(row)])
        case GbmLocation():
            return FastBooster(location.booster).raw_score
        case _:
            return lambda row: float(location.at(np.array([row]))[0])


def _group(grouping: Grouping) -> Callable[[Row], int]:
    column, edges, last = grouping.column, grouping.edges, grouping.size - 1
    if column is None:
        return lambda _row: 0

    def group(row: Row) -> int:
        value = row[column]
        if value != value:  # noqa: PLR0124 - NaN alone differs from itself
            return last
        return bisect_right(edges, value) if edges else int(value)

    return group
