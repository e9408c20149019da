"""The leakage guard: runs every rule over a training table and says what to leave out. Pure: no clock, no I/O."""

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.features import BY_NAME
from tools.scoring.guarding.columns import Reading, read_column
from tools.scoring.guarding.findings import Finding, GuardReport, Rule
from tools.scoring.guarding.identity import find_useless
from tools.scoring.guarding.strong_columns import find_strong_columns
from tools.scoring.guarding.timing import find_changed_later, find_filled_at_the_end, find_later_dates
from tools.scoring.leakage import is_absent, is_filled_in


def guard(
    table: pl.DataFrame,
    labels: BoolVector,
    *,
    times: FloatVector | None,
    ended: BoolVector | None,
    decided_at: FloatVector | None,
    groups: IntVector | None = None,
    written_at: Mapping[str, FloatVector] | None = None,
    allow: Collection[str] = (),
    without: Collection[str] = (),
) -> GuardReport:
    """Find columns that tell the outcome, tell nothing, or are not wanted.

    Args:
        table: Feature columns only, n_rows rows: numbers, flags, dates or text.
        labels: Shape (n_rows,). Whether each converted.
        times: Shape (n_rows,). Moment of each row in seconds; None when rows are exchangeable.
        ended: Shape (n_rows,). Whether the lead of each row has ended by now, won or lost; None when not known, and
            then nothing is claimed about fields filled in at the end.
        decided_at: Shape (n_rows,). When each row is scored, seconds since 1970; None when not known, and then dates
            are not compared with it.
        groups: Shape (n_rows,). Rows of one lead share a number; columns are judged on the last row of each lead.
        written_at: By column, when each value was stored, shape (n_rows,), seconds since 1970, NaN where not known.
        allow: Columns that stay whatever is found; what is found is reported all the same.
        without: Columns to leave out whatever is found, because somebody said so.

    Returns:
        Findings by severity and column; `excluded` names what to leave out.

    Raises:
        InvalidInputError: If lengths differ, or a column is both allowed and left out.
    """
    n_rows = table.height
    for name, vector in (("labels", labels), ("times", times), ("ended", ended), ("decided_at", decided_at)):
        if vector is not None and len(vector) != n_rows:
            raise InvalidInputError(name, len(vector), f"must have one entry for each of the {n_rows} rows")
    if both := sorted(set(allow) & set(without)):
        raise InvalidInputError("without", both, "is allowed as well; say one of the two")
    rows = _one_a_lead(n_rows, times, groups)
    when = np.arange(n_rows, dtype=np.float64) if times is None else times
    all_rows = [read_column(table.get_column(name)) for name in table.columns]
    columns = all_rows if len(rows) == n_rows else [column.take(rows) for column in all_rows]
    timed = [] if decided_at is None else find_later_dates(all_rows, decided_at)
    if decided_at is not None and written_at is not None:
        timed += find_changed_later(
            {name: written_at[name] for name in table.columns if name in written_at}, decided_at
        )
    if ended is not None:
        absent = {name: is_absent(table.get_column(name)) for name in table.columns if is_filled_in(name)}
        timed += find_filled_at_the_end(absent, ended, n_leads=len(rows))
    useless = find_useless([c for c in columns if _is_own(c)], when[rows])
    settled = {found.column for found in (*timed, *useless)} | set(without)
    strong = find_strong_columns(columns, labels[rows], known_leaks=settled)
    asked = [_asked(name) for name in table.columns if name in set(without)]
    findings = _one_a_column([*asked, *timed, *strong, *useless])
    return GuardReport(
        findings=tuple(found.model_copy(update={"kept": found.column in allow}) for found in findings),
        columns=len(columns),
        rows=len(rows),
    )


def _asked(name: str) -> Finding:
    return Finding(column=name, rule=Rule.ASKED, evidence={}, why="left out because a person asked for it")


def _is_own(column: Reading) -> bool:
    """Whether a column is a lead's own field: a formula that is empty in this market is no discovery."""
    return column.name not in BY_NAME


def _one_a_lead(n_rows: int, times: FloatVector | None, groups: IntVector | None) -> IntVector:
    if groups is None:
        return np.arange(n_rows)
    order = np.arange(n_rows) if times is None else np.argsort(times, kind="stable")
    last = np.full(int(groups.max()) + 1, -1, dtype=np.int64) if n_rows else np.empty(0, dtype=np.int64)
    last[groups[order]] = order
    return np.sort(last[last >= 0])


def _one_a_column(findings: list[Finding]) -> list[Finding]:
    """Keep the first finding of each column: how a value came to be explains why it is so good."""
    kept: dict[str, Finding] = {}
    for found in findings:
        kept.setdefault(found.column, found)
    return list(kept.values())
