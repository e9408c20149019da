"""Says whether later leads still look and convert as in training, and which features do not. Pure: no clock, no I/O."""

from collections.abc import Collection, Mapping
from enum import StrEnum

import numpy as np
import polars as pl
from pydantic import Field
from scipy.special import chdtrc, ndtr

from domain.errors import InvalidInputError
from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.features import describe
from tools.scoring.guarding.reference import Histogram, Reference
from tools.scoring.guarding.shapes import homogeneity, join_cells, kolmogorov_smirnov, population_stability_index
from tools.scoring.metrics import wilson

FALSE_ALARMS = 0.01
"""How often the features together may alarm when nothing has changed; so may the outcomes."""

WATCH_PSI, DRIFT_PSI = 0.10, 0.25
WATCH_KS, DRIFT_KS = 0.10, 0.20
WATCH_MISSING, DRIFT_MISSING = 0.05, 0.20
WATCH_LEVEL, DRIFT_LEVEL = 0.02, 0.05
"""Sizes from which a change beyond chance matters: of a shape, of a share missing, of a conversion rate."""

_TESTS_A_COLUMN = 3
_MINOR_SHARE = 0.01
_BINS = 10
_NAMED_LEVELS = 5
_CALENDAR_GROUPS = frozenset({"month", "quarter_end"})


class Verdict(StrEnum):
    """What to do about it: nothing, look again, or train again."""

    NONE = "none"
    WATCH = "watch"
    DRIFT = "drift"


class ColumnDrift(Value):
    """How one column, or the score, has changed."""

    name: str
    verdict: Verdict
    psi: float
    ks: float | None = Field(description="Distance of Kolmogorov and Smirnov; null for a category, which has no order.")
    p_value: float = Field(description="Of the smallest of its tests, corrected for all columns and tests.")
    missing_before: float
    missing_now: float
    unknown_now: float | None = Field(default=None, description="Share of rare or unseen levels, of a category.")
    new_levels: tuple[str, ...] = Field(default=(), description="Levels that the training did not know, if told.")
    why: str


class OutcomeDrift(Value):
    """What was said of leads that have settled since, and what happened."""

    rows: int
    won: int
    said: float = Field(description="Mean probability said.")
    seen: float
    seen_low: float
    seen_high: float
    base_rate: float | None = Field(description="Share converted in training.")
    p_level: float = Field(description="p-value that said and seen agree on the whole.")
    p_shape: float = Field(description="p-value that they agree at every height of the score.")
    verdict: Verdict
    why: str


