"""Turns log-odds by feature into reasons: points that add up to the score, words, and the events behind them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from domain.scores import Reason
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.calibration import Calibrator
from tools.scoring.features import Feature, Unit, describe

MAX_REASONS = 4
MAX_WORDS = 25
MIN_POINTS = 0.5
"""A contribution that rounds to nothing is no reason."""

MAX_EVIDENCE = 5
_FLAT = 1e-6
_PHRASES = {
    Unit.COUNT: "{label}: {value:.0f}",
    Unit.DAYS: "{label} {value:.1f} days ago",
    Unit.HOURS: "{label} is {value:.1f} hours",
    Unit.SECONDS: "{minutes:.0f} minutes of {label}",
    Unit.SHARE: "{label}: {value:.0%}",
}


@dataclass(frozen=True)
class Points:
    """A score split by feature.

    Attributes:
        base: Shape (n_rows,). Points of the model's starting point.
        by_feature: Shape (n_rows, n_features). `base + by_feature.sum(axis=1)` is the score, but where
            contributions cancel and the rest is left to `other_points`.
    """

    base: FloatVector
    by_feature: FloatMatrix


def points_by_feature(contributions: FloatMatrix, calibrator: Calibrator) -> Points:
    """Carry contributions in log-odds through the calibration onto the 0 to 100 scale.

    The difference between the calibrated score and the calibrated starting point is shared in proportion to
    the log-odds. That is the Aumann-Shapley share along the straight line between the two; as the map never
    falls, no contribution changes its sign. Where contributions cancel to nothing, the slope of the map at the
    starting point takes the place of the ratio.

    Args:
        contributions: Shape (n_rows, n_features + 1), log-odds; the last column is the starting point.
        calibrator: Log-odds to probability.

    Source:
        Lundberg et al., Nature Machine Intelligence 2 (2020), for the additive log-odds.
    """
    start, parts = contributions[:, -1], contributions[:, :-1]
    total = contributions.sum(axis=1)
    base, score = 100 * calibrator(start), 100 * calibrator(total)
    moved = total - start
    is_flat = np.abs(moved) < _FLAT
    slope = 100 * (calibrator(start + _FLAT) - calibrator(start - _FLAT)) / (2 * _FLAT)
    ratio = np.where(is_flat, slope, (score - base) / np.where(is_flat, 1.0, moved))
    return Points(base=base, by_feature=parts * ratio[:, None])


def reasons_for(
    points: FloatVector,
    names: Sequence[str],
    values: Mapping[str, Any],
    *,
    lead_id: str,
    as_of: datetime,
    interactions: Sequence[Mapping[str, Any]],
) -> tuple[Reason, ...]:
    """Choose the strongest reasons behind one score.

    Features that tell the same fact (the same count over several windows) are one reason, told by the strongest
    feature that agrees with the sum.

    Args:
        points: Shape (n_features,).
        names: Feature names in the order of `points`.
        values: The lead's features as computed; None is "not measured".
        lead_id: Evidence of the reasons that rest on the lead's own fields.
        as_of: The moment of the score.
        interactions: The lead's interactions before `as_of`, oldest first: `id`, `kind`, `at`.

    Returns:
        At most four, strongest first.
    """
    groups: dict[str, list[tuple[float, Feature]]] = {}
    for value, name in zip(points.tolist(), names, strict=True):
        feature = describe(name)
        groups.setdefault(feature.group, []).append((value, feature))
    totals = [(sum(value for value, _ in members), members) for members in groups.values()]
    strongest = sorted((t for t in totals if abs(t[0]) >= MIN_POINTS), key=lambda t: (-abs(t[0]), t[1][0][1].group))
    reasons = []
    for total, members in strongest[:MAX_REASONS]:
        _, feature = max(members, key=lambda member: member[0] * total)
        reasons.append(
            Reason(
                feature=feature.name,
                points=total,
                text=say(feature, values.get(feature.name), raises=total > 0),
                evidence_ids=_evidence(feature, lead_id, as_of, interactions),
            )
        )
    return tuple(reasons)


def say(feature: Feature, value: Any, *, raises: bool) -> str:
    """Say a feature's value and its effect in at most 25 words."""
    fact = _fact(feature, value)
    words = fact.split()
    effect = "which raises the score" if raises else "which lowers the score"
    room = MAX_WORDS - len(effect.split())
    fact = fact if len(words) <= room else " ".join(words[: room - 1]) + " …"
    return f"{fact[:1].upper()}{fact[1:]}, {effect}"


def _fact(feature: Feature, value: Any) -> str:
    label = feature.label
    if value is None:
        return f"{label} not known"
    if isinstance(value, bool):
        return f"{label}: {'yes' if value else 'no'}"
    if not isinstance(value, float):
        return f"{label} is {str(value).replace('_', ' ')}"
    if value == 0 and feature.unit in (Unit.COUNT, Unit.SECONDS):
        return f"no {label}"
    return _PHRASES.get(feature.unit, "{label} is {rounded:g}").format(
        label=label, value=value, rounded=round(value, 2), minutes=value / 60
    )


def _evidence(
    feature: Feature, lead_id: str, as_of: datetime, interactions: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the ids of the newest interactions behind a feature; the lead's own id when it rests on none."""
    if not feature.kinds:
        return (lead_id,)
    since = None if feature.days is None else as_of - timedelta(days=feature.days)
    ids = [row["id"] for row in interactions if row["kind"] in feature.kinds and (since is None or row["at"] >= since)]
    newest = ids[-1:] if feature.newest_only else ids[-MAX_EVIDENCE:]
    return tuple(newest) or (lead_id,)
