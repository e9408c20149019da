"""Rules about when a value came to be: after the outcome, or after the decision. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import fisher_exact

from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.guarding.columns import Reading
from tools.scoring.guarding.findings import Finding, Rule
from tools.scoring.leakage import MISSING_AT_THE_END, MISSING_WHILE_OPEN, filled_at_the_end, words_of_filling

_FILLED_AT_THE_END = 0.05
_CHANCE = 1e-6
_LATE_SHARE = 0.01
_LATE_ROWS = 5
_DAY = 86_400.0


def find_filled_at_the_end(missing: Mapping[str, BoolVector], ended: BoolVector, *, n_leads: int) -> list[Finding]:
    """Find fields that are missing while leads are open and filled in when they end.

    Three kinds: those that `leakage.filled_at_the_end` names; the same with fewer rows, where the difference is beyond
    chance; and those that more than 5 % of the ended leads have and no open one, such as the reason of a loss.

    Args:
        missing: Shape (n_rows,) for each field that people fill in, by name.
        ended: Shape (n_rows,). Whether the lead of each row has ended by now.
        n_leads: Leads behind the rows: rows of one lead are no independent witnesses.

    Source:
        Kaufman, Rosset and Perlich, "Leakage in Data Mining", KDD 2011: legitimacy by the time a value is known.
    """
    n_open, n_ended = int((~ended).sum()), int(ended.sum())
    found = []
    for name, absent in missing.items() if min(n_open, n_ended) else ():
        while_open, at_the_end = float(absent[~ended].mean()), float(absent[ended].mean())
        lacks_while_open = while_open > MISSING_WHILE_OPEN and at_the_end < MISSING_AT_THE_END
        never_while_open = while_open == 1.0 and 1 - at_the_end > _FILLED_AT_THE_END
        beyond_chance = (lacks_while_open or never_while_open) and _chance(absent, ended, n_leads) < _CHANCE
        if filled_at_the_end(absent, ended) or beyond_chance:
            evidence = {"missing_while_open": while_open, "missing_at_the_end": at_the_end}
            evidence |= {"open": float(n_open), "ended": float(n_ended)}
            why = words_of_filling(absent, ended)
            found.append(Finding(column=name, rule=Rule.AFTER_OUTCOME, evidence=evidence, why=why))
    return found


def _chance(absent: BoolVector, ended: BoolVector, n_leads: int) -> float:
    """Return the p-value of Fisher's exact test that being filled in has nothing to do with the end."""
    share = n_leads / len(ended)
    counts = [[(absent & rows).sum() * share, (~absent & rows).sum() * share] for rows in (ended, ~ended)]
    return float(fisher_exact(np.round(counts).astype(np.int64)).pvalue)


def find_later_dates(columns: Sequence[Reading], decided_at: FloatVector) -> list[Finding]:
    """Find dates that lie after the moment at which the lead is scored.

    A date planned ahead may be honest; nothing in the value tells it from one that was written later, so it is found
    and can be allowed by name.

    Args:
        columns: Any columns; those that are no moments are passed over.
        decided_at: Shape (n_rows,). Seconds since 1970.
    """
    found = []
    for column in columns:
        if not column.is_moment or column.numbers is None:
            continue
        limit = np.floor(decided_at / _DAY) * _DAY if column.is_day else decided_at
        share, rows = _late(column.numbers, limit)
        if rows:
            why = (
                f"{share:.0%} of its {int((~column.missing).sum())} dates lie after the moment of the score: at that "
                "moment they are not known. If they are planned dates, allow it"
            )
            evidence = {"share_later": share, "rows_later": float(rows)}
            found.append(Finding(column=column.name, rule=Rule.AFTER_DECISION, evidence=evidence, why=why))
    return found


def find_changed_later(written_at: Mapping[str, FloatVector], decided_at: FloatVector) -> list[Finding]:
    """Find columns whose values were stored after the score, where the history of the values is known.

    Args:
        written_at: For each column whose history is known, when each row's value was stored: seconds since 1970,
            shape (n_rows,), NaN where not known.
        decided_at: Shape (n_rows,). Seconds since 1970.
    """
    found = []
    for name, moments in sorted(written_at.items()):
        share, rows = _late(moments, decided_at)
        if rows:
            why = f"{share:.0%} of its values were stored after the moment of the score ({rows} rows)"
            evidence = {"share_later": share, "rows_later": float(rows)}
            found.append(Finding(column=name, rule=Rule.CHANGED_AFTER, evidence=evidence, why=why))
    return found


def _late(moments: FloatVector, limit: FloatVector) -> tuple[float, int]:
    """Return share and number of late rows; no rows where a few slips of the pen explain them."""
    known = np.isfinite(moments) & np.isfinite(limit)
    late = int((moments[known] > limit[known]).sum())
    share = late / max(1, int(known.sum()))
    return (share, late) if share >= _LATE_SHARE and late >= _LATE_ROWS else (0.0, 0)