class DriftReport(Value):
    """Everything that changed since the training."""

    verdict: Verdict
    why: str
    rows: int
    score: ColumnDrift
    columns: tuple[ColumnDrift, ...] = Field(description="All columns, the most changed first.")
    outcomes: OutcomeDrift | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the columns that drift or are to be watched."""
        return tuple(column.name for column in self.columns if column.verdict is not Verdict.NONE)


def detect_drift(
    reference: Reference,
    matrix: FloatMatrix,
    scores: FloatVector,
    *,
    settled_scores: FloatVector | None = None,
    settled_labels: BoolVector | None = None,
    table: pl.DataFrame | None = None,
    importance: Mapping[str, float] | None = None,
    expected: Collection[str] | None = None,
) -> DriftReport:
    """Compare later leads with those of the training.

    A column is named only if its change is beyond chance, after a correction for all columns and tests, and large
    enough to matter. So a small sample alarms late, not often.

    Args:
        reference: Made at training, of one row for each lead.
        matrix: Shape (n_rows, n_features). Later leads, one row each, at the same ages as in training.
        scores: Shape (n_rows,). What the model says of them.
        settled_scores: Shape (n_settled,). What it said, at the time, of leads whose outcome window is over by now.
        settled_labels: Shape (n_settled,). Whether they converted.
        table: The rows of the matrix before encoding; names the levels that the training did not know.
        importance: Mean absolute log-odds by column. A column with less than 1 % of the sum is at most watched.
        expected: Columns that change by themselves and are reported without a verdict; by default those of the
            calendar.

    Raises:
        InvalidInputError: If the matrix has other columns than the reference.
    """
    if matrix.shape[1] != len(reference.columns):
        raise InvalidInputError(
            "matrix", matrix.shape[1], f"must have the {len(reference.columns)} columns of training"
        )
    tests = _TESTS_A_COLUMN * (len(reference.columns) + 1)
    total = sum(importance.values()) if importance else 0.0
    columns = []
    for i, before in enumerate(reference.columns):
        found = _compare(before, before.count(matrix[:, i]), tests)
        if found.unknown_now and table is not None and before.name in table.columns:
            found = found.model_copy(update={"new_levels": _new_levels(before, table.get_column(before.name))})
        own = 1.0 if not total or importance is None else importance.get(before.name, 0.0) / total
        columns.append(_weighed(found, own, expected))
    score = _compare(reference.scores, reference.scores.count(scores), tests)
    outcomes = None
    if settled_scores is not None and settled_labels is not None and len(settled_labels):
        outcomes = judge_outcomes(settled_scores, settled_labels, base_rate=reference.base_rate)
    ordered = sorted(columns, key=lambda c: (-_ORDER[c.verdict], -c.psi, c.name))
    verdict, why = _overall(score, ordered, outcomes)
    return DriftReport(
        verdict=verdict, why=why, rows=len(scores), score=score, columns=tuple(ordered), outcomes=outcomes
    )


def judge_outcomes(p: FloatVector, labels: BoolVector, *, base_rate: float | None) -> OutcomeDrift:
    """Compare what was said of settled leads with what happened.

    Args:
        p: Shape (n_rows,). Probabilities said at the time.
        labels: Shape (n_rows,).
        base_rate: Share converted in training, for the record.

    Source:
        The level by a normal test of the sum of independent leads (Spiegelhalter 1986); the shape by Hosmer and
        Lemeshow, 1980, on new data, so with as many degrees of freedom as bins.
    """
    rows, won, variance = len(p), int(labels.sum()), float((p * (1 - p)).sum())
    seen = wilson(won, rows)
    gap = seen.value - float(p.mean())
    p_level = 2 * float(ndtr(-abs(gap) * rows / np.sqrt(variance))) if variance > 0 else 1.0
    bins = [b for b in np.array_split(np.argsort(p, kind="stable"), min(_BINS, max(1, won // 5))) if len(b)]
    squares = [(labels[b].sum() - p[b].sum()) ** 2 / max(float((p[b] * (1 - p[b])).sum()), 1e-12) for b in bins]
    p_shape = float(chdtrc(len(bins), sum(squares))) if len(bins) > 1 else 1.0
    sure = p_level < FALSE_ALARMS / 2
    verdict = Verdict.NONE
    if sure and abs(gap) >= max(DRIFT_LEVEL, 0.25 * float(p.mean())):
        verdict = Verdict.DRIFT
    elif (sure and abs(gap) >= min(WATCH_LEVEL, 0.25 * float(p.mean()))) or p_shape < FALSE_ALARMS / 2:
        verdict = Verdict.WATCH
    agrees = (
        "as said" if verdict is Verdict.NONE else "not as said" if sure else "on the whole as said, not at each height"
    )
    return OutcomeDrift(
        rows=rows,
        won=won,
        said=float(p.mean()),
        seen=seen.value,
        seen_low=seen.low,
        seen_high=seen.high,
        base_rate=base_rate,
        p_level=p_level,
        p_shape=p_shape,
        verdict=verdict,
        why=f"of {rows} settled leads {seen.value:.1%} converted ({seen.low:.1%} to {seen.high:.1%}), "
        f"{p.mean():.1%} were said: {agrees}",
    )


def _compare(before: Histogram, now: Histogram, tests: int) -> ColumnDrift:
    old, new = (np.array(side.counts, dtype=np.float64) for side in (before, now))
    psi = population_stability_index(join_cells(old), join_cells(new)) if new.sum() and old.sum() else 0.0
    ks, p_ks = kolmogorov_smirnov(old, new) if before.ordered else (None, 1.0)
    p_shape = homogeneity(join_cells(old), join_cells(new))
    filled = [np.array([side.missing, side.rows - side.missing], dtype=np.float64) for side in (before, now)]
    p_missing = homogeneity(filled[0], filled[1])
    missing_before, missing_now = (side.missing / max(1, side.rows) for side in (before, now))
    corrected = [min(1.0, p * tests) for p in (min(p_shape, p_ks), p_missing)]
    shape = _size(psi, WATCH_PSI, DRIFT_PSI) if corrected[0] < FALSE_ALARMS else Verdict.NONE
    if ks is not None and corrected[0] < FALSE_ALARMS:
        shape = max(shape, _size(ks, WATCH_KS, DRIFT_KS), key=_ORDER.__getitem__)
    gap = abs(missing_now - missing_before)
    missing = _size(gap, WATCH_MISSING, DRIFT_MISSING) if corrected[1] < FALSE_ALARMS else Verdict.NONE
    return ColumnDrift(
        name=before.name,
        verdict=max(shape, missing, key=_ORDER.__getitem__),
        psi=psi,
        ks=ks,
        p_value=min(corrected),
        missing_before=missing_before,
        missing_now=missing_now,
        unknown_now=float(new[0] / new.sum()) if before.levels and new.sum() else None,
        why=_why(shape, missing, psi, ks, missing_before, missing_now),
    )


def _why(shape: Verdict, missing: Verdict, psi: float, ks: float | None, before: float, now: float) -> str:
    parts = []
    if shape is not Verdict.NONE:
        parts.append(f"its values have moved (PSI {psi:.2f}{'' if ks is None else f', KS {ks:.2f}'})")
    if missing is not Verdict.NONE:
        parts.append(f"missing for {now:.0%}, in training for {before:.0%}")
    return "; ".join(parts) or "no change beyond chance that matters"


def _weighed(found: ColumnDrift, importance: float, expected: Collection[str] | None) -> ColumnDrift:
    group = describe(found.name).group
    by_itself = group in _CALENDAR_GROUPS if expected is None else found.name in expected
    if found.verdict is Verdict.NONE or (not by_itself and importance >= _MINOR_SHARE):
        return found
    if by_itself:
        return found.model_copy(update={"verdict": Verdict.NONE, "why": "changes with the calendar"})
    return found.model_copy(update={"verdict": Verdict.WATCH, "why": f"{found.why}; the model hardly reads it"})


def _overall(score: ColumnDrift, columns: list[ColumnDrift], outcomes: OutcomeDrift | None) -> tuple[Verdict, str]:
    said = []
    if outcomes is not None and outcomes.verdict is not Verdict.NONE:
        said.append((outcomes.verdict, outcomes.why))
    if score.verdict is not Verdict.NONE:
        said.append((score.verdict, f"scores: {score.why}"))
    said += [
        (column.verdict, f"{column.name}: {column.why}") for column in columns if column.verdict is not Verdict.NONE
    ]
    if not said:
        return Verdict.NONE, "leads look and convert as in training, as far as these can tell"
    verdict = max((part[0] for part in said), key=_ORDER.__getitem__)
    named = [text for kind, text in said if kind is verdict]
    more = f" (and {len(named) - _NAMED_LEVELS} more)" if len(named) > _NAMED_LEVELS else ""
    return verdict, "; ".join(named[:_NAMED_LEVELS]) + more


def _size(value: float, watch: float, drift: float) -> Verdict:
    return Verdict.DRIFT if value >= drift else Verdict.WATCH if value >= watch else Verdict.NONE


def _new_levels(before: Histogram, values: pl.Series) -> tuple[str, ...]:
    counts = (
        values.drop_nulls()
        .cast(pl.Utf8)
        .rename("level")
        .value_counts()
        .sort(["count", "level"], descending=[True, False])
    )
    unknown = counts.filter(~pl.col("level").is_in(list(before.levels)))
    return tuple(unknown.get_column("level").head(_NAMED_LEVELS).to_list())


_ORDER = {Verdict.NONE: 0, Verdict.WATCH: 1, Verdict.DRIFT: 2}
