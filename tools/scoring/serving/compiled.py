"""A trained model prepared for single rows: log-odds, probability and bounds of one lead. Trains nothing. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

from tools.scoring.arrays import FloatVector
from tools.scoring.calibration import TWO_SIDED_95
from tools.scoring.linear import LinearModel
from tools.scoring.model import UNTESTED_MARGIN, TrainedModel
from tools.scoring.serving.row_maps import (
    RowBounds,
    RowMap,
    knotted_bounds,
    logit,
    sigmoid,
    tilted_bounds,
    tilted_map,
    trained_map,
)
from tools.scoring.serving.row_rankers import PreparedLinear, Row, RowRanker, prepare


class RowScore(NamedTuple):
    """What a model says of one row.

    Attributes:
        log_odds: Before calibration; NaN where the model sees no signal and asks its ranker nothing.
        p: Calibrated probability.
        low: At most `p`.
        high: At least `p`.
    """

    log_odds: float
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class CompiledModel:
    """A trained model that answers rows as `TrainedModel.predict_matrix` does, to 1e-12, without arrays or frames.

    Attributes:
        trained: What it was made from.
        ranker: Its ranker, for single rows.
    """

    trained: TrainedModel
    ranker: RowRanker
    _as_trained: RowMap
    _interval: RowBounds | None
    _margin: Callable[[Row], float]
    _today: RowMap | None
    _move: Callable[[float, float], tuple[float, float]] | None

    @classmethod
    def of(cls, trained: TrainedModel) -> Self:
        """Prepare a model; takes milliseconds, so do it once for each version."""
        calibrator, tilt = trained.calibrator, trained.calibrator.tilt
        ranker = prepare(trained.ranker)
        return cls(
            trained=trained,
            ranker=ranker,
            _as_trained=trained_map(calibrator),
            _interval=None if trained.interval is None else knotted_bounds(trained.interval),
            _margin=_margin(trained, ranker),
            _today=None if tilt is None else tilted_map(calibrator, tilt),
            _move=None if tilt is None else tilted_bounds(calibrator, tilt),
        )

    def score(self, row: Row) -> RowScore:
        """Score one row.

        Args:
            row: Length n_features, in the order of the model's schema; NaN is "not measured".
        """
        if self.trained.no_signal is not None:
            base = self.trained.base_rate
            return RowScore(float("nan"), base.value, base.low, base.high)
        log_odds = self.ranker.log_odds(row)
        p = self._as_trained(log_odds)
        low, high = (p, p) if self._interval is None else self._interval(log_odds)
        margin = self._margin(row)
        if margin > 0:
            centre = logit(p)
            low, high = min(low, sigmoid(centre - margin)), max(high, sigmoid(centre + margin))
        if self._move is not None and self._today is not None:
            low, high = self._move(min(low, p), max(high, p))
            p = self._today(p)
        return RowScore(log_odds, p, min(low, p), max(high, p))

    def contributions(self, row: Row) -> FloatVector:
        """Return the row's log-odds by feature, shape (n_features + 1,), the last entry common to all rows."""
        return self.ranker.contributions(row)


def _margin(trained: TrainedModel, ranker: RowRanker) -> Callable[[Row], float]:
    if isinstance(trained.ranker, LinearModel) and isinstance(ranker, PreparedLinear):
        spread = ranker.spread
        return lambda row: TWO_SIDED_95 * spread(row)
    margin = UNTESTED_MARGIN if trained.interval is None else 0.0
    return lambda _row: margin
