"""Rule: a column, or its mere presence, that tells the outcome too well to be honest. Pure: no clock, no I/O."""

from collections.abc import Collection, Sequence

import numpy as np

from tools.scoring.arrays import BoolVector, IntVector
from tools.scoring.guarding.columns import Reading
from tools.scoring.guarding.findings import Finding, Rule
from tools.scoring.guarding.strength import Strength, rows_to_measure, strength_alone, strength_together
from tools.scoring.metrics import Interval

TOO_GOOD = 0.98
"""AUC of one column alone that no honest field of a sales process has."""

SUSPECT = 0.88
"""Share said right of either result from which a column is a suspect: it is compared with all columns that are none."""

ERROR_RATIO = 0.5
"""A suspect is found where it errs at most this much as often as all others together."""

MIN_OF_A_RESULT = 20
"""Rows of either result without which nothing is claimed."""

CHANCE = Strength(Interval(0.5, 0.5, 0.5), Interval(0.5, 0.5, 0.5))

_MIN_MISSING = 0.02
_MIN_PRESENT_WON = 50
_PURE = 0.995
_MIN_SURPRISE = 30.0


def find_strong_columns(columns: Sequence[Reading], labels: BoolVector, known_leaks: Collection[str]) -> list[Finding]:
    """Find near-copies of the outcome, whatever their type, direction and noise.

    A column is found where it ranks leads nearly perfectly, or where it alone errs less than half as often as all
    unsuspected columns together: a field that beats everything else known of a lead that clearly was written with the
    outcome in mind.

    Args:
        columns: One row for each lead.
        labels: Shape (n_rows,).
        known_leaks: Columns found by other rules; they are not among "all others".

    Returns:
        One finding a column at most, in the order of the columns.

    Source:
        Kaufman, Rosset and Perlich, "Leakage in Data Mining", KDD 2011, section 5: exploratory search for features
        that are surprisingly good. The comparison with all others is ours: in an easy market one good column is no
        surprise.
    """
    if min(int(labels.sum()), int((~labels).sum())) < MIN_OF_A_RESULT:
        return []
    rows = rows_to_measure(labels)
    target = labels[rows]
    cells = [column.take(rows).cells() for column in columns]
    alone = [strength_alone(codes, target) for codes in cells]
    present = [_strength_of_presence(codes, target) for codes in cells]
    suspects = {i for i in range(len(columns)) if _is_suspect(alone[i]) or _is_suspect(present[i])}
    others = CHANCE
    if suspects:
        honest = [c for i, c in enumerate(columns) if i not in suspects and c.name not in known_leaks]
        others = strength_together(honest, labels) or CHANCE
    findings = []
    for i, column in enumerate(columns):
        found = (
            _judge(column.name, present[i], others, by_presence=True)
            or _judge(column.name, alone[i], others, by_presence=False)
            or _judge_purity(column, labels)
        )
        if found:
            findings.append(found)
    return findings


def _is_suspect(strength: Strength | None) -> bool:
    return strength is not None and (strength.both.value >= SUSPECT or strength.auc.value >= TOO_GOOD)


def _judge(name: str, strength: Strength | None, others: Strength, *, by_presence: bool) -> Finding | None:
    if strength is None or not _is_suspect(strength):
        return None
    auc, both, bar = strength.auc, strength.both, others.both.value
    beats_all_others = both.low > bar and 1 - both.value <= ERROR_RATIO * (1 - bar)
    if auc.value <= TOO_GOOD and not beats_all_others:
        return None
    return Finding(
        column=name,
        rule=Rule.PRESENCE if by_presence else Rule.TOO_GOOD,
        evidence={"auc": auc.value, "right": both.value, "right_low": both.low, "right_of_all_others": bar},
        why=f"{'whether it is filled in' if by_presence else 'it'} alone says the outcome right for {both.value:.1%} of "
        f"either result (AUC {auc.value:.3f}), all other columns together for {bar:.1%}: it knows the outcome",
    )


def _judge_purity(column: Reading, labels: BoolVector) -> Finding | None:
    """Find a column that only leads that convert have: a contract's number, with many of them missing."""
    present = ~column.missing
    n_present, won = int(present.sum()), int(labels[present].sum())
    base = float(labels.mean())
    if won < _MIN_PRESENT_WON or column.missing.mean() < _MIN_MISSING or won < _PURE * n_present:
        return None
    if -won * np.log(base) < _MIN_SURPRISE:
        return None
    return Finding(
        column=column.name,
        rule=Rule.PRESENCE,
        evidence={"present": float(n_present), "converted": float(won), "base_rate": base},
        why=f"{won} of the {n_present} leads that have it converted, of all leads {base:.0%}: "
        "it is filled in because a lead converts",
    )


def _strength_of_presence(cells: IntVector, labels: BoolVector) -> Strength | None:
    present = cells >= 0
    if present.all() or not present.any():
        return None
    return strength_alone(present.astype(np.int64), labels)
