"""Says when too little is known of one lead to act on its score, and why. Pure: no clock, no I/O."""

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.dataset import OTHER, Kind
from tools.scoring.model import TrainedModel

ODDS_SPAN = 12.0
"""Odds at the upper bound over odds at the lower one beyond which a score cannot be acted on: with the default costs a
lead turns warm at 4 % and hot at 22 %, odds six to seven times as high, so twice that span may mean cold, warm or hot.
Rules that no outcome has tested span 7.4: they answer."""

MEASURED_SHARE = 0.1
"""Share of the model's importance that must have been measured: below it a score is the base rate in disguise."""

FAR_SHARE = 0.5
"""Share of the measured importance from which a lead counts as unlike those of training: most of its score would then
rest on what the model never saw."""

_NAMED = 3


def abstention(low: float, high: float, values: FloatVector, model: TrainedModel) -> str | None:
    """Say why the score of one lead should not be acted on, if so.

    Args:
        low: Lower bound of its probability, in (0, 1).
        high: Upper bound, not below `low`.
        values: Shape (n_features,). Its encoded row.
        model: The model that gave the bounds.

    Returns:
        At most 25 words, or None. A model without signal does not abstain lead by lead: it says so of all.
    """
    if model.no_signal is not None:
        return None
    weights = importances(model)
    measured = np.isfinite(values)
    said = weights[measured & ~_unseen_levels(values, model)].sum()
    if said < MEASURED_SHARE:
        return f"Too little is known: {measured.sum()} of {len(values)} facts measured, hardly any that the score rests on."
    if model.ranges is not None:
        far = model.ranges.far(values)
        if weights[far].sum() > FAR_SHARE * weights[measured].sum():
            names = ", ".join(model.schema.names[i] for i in np.flatnonzero(far)[:_NAMED])
            return f"Unlike the leads learned from: {names} far outside their range."
    if high * (1 - low) > ODDS_SPAN * low * (1 - high):
        return f"The chance may be anything from {low:.0%} to {high:.0%}: too wide to act on."
    return None


def importances(model: TrainedModel) -> FloatVector:
    """Return the share of each column in what moves the scores, shape (n_features,); equal shares where unknown."""
    found = np.array([model.evidence.importance.get(name, 0.0) for name in model.schema.names])
    total = float(found.sum())
    return found / total if total > 0 else np.full(len(found), 1.0 / max(1, len(found)))


def _unseen_levels(values: FloatVector, model: TrainedModel) -> BoolVector:
    is_category = np.array([column.kind is Kind.CATEGORY for column in model.schema.columns], dtype=np.bool_)
    return np.asarray(is_category & (values == OTHER))
