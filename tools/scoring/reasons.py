"""Turns log-odds by feature into reasons: points that add up to the score, words, and the events behind them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Self

import numpy as np

from domain.scores import Reason
from tools.scoring.arrays import FloatMatrix, FloatVector, IntVector
from tools.scoring.calibration import Calibrator
from tools.scoring.explaining.wording import say
from tools.scoring.features import LENGTH_MARK, WORD_MARK, Feature, describe
from tools.scoring.free_text import words_of

MAX_REASONS = 3
"""What a rep takes in within ten seconds."""

MIN_POINTS = 0.5
"""A contribution that rounds to nothing is no reason."""

MAX_EVIDENCE = 5
_FLAT = 1e-6
_KEPT_PLANS = 64


@dataclass(frozen=True)
class Points:
    """A score split by feature.

    Attributes:
        base: Shape (n_rows,). Points of the model's starting point.
        by_feature: Shape (n_rows, n_features). `base + by_feature.sum(axis=1)` is the score, to 1e-6.
    """

    base: FloatVector
    by_feature: FloatMatrix


def points_by_feature(contributions: FloatMatrix, calibrator: Calibrator, p: FloatVector | None = None) -> Points:
    """Carry contributions in log-odds through the calibration onto the 0 to 100 scale.

    The difference between the calibrated score and the calibrated starting point is shared in proportion to
    the log-odds. That is the Aumann-Shapley share along the straight line between the two; as the map never
    falls, no contribution changes its sign. Where contributions cancel to nothing, the slope of the map at the
    starting point takes the place of the ratio, and the base takes up what the slope leaves over, less than
    0.02 points.

    Args:
        contributions: Shape (n_rows, n_features + 1), log-odds; the last column is the starting point.
        calibrator: Log-odds to probability.
        p: Shape (n_rows,). The probability that was answered, where the contributions come in lower precision
            than it; defaults to what they add up to.

    Source:
        Lundberg et al., Nature Machine Intelligence 2 (2020), for the additive log-odds.
    """
    start, parts = contributions[:, -1], contributions[:, :-1]
    score = 100 * (calibrator(contributions.sum(axis=1)) if p is None else p)
    base = 100 * calibrator(start)
    by_feature = share(parts, start, score - base, calibrator)
    return Points(base=score - by_feature.sum(axis=1), by_feature=by_feature)


def share(parts: FloatMatrix, start: FloatVector, moved: FloatVector, calibrator: Calibrator) -> FloatMatrix:
    """Share a move on the 0 to 100 scale among the parts of the log-odds that made it.

    Args:
        parts: Shape (n_rows, n_features). Log-odds by feature from the start of the move to its end.
        start: Shape (n_rows,). Log-odds where the move begins.
        moved: Shape (n_rows,). Points from the start to the end.
        calibrator: Log-odds to probability.

    Returns:
        Shape (n_rows, n_features). Adds up to `moved`, but where the parts cancel to less than 1e-6 log-odds.
    """
    total = parts.sum(axis=1)
    is_flat = np.abs(total) < _FLAT
    ratio = moved / np.where(is_flat, 1.0, total)
    if is_flat.any():
        slope = 100 * (calibrator(start + _FLAT) - calibrator(start - _FLAT)) / (2 * _FLAT)
        ratio = np.where(is_flat, slope, ratio)
    # Rounding in the parts can turn a ratio of almost nothing over almost nothing; the map never falls.
    return np.asarray(parts * np.maximum(ratio, 0.0)[:, None])


@dataclass(frozen=True)
class ReasonPlan:
    """What about a model's columns is the same for every lead: rows of the table, topics and families.

    Features that tell the same fact are one topic, and its points are summed before anything is said: those that
    the table gives one group, and those that say how often and how lately the same kinds of events happened. A model
    that gives two such features opposite weights says nothing by either alone.

    Attributes:
        features: Rows of the table, by column.
        topic_of: Shape (n_features,). Number of each column's topic.
        members: Columns of each topic.
        families: Names of the families, in order of first use.
        family_of: Shape (n_features,). Number of each column's family.
    """

    features: tuple[Feature, ...]
    topic_of: IntVector
    members: tuple[tuple[int, ...], ...]
    families: tuple[str, ...]
    family_of: IntVector

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """Plan for a model that reads these columns."""
        features = tuple(describe(name) for name in names)
        topics = _topics(features)
        families = tuple(dict.fromkeys(_family(feature) for feature in features))
        number = {topic: i for i, topic in enumerate(dict.fromkeys(topics))}
        members: list[list[int]] = [[] for _ in number]
        for column, topic in enumerate(topics):
            members[number[topic]].append(column)
        return cls(
            features=features,
            topic_of=np.array([number[topic] for topic in topics], dtype=np.int64),
            members=tuple(tuple(columns) for columns in members),
            families=families,
            family_of=np.array([families.index(_family(feature)) for feature in features], dtype=np.int64),
        )

    def strongest(self, points: FloatVector, *, at_most: int = MAX_REASONS) -> list[tuple[float, tuple[int, ...]]]:
        """Return the points and columns of the strongest topics, strongest first.

        Args:
            points: Shape (n_features,).
            at_most: How many.
        """
        if not self.members:
            return []
        totals = np.bincount(self.topic_of, weights=points, minlength=len(self.members))
        order = np.argsort(-np.abs(totals), kind="stable")[:at_most]
        return [(float(totals[i]), self.members[i]) for i in order.tolist() if abs(totals[i]) >= MIN_POINTS]

    def teller(self, points: FloatVector, columns: Sequence[int]) -> Feature:
        """Return the feature that tells a topic: the one with most points among those that agree with the sum."""
        mine = points[list(columns)]
        return self.features[columns[int(np.argmax(mine if mine.sum() > 0 else -mine))]]

    def reasons(
        self,
        points: FloatVector,
        values: Mapping[str, Any],
        *,
        lead_id: str,
        as_of: datetime,
        interactions: Sequence[Mapping[str, Any]],
    ) -> tuple[Reason, ...]:
        """Choose the strongest reasons behind one score; see `reasons_for`."""
        made = []
        for total, columns in self.strongest(points):
            feature = self.teller(points, columns)
            made.append(
                Reason(
                    feature=feature.name,
                    points=total,
                    text=say(feature, told_value(feature.name, values), raises=total > 0),
                    evidence_ids=_evidence(feature, lead_id, as_of, interactions),
                )
            )
        return tuple(made)


@lru_cache(maxsize=_KEPT_PLANS)
def reason_plan(names: tuple[str, ...]) -> ReasonPlan:
    """Return the plan for these columns; a model's plan is made once."""
    return ReasonPlan.of(names)


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

    Features that tell the same fact are summed and give one reason, told by the strongest feature that agrees with
    the sum. A fact whose points cancel out is no reason.

    Args:
        points: Shape (n_features,).
        names: Feature names in the order of `points`.
        values: The lead's features as computed; None is "not measured".
        lead_id: Evidence of the reasons that rest on the lead's own fields.
        as_of: The moment of the score.
        interactions: The lead's interactions before `as_of`, oldest first: `id`, `kind`, `at`.

    Returns:
        At most three, strongest first.
    """
    plan = reason_plan(tuple(names))
    return plan.reasons(points, values, lead_id=lead_id, as_of=as_of, interactions=interactions)


def split_points(
    contributions: FloatMatrix, calibrator: Calibrator, family_of: Sequence[str]
) -> dict[str, FloatVector]:
    """Return the score if only one family of features counted, for each family.

    Everything that the family does not hold stays at the model's starting point, so the sub-scores compare with
    the score itself and with each other, and do not add up to it.

    Args:
        contributions: Shape (n_rows, n_features + 1), log-odds; the last column is the starting point.
        calibrator: Log-odds to probability.
        family_of: Family of each feature, such as `fit` and `engagement`.

    Returns:
        Shape (n_rows,), 0 to 100, by family.
    """
    families = tuple(dict.fromkeys(family_of))
    owns = np.array([[mine == family for family in families] for mine in family_of], dtype=np.float64)
    sums = contributions[:, :-1] @ owns.reshape(len(family_of), len(families))
    return {family: 100 * calibrator(contributions[:, -1] + sums[:, i]) for i, family in enumerate(families)}


def told_value(name: str, values: Mapping[str, Any]) -> Any:
    """Return a feature's value; what a model reads out of a free text is read out of it again."""
    if name in values:
        return values[name]
    field, is_word, word = name.partition(WORD_MARK)
    text = values.get(field if is_word else name.removesuffix(LENGTH_MARK))
    if not isinstance(text, str) or not text.strip():
        return None
    return word in words_of(text) if is_word else float(len(words_of(text)))


