"""Predicts three quantiles of a quantity: the rung that pays, and offsets measured out of fold. Pure: no clock, no I/O."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from pydantic import Field

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import Schema
from tools.scoring.worth.deals import share_followed, weights_of
from tools.scoring.worth.grouping import Grouping, shrink
from tools.scoring.worth.location import (
    Location,
    Middle,
    fit_gbm_location,
    fit_groups,
    fit_linear_location,
    location_from_plain,
)
from tools.scoring.worth.weighted import LEVELS, conformal_quantiles, count_deals, mean_by_deal, pinball

MIN_DEALS = 20
"""Deals below which no interval is given: a tenth of fewer is no deal or two."""

MIN_FOR_LINEAR, MIN_FOR_GBM = 100, 500
_N_FOLDS = 5
_HELD_SHARE = 0.2
_SURE = 2.0


@dataclass(frozen=True)
class Sample:
    """Rows to learn a quantity from.

    Attributes:
        matrix: Shape (n_rows, n_features).
        y: Shape (n_rows,). The quantity on the log scale.
        weights: Shape (n_rows,), > 0.
        deals: Shape (n_rows,). Rows of one deal share a number; numbers ascend with the day the lead came.
        took_days: Shape (n_rows,). From the day the lead came to its win.
        followed_days: Shape (n_rows,). From the day the lead came to the moment of learning.
        leads_followed: Shape (n_leads,), ascending. The same of all leads, won or not.
        schema: Columns of the matrix.
        grouping: Groups that may differ in level and in spread.
    """

    matrix: FloatMatrix
    y: FloatVector
    weights: FloatVector
    deals: IntVector
    took_days: FloatVector
    followed_days: FloatVector
    leads_followed: FloatVector
    schema: Schema
    grouping: Grouping

    def rows(self, kept: BoolVector) -> "Sample":
        """Return some of the rows."""
        names = ("matrix", "y", "weights", "deals", "took_days", "followed_days")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    def without(self, stretch: BoolVector) -> "Sample":
        """Return the rows of the leads that came before or after those of a stretch of time, weighted anew.

        Without the early leads the slow wins are rarer than their weights say.
        """
        first, last = self.followed_days[stretch].min(), self.followed_days[stretch].max()
        others = self.leads_followed[(self.leads_followed < first) | (self.leads_followed > last)]
        rest = self.rows(~stretch)
        return replace(rest, weights=weights_of(share_followed(others, rest.took_days)))


class RungLoss(Value):
    """How one rung did out of fold."""

    middle: Middle
    by_group: bool = Field(description="Whether its offsets differ by group.")
    pinball: float = Field(description="Mean over the three quantiles, on the log scale.")


class QuantileEvidence(Value):
    """What was measured out of fold, for the model card."""

    deals: int
    rows: int
    why: str
    rungs: tuple[RungLoss, ...] = ()
    pinball: float
    pinball_of_overall: float = Field(description="Of the same three quantiles for everyone.")
    below: tuple[float, float, float] = Field(description="Share of the deals below each quantile.")

    @property
    def coverage(self) -> float:
        """Share of the deals between P10 and P90; nominally 0.8."""
        return self.below[2] - self.below[0]


@dataclass(frozen=True)
class QuantileModel:
    """The middle of a row plus its group's offsets.

    Attributes:
        middle: The rung.
        location: Its fitted model.
        grouping: Gives the group of a row.
        offsets: Shape (n_groups, 3), ascending in each row.
    """

    middle: Middle
    location: Location
    grouping: Grouping
    offsets: FloatMatrix

    def at(self, matrix: FloatMatrix) -> tuple[FloatVector, FloatMatrix]:
        """Return the middle, shape (n_rows,), and the quantiles, shape (n_rows, 3), on the log scale."""
        middle = self.location.at(matrix)
        return middle, middle[:, None] + self.offsets[self.grouping.of(matrix)]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "middle": self.middle.value,
            "location": self.location.to_plain(),
            "grouping": self.grouping.model_dump(mode="json"),
            "offsets": self.offsets.tolist(),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        middle = Middle(plain["middle"])
        return cls(
            middle,
            location_from_plain(middle, plain["location"]),
            Grouping.model_validate(plain["grouping"]),
            np.array(plain["offsets"]),
        )


def fit_quantiles(sample: Sample, *, rng: np.random.Generator) -> tuple[QuantileModel, QuantileEvidence, FloatVector]:
    """Fit the highest rung that pays.

    Each rung is fitted five times without a fifth of the deals and predicts them. A fifth is a stretch of time, so
    that the residuals hold what the calendar does to deals of other months. A rung's offsets are the conformal
    quantiles of these residuals, and its loss is measured with the offsets of the other folds. A rung replaces the
    one below only when its pinball loss is lower by more than two standard errors of the paired difference; so do
    offsets by group replace common ones. Two, because up to seven candidates compete on few deals. The chosen rung is refitted on all rows.

    Args:
        sample: Rows of at least `MIN_DEALS` deals.
        rng: Seeds the booster.

    Returns:
        The model, what was measured, and the residuals out of fold, shape (n_rows,).

    Source:
        Cross-conformal prediction: Vovk, Annals of Mathematics and Artificial Intelligence 74 (2015). As in
        Romano, Patterson and Candes (NeurIPS 2019) each quantile is corrected by itself, so intervals need not be
        symmetric.
    """
    _, deal = np.unique(sample.deals, return_inverse=True)
    n_deals = int(deal.max()) + 1
    fold = (np.arange(n_deals) * _N_FOLDS // n_deals)[deal]
    seed = int(rng.integers(2**31 - 1))
    rungs = [Middle.OVERALL, Middle.GROUPS]
    rungs += [Middle.LINEAR] if n_deals >= MIN_FOR_LINEAR and sample.schema.columns else []
    rungs += [Middle.GBM] if n_deals >= MIN_FOR_GBM and sample.schema.columns else []
    best, losses = None, []
    for rung in rungs:
        residuals = _out_of_fold(sample, rung, fold, seed)
        for by_group in (False, True) if rung is not Middle.OVERALL and sample.grouping.size > 1 else (False,):
            grouping = sample.grouping if by_group else Grouping()
            quantiles = _cross_offsets(sample, residuals, grouping, fold)
            by_deal = mean_by_deal(pinball(quantiles, residuals), sample.weights, deal)
            rival = _Candidate(rung, grouping, residuals, quantiles, by_deal)
            losses.append(RungLoss(middle=rung, by_group=by_group, pinball=float(by_deal.mean())))
            if best is None or _pays(by_deal, best.by_deal):
                best = rival
    assert best is not None, "the first rung always competes"
    everything = np.ones(len(deal), dtype=np.bool_)
    model = QuantileModel(
        best.rung,
        _fit(sample, best.rung, seed),
        best.grouping,
        _offsets(sample, best.residuals, best.grouping, everything),
    )
    below = np.average(best.residuals[:, None] <= best.quantiles, axis=0, weights=sample.weights)
    evidence = QuantileEvidence(
        deals=n_deals,
        rows=len(deal),
        why=_why(losses, best),
        rungs=tuple(losses),
        pinball=float(best.by_deal.mean()),
        pinball_of_overall=losses[0].pinball,
        below=(float(below[0]), float(below[1]), float(below[2])),
    )
    return model, evidence, best.residuals


@dataclass(frozen=True)
class _Candidate:
    rung: Middle
    grouping: Grouping
    residuals: FloatVector
    quantiles: FloatMatrix
    by_deal: FloatVector


def _pays(rival: FloatVector, held: FloatVector) -> bool:
    gain = held - rival
    return bool(gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)))


def _why(losses: list[RungLoss], best: _Candidate) -> str:
    if best.rung is Middle.OVERALL:
        return "the same quantiles for everyone: nothing known of a lead predicts better"
    spread = "offsets by group" if best.grouping.size > 1 else "common offsets"
    less = 1 - float(best.by_deal.mean()) / losses[0].pinball
    return f"{best.rung} with {spread}: pinball loss {less:.1%} lower than the same quantiles for everyone"


def _out_of_fold(sample: Sample, rung: Middle, fold: IntVector, seed: int) -> FloatVector:
    residuals = np.empty(len(fold))
    for k in range(_N_FOLDS):
        inside = fold == k
        location = _fit(sample.without(inside), rung, seed)
        residuals[inside] = sample.y[inside] - location.at(sample.matrix[inside])
    return residuals


def _fit(sample: Sample, rung: Middle, seed: int) -> Location:
    matrix, y, weights = sample.matrix, sample.y, sample.weights
    fit_rows = sample.deals <= np.quantile(np.unique(sample.deals), 1 - _HELD_SHARE)
    match rung:
        case Middle.OVERALL:
            return fit_groups(matrix, y, weights, Grouping())
        case Middle.GROUPS:
            return fit_groups(matrix, y, weights, sample.grouping)
        case Middle.LINEAR:
            return fit_linear_location(matrix, y, weights, sample.schema, fit_rows=fit_rows)
        case Middle.GBM:
            return fit_gbm_location(matrix, y, weights, sample.schema, fit_rows=fit_rows, seed=seed)


def _cross_offsets(sample: Sample, residuals: FloatVector, grouping: Grouping, fold: IntVector) -> FloatMatrix:
    """Return each row's offsets as the other folds have them, shape (n_rows, 3)."""
    quantiles = np.empty((len(fold), len(LEVELS)))
    for k in range(_N_FOLDS):
        inside = fold == k
        quantiles[inside] = _offsets(sample, residuals, grouping, ~inside)[grouping.of(sample.matrix[inside])]
    return quantiles


def _offsets(sample: Sample, residuals: FloatVector, grouping: Grouping, kept: BoolVector) -> FloatMatrix:
    """Return each group's offsets from the rows kept, shape (n_groups, 3)."""
    r, w, deals, group = residuals[kept], sample.weights[kept], sample.deals[kept], grouping.of(sample.matrix[kept])
    pooled = conformal_quantiles(r, w, deals)
    own, n = np.tile(pooled, (grouping.size, 1)), np.zeros(grouping.size)
    for g in np.unique(group) if grouping.size > 1 else ():
        rows = group == g
        own[g], n[g] = conformal_quantiles(r[rows], w[rows], deals[rows]), count_deals(deals[rows])
    return shrink(own, pooled, n)
