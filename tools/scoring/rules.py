"""The first rung: hand-set points, for a team that has no outcomes yet, and the bar of every later model. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.calibration import sigmoid
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.metrics import log_losses

PRIOR_RATE = 0.12
"""Conversion assumed before anything is known; the base rates seen in published lead data lie around it."""

_PRIOR_WEIGHT = 4.0
"""Inverse variance of a team's shift around the prior rate: 40 labels weigh more than it."""


@dataclass(frozen=True)
class Rule:
    """Adds `log_odds` where a feature lies in [at_least, below)."""

    feature: str
    at_least: float
    below: float
    log_odds: float


_MORE = float("inf")

RULES: tuple[Rule, ...] = (
    Rule("replies_7d", 1, _MORE, 0.5),
    Rule("replies_total", 2, _MORE, 0.3),
    Rule("email_clicks_7d", 1, _MORE, 0.3),
    Rule("page_views_7d", 3, _MORE, 0.2),
    Rule("forms_total", 1, _MORE, 0.3),
    Rule("documents_total", 1, _MORE, 0.3),
    Rule("meetings_booked_total", 1, _MORE, 0.5),
    Rule("meetings_attended_total", 1, _MORE, 0.6),
    Rule("meetings_missed_total", 1, _MORE, -0.5),
    Rule("budget_discussed", 1, _MORE, 0.4),
    Rule("objections_resolved_share", 0.5, _MORE, 0.3),
    Rule("objections_resolved_share", 0, 0.5, -0.3),
    Rule("days_since_inbound", 14, _MORE, -0.6),
    Rule("has_phone", 0, 1, -0.2),
    Rule("has_email", 0, 1, -0.2),
)


def rules_schema() -> Schema:
    """Return the columns that the rules read."""
    names = dict.fromkeys(rule.feature for rule in RULES)
    return Schema(columns=tuple(Column(name=name, kind=Kind.NUMBER) for name in names))


@dataclass(frozen=True)
class RulesModel:
    """Adds up the points of the rules that hold. What was not measured gives no points, nor what the schema lacks.

    Attributes:
        schema: Columns of the matrix.
        shift: Log-odds by which this team's leads differ from `PRIOR_RATE`, all else equal.
    """

    schema: Schema
    shift: float = 0.0

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        return np.asarray(self.contributions(matrix).sum(axis=1))

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature, shape (n_rows, n_features + 1); the last column is the prior."""
        names = self.schema.names
        parts = np.zeros((len(matrix), len(names) + 1))
        parts[:, -1] = np.log(PRIOR_RATE / (1 - PRIOR_RATE)) + self.shift
        for rule in RULES:
            if rule.feature in names:
                i = names.index(rule.feature)
                parts[:, i] += rule.log_odds * ((matrix[:, i] >= rule.at_least) & (matrix[:, i] < rule.below))
        return parts

    def to_plain(self) -> dict[str, Any]:
        """Return what cannot be derived from the schema."""
        return {"shift": self.shift}


def fit_rules(matrix: FloatMatrix, labels: BoolVector, schema: Schema) -> RulesModel:
    """Set the level of the rules to what was seen, held near the prior rate: safe with any number of labels, also none."""
    log_odds = RulesModel(schema).log_odds(matrix)

    def loss(shift: FloatVector) -> float:
        p = sigmoid(log_odds + shift[0])
        return float(log_losses(p, labels).sum() + 0.5 * _PRIOR_WEIGHT * shift[0] ** 2)

    shift = float(minimize(loss, np.zeros(1), method="L-BFGS-B").x[0]) if len(labels) else 0.0
    return RulesModel(schema, shift)