def _family(feature: Feature) -> str:
    return str(feature.family)


def _topics(features: Sequence[Feature]) -> list[str]:
    """Name the topic of each feature: its group, joined with the groups that count the same kinds of events.

    Joined are plain counts over a window and the time since the newest event: how often and how lately the same thing
    happened. Features that read something else off these events, such as words or prices, stay apart.
    """
    first_of_kinds: dict[frozenset[str], str] = {}
    leader = {feature.group: feature.group for feature in features}

    def find(group: str) -> str:
        while leader[group] != group:
            group = leader[group]
        return group

    for feature in features:
        if feature.kinds and (feature.newest_only or feature.days is not None):
            other = first_of_kinds.setdefault(frozenset(map(str, feature.kinds)), feature.group)
            leader[find(feature.group)] = find(other)
    return [find(feature.group) for feature in features]


def _evidence(
    feature: Feature, lead_id: str, as_of: datetime, interactions: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the ids of the newest interactions behind a feature, oldest first; the lead's own id if there is none."""
    if not feature.kinds:
        return (lead_id,)
    since = None if feature.days is None else as_of - timedelta(days=feature.days)
    wanted = 1 if feature.newest_only else MAX_EVIDENCE
    newest: list[str] = []
    for row in reversed(interactions):
        if len(newest) == wanted or (since is not None and row["at"] < since):
            break
        if row["kind"] in feature.kinds:
            newest.append(row["id"])
    return tuple(reversed(newest)) or (lead_id,)
