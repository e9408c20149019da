"""Shows an import report in the terminal. Formats only."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from records.importing.quality import ColumnQuality, Level, QualityReport, Remark
from records.importing.report import ImportReport

_MOST_REMARKS = 20
_MOST_NAMES = 12
_LONG_NUMBER = 10_000


def show_report(report: ImportReport, console: Console, *, dry_run: bool) -> None:
    """Print what became of the rows, why some did not land, and what the file is like.

    Args:
        report: The report.
        console: Where to.
        dry_run: Whether nothing was written.
    """
    console.print(_quality_table(report.quality))
    for line in _findings(report.quality):
        console.print(f"  - {line}", markup=False, highlight=False)
    if report.warnings:
        console.print(_remark_table("changed in rows that land", report.warnings))
    if report.rejects:
        console.print(_remark_table("why rows were rejected", report.rejects))
    console.print(_outcome_table(report, dry_run=dry_run))
    if report.rejects_file:
        console.print(f"rejected rows: {report.rejects_file}", markup=False, highlight=False, soft_wrap=True)


def _outcome_table(report: ImportReport, *, dry_run: bool) -> Table:
    title = f"{escape(report.file)} into {report.table.value}"
    table = Table(title=f"{title} (dry run: nothing was written)" if dry_run else title)
    landed = "would land" if dry_run else "landed"
    counts = (
        ("read", report.read),
        (landed, report.landed),
        ("unchanged", report.unchanged),
        ("repeated", report.repeated),
        ("skipped", report.skipped),
        ("rejected", report.rejected),
    )
    for name, _ in counts:
        table.add_column(name, justify="right")
    table.add_row(*(f"{count:,}" for _, count in counts))
    return table


def _remark_table(title: str, remarks: tuple[Remark, ...]) -> Table:
    table = Table(title=title)
    table.add_column("rows", justify="right")
    table.add_column("field")
    table.add_column("rule", overflow="fold")
    table.add_column("lines")
    for remark in remarks[:_MOST_REMARKS]:
        lines = ", ".join(str(line) for line in remark.lines)
        table.add_row(
            f"{remark.count:,}",
            escape(remark.field),
            escape(remark.rule),
            f"{lines}, …" if remark.count > len(remark.lines) else lines,
        )
    if len(remarks) > _MOST_REMARKS:
        table.add_row("", "", f"and {len(remarks) - _MOST_REMARKS} more", "")
    return table


def _quality_table(quality: QualityReport) -> Table:
    table = Table(title="data quality")
    for name in ("column", "missing", "levels", "median", "range", "outliers"):
        table.add_column(name, justify="left" if name == "column" else "right")
    for column in quality.columns:
        numbers = column.numbers
        table.add_row(
            escape(column.name),
            f"{column.missing / quality.rows:.1%}" if column.missing else "",
            "" if column.distinct is None else f"{column.distinct:,}",
            "" if numbers is None else _number(numbers.median),
            "" if numbers is None else f"{_number(numbers.minimum)} to {_number(numbers.maximum)}",
            "" if numbers is None or not numbers.outliers else f"{'about ' * numbers.estimated}{numbers.outliers:,}",
        )
    return table


def _findings(quality: QualityReport) -> list[str]:
    lines = []
    if quality.repeated_rows:
        lines.append(f"{quality.repeated_rows:,} rows are equal to an earlier row in every column")
    for column in quality.columns:
        lines += _column_findings(column)
    for file, count in quality.unmatched_joins.items():
        lines.append(f"{count:,} rows have a key that {file} does not have")
    if quality.unused_columns:
        names = ", ".join(quality.unused_columns[:_MOST_NAMES])
        rest = len(quality.unused_columns) - _MOST_NAMES
        lines.append(f"not imported: {names}{f' and {rest} more' if rest > 0 else ''}")
    lines += [f"left out: {name} ({reason})" for name, reason in quality.excluded_columns.items()]
    return lines


def _column_findings(column: ColumnQuality) -> list[str]:
    lines = []
    if column.unknown_levels:
        lines.append(f"{column.name}: unknown {_listed(column.unknown_levels)}")
    if column.lookalikes:
        lines.append(f"{column.name}: looks misspelt: {_listed(column.lookalikes)}; correct it under levels")
    if column.placeholders:
        lines.append(f"{column.name}: reads like nothing said: {_listed(column.placeholders)}; add it to null")
    if column.impossible_dates:
        lines.append(f"{column.name}: {column.impossible_dates:,} impossible dates")
    if column.numbers is not None and column.numbers.extremes:
        places = ", ".join(f"{_number(extreme.value)} (line {extreme.line})" for extreme in column.numbers.extremes)
        lines.append(f"{column.name}: farthest out: {places}")
    return lines


def _listed(levels: tuple[Level, ...]) -> str:
    return ", ".join(
        f"{level.value!r} ({level.count:,}{f', did you mean {level.suggestion!r}?' if level.suggestion else ''})"
        for level in levels[:_MOST_NAMES]
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _LONG_NUMBER else f"{value:.6g}"
