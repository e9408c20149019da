"""Shows what leaving fields out would cost, and which columns stand in for an attribute. Pure: no clock, no I/O."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import Field

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.guarding.columns import read_column
from tools.scoring.guarding.strength import rows_to_measure, strength_alone
from tools.scoring.guarding.strong_columns import MIN_OF_A_RESULT
from tools.scoring.guarding.validation import Comparison, compare_predictions

STANDS_IN = 0.65
"""Share said right of both who has an attribute and who has not, from which a column may stand in for it."""


class ExclusionPreview(Value):
    """What scoring would lose, or gain, without some fields."""

    fields: tuple[str, ...]
    comparison: Comparison
    costs: bool = Field(description="Whether the loss is beyond noise.")
    why: str


class Proxy(Value):
    """A column that tells an attribute."""

    column: str
    right: float = Field(description="Mean of the shares said right among those with the attribute and the others.")
    right_low: float
    auc: float


def preview_exclusion(
    fields: Sequence[str],
    with_fields: FloatVector,
    without: FloatVector,
    labels: BoolVector,
    *,
    rng: np.random.Generator,
) -> ExclusionPreview:
    """Say what leaving fields out would do to the scores.

    Args:
        fields: Their names.
        with_fields: Shape (n_rows,). Out-of-fold probabilities of a model that reads them.
        without: Shape (n_rows,). Of a model that does not, on the same rows and folds.
        labels: Shape (n_rows,).
        rng: For the calibration error that chance alone would give.
    """
    comparison = compare_predictions(with_fields, without, labels, rng=rng)
    loss, auc = comparison.log_loss_gain, comparison.auc_gain
    costs = any(gain is not None and gain.high is not None and gain.high < 0 for gain in (loss, auc))
    ranking = "" if auc is None else f", AUC {auc.value:+.4f} ({auc.low:+.4f} to {auc.high:+.4f})"
    verdict = "it costs more than noise" if costs else "no loss beyond noise"
    why = f"without {', '.join(fields)}: log loss {-loss.value:+.4f}{ranking} on {comparison.rows} leads; {verdict}"
    return ExclusionPreview(fields=tuple(fields), comparison=comparison, costs=costs, why=why)


def find_proxies(table: pl.DataFrame, attribute: BoolVector, *, at_least: float = STANDS_IN) -> tuple[Proxy, ...]:
    """Find columns that tell who has an attribute, such as one that scores must not rest on.

    Leaving out the attribute itself is not enough where another column says the same.

    Args:
        table: Feature columns, n_rows rows, one for each lead.
        attribute: Shape (n_rows,). Whether each lead has it.
        at_least: Share said right from which a column is named, in [0.5, 1].

    Returns:
        The strongest first; empty where fewer than 20 leads have the attribute, or lack it.
    """
    if min(int(attribute.sum()), int((~attribute).sum())) < MIN_OF_A_RESULT:
        return ()
    rows = rows_to_measure(attribute)
    found = []
    for name in table.columns:
        strength = strength_alone(read_column(table.get_column(name)).take(rows).cells(), attribute[rows])
        if strength is not None and strength.both.value >= at_least:
            both = strength.both
            found.append(Proxy(column=name, right=both.value, right_low=both.low, auc=strength.auc.value))
    return tuple(sorted(found, key=lambda proxy: (-proxy.right, proxy.column)))
