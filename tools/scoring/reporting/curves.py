"""The curves of out-of-fold predictions, thinned to what a plot shows. Pure: no clock, no I/O."""

import numpy as np
from pydantic import Field

from domain.errors import InvalidInputError
from domain.values import Value
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector

MAX_POINTS = 200
RELIABILITY_BINS = 10
_MIN_ROWS_A_BIN = 20
_DIGITS = 5
"""Of coordinates: a plot shows three."""

Points = tuple[tuple[float, float], ...]


class ReliabilityPoint(Value):
    """Leads of about the same score: what was said and what was seen, with its 95 % Wilson interval."""

    rows: int
    said: float
    seen: float
    low: float
    high: float


class TopShare(Value):
    """The highest-scored leads: how many of them converted, and how many of all that converted they hold."""

    share: float = Field(description="Share of all leads, 0 to 1.")
    rows: int
    converted: float = Field(description="Share converted among them.")
    low: float
    high: float
    of_all_won: float = Field(description="Share of all converted leads that are among them.")


class Lift(Value):
    """How many times as often the top fifth converts as the rest, with its 95 % interval."""

    value: float
    low: float
    high: float


class Curves(Value):
    """ROC, precision and recall, gain and reliability of one set of predictions. Each of at most 200 points."""

    rows: int
    won: int
    roc: Points = Field(description="(false alarm rate, hit rate), from (0, 0) to (1, 1).")
    pr: Points = Field(description="(recall, precision), from the highest score down.")
    gain: Points = Field(description="(share of leads, share of all converted among them), from (0, 0) to (1, 1).")
    reliability: tuple[ReliabilityPoint, ...]
    tops: tuple[TopShare, ...] = Field(description="The top 5, 10, 20, 30, 50 % and all.")
    lift: Lift | None = Field(description="Null where nobody converted.")


def curves_of(p: FloatVector, labels: BoolVector) -> Curves:
    """Draw the curves of predictions.

    Args:
        p: Shape (n_rows,). Probabilities, each from a model and a map that have not seen the row.
        labels: Shape (n_rows,).

    Raises:
        InvalidInputError: If lengths differ or there are no rows.
    """
    if len(p) != len(labels) or len(p) == 0:
        raise InvalidInputError(
            "labels", len(labels), f"must have one entry for each of the {len(p)} rows, one at least"
        )
    order = np.argsort(-p, kind="stable")
    last = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    hits = np.cumsum(labels[order])[last].astype(np.float64)
    taken = (last + 1).astype(np.float64)
    won, lost = max(1.0, hits[-1]), max(1.0, taken[-1] - hits[-1])
    recall = hits / won
    lift = metrics.lift_of_top(p, labels)
    return Curves(
        rows=len(p),
        won=int(labels.sum()),
        roc=_thin(np.append(0.0, (taken - hits) / lost), np.append(0.0, recall)),
        pr=_thin(recall, hits / taken),
        gain=_thin(np.append(0.0, taken / len(p)), np.append(0.0, recall)),
        reliability=_reliability(p, labels),
        tops=tuple(_top(p, labels, share) for share in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)),
        lift=None if lift is None else Lift(value=lift.value, low=lift.low, high=lift.high),
    )


def _reliability(p: FloatVector, labels: BoolVector) -> tuple[ReliabilityPoint, ...]:
    n_bins = max(1, min(RELIABILITY_BINS, len(p) // _MIN_ROWS_A_BIN))
    points = []
    for rows, said, seen in metrics.reliability(p, labels, n_bins=n_bins):
        interval = metrics.wilson(seen * rows, rows)
        points.append(ReliabilityPoint(rows=rows, said=said, seen=seen, low=interval.low, high=interval.high))
    return tuple(points)


def _top(p: FloatVector, labels: BoolVector, share: float) -> TopShare:
    won, rows = metrics.top_counts(p, labels, share=share)
    interval = metrics.wilson(won, rows)
    return TopShare(
        share=share,
        rows=rows,
        converted=interval.value,
        low=interval.low,
        high=interval.high,
        of_all_won=won / max(1.0, float(labels.sum())),
    )


def _thin(x: FloatVector, y: FloatVector) -> Points:
    """Keep at most `MAX_POINTS` points, evenly along the curve's length, both ends among them."""
    if len(x) > MAX_POINTS:
        length = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
        kept = np.searchsorted(length, np.linspace(0, length[-1], MAX_POINTS))
        kept[-1] = len(x) - 1
        kept = np.unique(kept)
        x, y = x[kept], y[kept]
    return tuple((round(float(a), _DIGITS), round(float(b), _DIGITS)) for a, b in zip(x, y, strict=True))
