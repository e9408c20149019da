"""Finds what would raise a score: actions a rep can take, as the model sees other leads. Promises no effect. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.insights import Counterfactual
from tools.scoring.arrays import FloatMatrix
from tools.scoring.explaining.actions import Action, open_steps
from tools.scoring.features import describe
from tools.scoring.guarding.reference import Reference
from tools.scoring.history import HISTORY_SCHEMA
from tools.scoring.model import Prediction

MAX_COUNTERFACTUALS = 3
MIN_GAIN = 1.0
"""Points. Less than this a rep cannot tell from nothing."""

PLAUSIBLE = 0.95
"""Quantile of the leads seen in training that a changed feature must not pass."""

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class _Step:
    actions: tuple[Action, ...]
    features: tuple[str, ...]
    p: float


def plausible_bounds(matrix: FloatMatrix, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Read off training rows how far the features that a rep can change go.

    Args:
        matrix: Shape (n_rows, n_features), NaN is "not measured".
        names: Columns.

    Returns:
        From 0 to the quantile `PLAUSIBLE`, at least 1 so that a first action is never implausible; a feature that was
        never measured is absent.
    """
    bounds = {}
    for i, name in enumerate(names):
        known = matrix[np.isfinite(matrix[:, i]), i]
        if describe(name).actionable and len(known):
            bounds[name] = (0.0, max(1.0, float(np.quantile(known, PLAUSIBLE))))
    return bounds


def bounds_of(reference: Reference) -> dict[str, tuple[float, float]]:
    """Return what `plausible_bounds` would, from the counts kept of a training: as exact as its cells."""
    bounds = {}
    for column in reference.columns:
        counts = np.array(column.counts[: len(column.edges)], dtype=np.float64)
        if describe(column.name).actionable and column.edges and sum(column.counts):
            reached = np.cumsum(counts) / sum(column.counts)
            highest = min(int(np.searchsorted(reached, PLAUSIBLE)), len(column.edges) - 1)
            bounds[column.name] = (0.0, max(1.0, column.edges[highest]))
    return bounds


def find_counterfactuals(
    history: pl.DataFrame,
    *,
    features_of: Callable[[pl.DataFrame], pl.DataFrame],
    predict: Callable[[pl.DataFrame], Prediction],
    reads: Sequence[str],
    bounds: Bounds,
    allowed: frozenset[str] | None = None,
) -> tuple[Counterfactual, ...]:
    """Find one or two actions that would raise a lead's score.

    Each action is put into a copy of the lead's history as the event that it would log, just before the moment of
    the score, and the copies go through the same features and model as the lead did. So the changed features agree
    with each other, as they do for leads to whom this happened. The model has seen that such leads convert more or
    less often, not that the action is why: a lead that books a meeting may have been ready before.

    Never proposed: what is done already, what comes out of the blue (a proposal before any conversation), two
    messages at once, more contact than nearly all leads got, and anything about who the lead is.

    Args:
        history: `HISTORY_SCHEMA` of one lead at one moment.
        features_of: Builds the feature table of a history.
        predict: Scores a feature table in one batch.
        reads: Columns that the model reads.
        bounds: Plausible range by feature that a rep can change, see `plausible_bounds`; holds beside the table's own.
        allowed: Ids of `ACTIONS` that may be proposed (consent, house rules); None for all.

    Returns:
        At most three, most points first. A gain counts when the new score lies above the interval of the present
        one and at least a point above it; a pair must beat the better of its halves by a point. Empty where nothing
        helps that much.

    Raises:
        InvalidInputError: If the history is of more than one lead and moment.
    """
    steps = _candidates(history, allowed)
    if not steps:
        return ()
    table = features_of(pl.concat([_copy(history, 0, ()), *(_copy(history, i, s) for i, s in enumerate(steps, 1))]))
    ids = [int(str(lead_id).rpartition("#")[2]) for lead_id in table.get_column("lead_id")]
    rows: dict[int, dict[str, Any]] = dict(zip(ids, table.iter_rows(named=True), strict=True))
    prediction = predict(table)
    p = dict(zip(ids, prediction.p.tolist(), strict=True))
    ceiling = float(prediction.high[ids.index(0)])
    read = set(reads)
    singles: dict[str, float] = {}
    found = []
    for i, actions in enumerate(steps, start=1):
        changed = _changed(rows[0], rows[i], read)
        if not changed or not all(_is_plausible(name, rows[i][name], bounds) for name in changed):
            continue
        if len(actions) == 1:
            singles[actions[0].id] = p[i]
        best_half = max((singles.get(action.id, p[0]) for action in actions), default=p[0])
        least = p[0] if len(actions) == 1 else max(p[0], best_half)
        if p[i] > ceiling and 100 * (p[i] - least) >= MIN_GAIN:
            found.append(_Step(actions, changed, p[i]))
    found.sort(key=lambda step: (-step.p, len(step.actions), [action.id for action in step.actions]))
    return tuple(_say(step, p[0]) for step in found[:MAX_COUNTERFACTUALS])


def _candidates(history: pl.DataFrame, allowed: frozenset[str] | None) -> list[tuple[Action, ...]]:
    if history.select("lead_id", "as_of").n_unique() != 1:
        raise InvalidInputError("history", history.height, "rows must be of one lead at one moment")
    happened = history.filter((pl.col("record") == "interaction") & (pl.col("at") < pl.col("as_of")))
    counts = happened.group_by("kind").len()
    return open_steps(dict(counts.iter_rows()), allowed)


def _renamed(history: pl.DataFrame, i: int) -> pl.DataFrame:
    return history.with_columns(lead_id=pl.col("lead_id") + f"#{i}")


def _copy(history: pl.DataFrame, i: int, actions: tuple[Action, ...]) -> pl.DataFrame:
    """Return the history under another id, with the events that the actions would log."""
    first = history.row(0, named=True)
    events = [
        {
            **dict.fromkeys(HISTORY_SCHEMA),
            "lead_id": first["lead_id"],
            "as_of": first["as_of"],
            "record": "interaction",
            "id": f"if-{action.id}",
            "at": first["as_of"] - timedelta(microseconds=1),
            "kind": str(action.kind),
            "channel": None if action.channel is None else str(action.channel),
        }
        for action in actions
    ]
    return _renamed(pl.concat([history.select(HISTORY_SCHEMA.keys()), pl.DataFrame(events, schema=HISTORY_SCHEMA)]), i)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], read: set[str]) -> tuple[str, ...]:
    """Return the features that a rep can change, that the model reads and that would change."""
    return tuple(
        name
        for name, value in after.items()
        if name in read and value != before.get(name) and describe(name).actionable
    )


def _is_plausible(name: str, value: Any, bounds: Bounds) -> bool:
    if value is None or isinstance(value, (bool, str)):
        return True
    ranges = [each for each in (describe(name).bounds, bounds.get(name)) if each is not None]
    return all(low <= value <= high for low, high in ranges)


def _say(step: _Step, now: float) -> Counterfactual:
    labels = [action.label for action in step.actions]
    label = " and ".join([labels[0], *(f"{label[:1].lower()}{label[1:]}" for label in labels[1:])])
    gain = 100 * (step.p - now)
    return Counterfactual(
        actions=tuple(action.id for action in step.actions),
        features=step.features,
        p_convert=step.p,
        points=100 * step.p,
        gain=gain,
        text=f"{label}: {gain:+.0f} {'point' if round(gain) == 1 else 'points'} (to {100 * step.p:.0f})",
    )
