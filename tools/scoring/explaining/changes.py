"""Explains why a score changed between two moments: points, words, and the events in between. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.insights import ChangeExplanation
from domain.scores import Reason
from tools.scoring.arrays import FloatVector
from tools.scoring.calibration import Calibrator
from tools.scoring.explaining.wording import MAX_WORDS, label_of, say_value
from tools.scoring.features import Feature
from tools.scoring.model import TrainedModel
from tools.scoring.reasons import MAX_EVIDENCE, MIN_POINTS, ReasonPlan, reason_plan, share, told_value

MAX_CHANGES = 3


@dataclass(frozen=True)
class Snapshot:
    """A dated score with all that is needed to compare it with another.

    Attributes:
        lead_id: Whose.
        as_of: The moment of the score.
        model_version: Which model answered.
        names: Columns of the model.
        values: The lead's features as computed; None is "not measured".
        p: Probability that was answered, with its bounds `low` and `high`.
        low: At most `p`.
        high: At least `p`.
        contributions: Shape (n_features + 1,), log-odds, the last one the model's starting point. All zero where
            the model found no signal and answers the base rate.
        calibrator: Log-odds to probability.
    """

    lead_id: str
    as_of: datetime
    model_version: str
    names: tuple[str, ...]
    values: Mapping[str, Any]
    p: float
    low: float
    high: float
    contributions: FloatVector
    calibrator: Calibrator

    @property
    def points(self) -> float:
        """The score, 0 to 100."""
        return 100 * self.p


def take_snapshots(features: pl.DataFrame, model: TrainedModel, *, model_version: str) -> list[Snapshot]:
    """Score the rows of a feature table and keep what explains them.

    Args:
        features: What `build_features` returns.
        model: Any rung.
        model_version: Its version.

    Returns:
        One snapshot a row, in order.
    """
    if features.is_empty():
        return []
    prediction = model.predict(features)
    if model.no_signal is None:
        contributions = model.ranker.contributions(prediction.matrix)
    else:
        contributions = np.zeros((features.height, len(model.schema.names) + 1))
    return [
        Snapshot(
            lead_id=values["lead_id"],
            as_of=values["as_of"],
            model_version=model_version,
            names=model.schema.names,
            values=values,
            p=float(prediction.p[i]),
            low=float(prediction.low[i]),
            high=float(prediction.high[i]),
            contributions=contributions[i],
            calibrator=model.calibrator,
        )
        for i, values in enumerate(features.iter_rows(named=True))
    ]


def points_of_change(before: Snapshot, after: Snapshot) -> FloatVector:
    """Share the difference of two scores by one model among its features.

    The share follows the straight line from the one to the other, so a feature whose log-odds stayed the same gets
    nothing, wherever on the scale the score has moved.

    Returns:
        Shape (n_features,), points. Adds up to the difference, but where the parts cancel to nothing.
    """
    parts = (after.contributions - before.contributions)[None, :-1]
    moved = np.array([after.points - before.points])
    return np.asarray(share(parts, np.array([before.contributions.sum()]), moved, after.calibrator)[0])


def explain_change(
    before: Snapshot,
    after: Snapshot,
    *,
    interactions: Sequence[Mapping[str, Any]] = (),
    same_facts: Snapshot | None = None,
) -> ChangeExplanation:
    """Say what changed since the last score, and why.

    Args:
        before: The older score.
        after: The newer score of the same lead.
        interactions: The lead's interactions before the newer score, oldest first: `id`, `kind`, `at`.
        same_facts: The older facts scored by the newer model: needed where the models differ, and what tells the
            change of the model from the change of the lead.

    Returns:
        At most three changes in words. A fact that stayed the same is never given as a cause, although a tree may
        count it differently beside others that changed: that part is in `other_points`.

    Raises:
        InvalidInputError: If the leads differ, the older score is not the older one, or the models differ and
            `same_facts` is missing or by neither.
    """
    _check(before, after, same_facts)
    is_new_model = before.model_version != after.model_version
    start = same_facts if is_new_model and same_facts is not None else before
    plan = reason_plan(after.names)
    by_feature = points_of_change(start, after)
    changed = [not _same(told_value(name, before.values), told_value(name, after.values)) for name in after.names]
    changes = _changes(plan, by_feature, changed, before, after, interactions)
    model_points = start.points - before.points
    total = after.points - before.points
    return ChangeExplanation(
        since=before.as_of,
        until=after.as_of,
        points_before=before.points,
        points_after=after.points,
        points=total,
        changes=changes,
        model_points=model_points,
        model_text=_model_text(model_points) if is_new_model else None,
        other_points=total - model_points - sum(change.points for change in changes),
    )


def _check(before: Snapshot, after: Snapshot, same_facts: Snapshot | None) -> None:
    if before.lead_id != after.lead_id:
        raise InvalidInputError("after.lead_id", after.lead_id, f"must be {before.lead_id!r}, as in the older score")
    if after.as_of < before.as_of:
        raise InvalidInputError("after.as_of", after.as_of.isoformat(), f"is before {before.as_of.isoformat()}")
    if before.model_version == after.model_version:
        return
    found = None if same_facts is None else (same_facts.model_version, same_facts.as_of)
    if found != (after.model_version, before.as_of):
        rule = "must be the older facts scored by the newer model, because the model has changed"
        raise InvalidInputError("same_facts", None if found is None else f"{found[0]} {found[1].isoformat()}", rule)


def _changes(
    plan: ReasonPlan,
    by_feature: FloatVector,
    changed: Sequence[bool],
    before: Snapshot,
    after: Snapshot,
    interactions: Sequence[Mapping[str, Any]],
) -> tuple[Reason, ...]:
    counted = np.where(changed, by_feature, 0.0)
    made = []
    for total, columns in plan.strongest(counted, at_most=MAX_CHANGES):
        feature = plan.teller(counted, columns)
        old, new = told_value(feature.name, before.values), told_value(feature.name, after.values)
        made.append(
            Reason(
                feature=feature.name,
                points=total,
                text=say_change(feature, old, new, points=total),
                evidence_ids=_evidence(feature, before, after, interactions),
            )
        )
    return tuple(made)


def say_change(feature: Feature, old: Any, new: Any, *, points: float) -> str:
    """Say in at most 25 words how a fact changed and what that did: `Replies so far: 2, was 0: +6 points`."""
    now, was = say_value(feature, new), say_value(feature, old)
    told = f"{label_of(feature)}: {now}, was {was}" if now != was else f"{label_of(feature)}: {now}, slightly changed"
    words = told.split()
    effect = f"{_signed(points)} points"
    room = MAX_WORDS - len(effect.split())
    told = told if len(words) <= room else " ".join(words[: room - 1]) + " …"
    return f"{told[:1].upper()}{told[1:]}: {effect}"


def _model_text(points: float) -> str:
    if abs(points) < MIN_POINTS:
        return "The model was trained again and says the same of the same facts"
    return f"The model was trained again: {_signed(points)} points for the same facts"


def _signed(points: float) -> str:
    return f"{points:+.0f}" if abs(points) >= 1 else f"{points:+.1f}"


def _same(old: Any, new: Any) -> bool:
    """Whether a value stayed the same; NaN is "not measured"."""
    return bool(old == new) or (_is_unknown(old) and _is_unknown(new))


def _is_unknown(value: Any) -> bool:
    return value is None or bool(value != value)  # noqa: PLR0124 - NaN is the value that differs from itself


def _evidence(
    feature: Feature, before: Snapshot, after: Snapshot, interactions: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the events behind a change: those in between, else those that left the feature's window meanwhile."""
    if not feature.kinds:
        return (after.lead_id,)
    mine = [row for row in interactions if row["kind"] in feature.kinds and row["at"] < after.as_of]
    new = [row["id"] for row in mine if row["at"] >= before.as_of]
    if new:
        return tuple(new[-MAX_EVIDENCE:])
    if feature.days is not None:
        window = timedelta(days=feature.days)
        left = [row["id"] for row in mine if before.as_of - window <= row["at"] < after.as_of - window]
        return tuple(left[-MAX_EVIDENCE:]) or (after.lead_id,)
    return tuple(row["id"] for row in mine[-1:]) or (after.lead_id,)
