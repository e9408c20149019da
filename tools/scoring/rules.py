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

PRIOR_LOG_ODDS = float(np.log(PRIOR_RATE / (1 - PRIOR_RATE)))
"""Log-odds of `PRIOR_RATE`."""

PRIOR_LOG_ODDS_SD = 0.5
"""How far a team's level lies from the prior rate, in log-odds: 40 labels weigh more than that."""


@dataclass(frozen=True)
class Rule:
    """Adds `log_odds` where a feature lies in [at_least, below)."""

    feature: str
    at_least: float
    below: float
    log_odds: float


_MORE = float("inf")

_ONLY_WHERE_DEFINED = frozenset({"objections_resolved_share", "days_since_inbound"})
"""Features that a lead without the event does not have: nothing of them is usual for a fresh one."""

_HAND_SET: tuple[tuple[Rule, float], ...] = (
    (Rule("replies_7d", 1, _MORE, 0.5), 0.8),
    (Rule("replies_total", 2, _MORE, 0.3), 0.6),
    (Rule("email_clicks_7d", 1, _MORE, 0.3), 0.2),
    (Rule("page_views_7d", 3, _MORE, 0.2), 0.8),
    (Rule("forms_total", 1, _MORE, 0.3), 0.6),
    (Rule("documents_total", 1, _MORE, 0.3), 0.9),
    (Rule("meetings_booked_total", 1, _MORE, 0.5), 0.6),
    (Rule("meetings_attended_total", 1, _MORE, 0.6), 0.5),
    (Rule("meetings_missed_total", 1, _MORE, -0.5), 0.2),
    (Rule("budget_discussed", 1, _MORE, 0.4), 0.6),
    (Rule("objections_resolved_share", 0.5, _MORE, 0.3), 0.5),
    (Rule("objections_resolved_share", 0, 0.5, -0.3), 0.5),
    (Rule("days_since_inbound", 14, _MORE, -0.6), 0.05),
    (Rule("has_phone", 0, 1, -0.2), 0.05),
    (Rule("has_email", 0, 1, -0.2), 0.05),
)
"""Rules, each with the share of leads a week old of which it usually holds, rounded from the three markets that come with
the project. A fact that usually holds says little where it does and more where it does not."""


_GIVEN_BACK = ((0.5, 1.0), (2.0, 0.55), (5.0, 0.2))
"""Age in days below which a lead had no time for the usual, and the share of the usual points that it is not held to."""


AGE = "lead_age_days"


def _usual_points() -> dict[str, float]:
    usual: dict[str, float] = {}
    for rule, share in _HAND_SET:
        usual[rule.feature] = usual.get(rule.feature, 0.0) + share * rule.log_odds
    return usual


USUAL = {name: points for name, points in _usual_points().items() if points}
"""Points that the usual lead has of each feature at a week of age: what a lead has is held against them."""


def _time_given() -> tuple[Rule, ...]:
    """Give back to a young lead the usual points that it had no time for."""
    held = sum(points for name, points in USUAL.items() if name not in _ONLY_WHERE_DEFINED)
    begins, rules = 0.0, []
    for ends, share in _GIVEN_BACK:
        rules.append(Rule(AGE, begins, ends, share * held))
        begins = ends
    return tuple(rules)


RULES: tuple[Rule, ...] = (
    *(rule for rule, _ in _HAND_SET),
    *(Rule(name, -_MORE, _MORE, -points) for name, points in USUAL.items()),
    *_time_given(),
)
"""Hand-set points, which sum to about 0 for the usual lead of its age. The last ones, by age, stand in for what
`RulesModel` does feature by feature, so that no reason reads "the lead is young"."""


def rules_schema() -> Schema:
    """Return the columns that the rules read."""
    names = dict.fromkeys(rule.feature for rule in RULES)
    return Schema(columns=tuple(Column(name=name, kind=Kind.NUMBER) for name in names))


def time_given(age_days: FloatVector) -> FloatVector:
    """Return the share of the usual points that leads of an age are not held to, shape (n_rows,); 0 where not known."""
    given = np.zeros(len(age_days))
    for ends, share in reversed(_GIVEN_BACK):
        given[age_days < ends] = share
    return given


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
        parts[:, -1] = PRIOR_LOG_ODDS + self.shift
        for rule in RULES:
            if rule.feature in names and rule.feature != AGE:
                i = names.index(rule.feature)
                parts[:, i] += rule.log_odds * ((matrix[:, i] >= rule.at_least) & (matrix[:, i] < rule.below))
        if AGE in names:
            given = time_given(matrix[:, names.index(AGE)])
            for name, points in USUAL.items():
                if name in names and name not in _ONLY_WHERE_DEFINED:
                    i = names.index(name)
                    parts[:, i] += given * points * np.isfinite(matrix[:, i])
        return parts

    def to_plain(self) -> dict[str, Any]:
        """Return what cannot be derived from the schema."""
        return {"shift": self.shift}


def fit_rules(matrix: FloatMatrix, labels: BoolVector, schema: Schema) -> RulesModel:
    """Set the level of the rules to what was seen, held near the prior rate: safe with any number of labels, also none."""
    log_odds = RulesModel(schema).log_odds(matrix)

    def loss(shift: FloatVector) -> float:
        p = sigmoid(log_odds + shift[0])
        return float(log_losses(p, labels).sum() + 0.5 * (shift[0] / PRIOR_LOG_ODDS_SD) ** 2)

    shift = float(minimize(loss, np.zeros(1), method="L-BFGS-B").x[0]) if len(labels) else 0.0
    return RulesModel(schema, shift)
