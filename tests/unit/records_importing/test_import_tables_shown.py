import io

import pytest
from rich.console import Console

from records.importing.quality import ColumnQuality, Extreme, Level, Numbers, QualityReport, Remark
from records.importing.report import ImportReport
from records.importing.tables import TableName
from runtime.commands.import_tables import show_report


@pytest.fixture
def shown() -> str:
    numbers = Numbers(
        minimum=0, lower_quartile=1, median=2.5, upper_quartile=4, maximum=1_500_000, outliers=3,
        extremes=(Extreme(line=9, value=1_500_000),), estimated=True,
    )  # fmt: skip
    report = ImportReport(
        table=TableName.LEADS, file="[bold]leads[/].csv", read=1_000, landed=900, unchanged=0, repeated=0,
        rejected=100, skipped=0, rejects_file="/tmp/rejects.jsonl",
        rejects=(Remark(field="[/]", rule='is not a list such as ["a", "b"]', count=100, lines=(2, 3)),),
        warnings=tuple(Remark(field="email", rule=f"rule {number}", count=1, lines=(4,)) for number in range(25)),
        quality=QualityReport(
            rows=1_000, repeated_rows=12, unused_columns=tuple(f"c{number}" for number in range(15)),
            excluded_columns={"duration": "known too late"}, unmatched_joins={"accounts.csv": 7},
            columns=(
                ColumnQuality(name="fields.age", missing=250, numbers=numbers),
                ColumnQuality(
                    name="kind", missing=0, distinct=3, impossible_dates=2,
                    unknown_levels=(Level(value="emial", count=2, suggestion="email"),),
                ),
            ),
        ),
    )  # fmt: skip
    text = io.StringIO()
    show_report(report, Console(file=text, width=200), dry_run=False)
    return text.getvalue()


@pytest.mark.parametrize(
    "part",
    [
        "[bold]leads[/].csv into leads",
        'is not a list such as ["a", "b"]',
        "12 rows are equal to an earlier row",
        "25.0%",
        "about 3",
        "0 to 1,500,000",
        "1,500,000 (line 9)",
        "kind: unknown 'emial' (2, did you mean 'email'?)",
        "kind: 2 impossible dates",
        "7 rows have a key that accounts.csv does not have",
        "c11 and 3 more",
        "left out: duration (known too late)",
        "and 5 more",
        "rejected rows: /tmp/rejects.jsonl",
    ],
)
def test_a_report_shows_what_it_holds(shown: str, part: str):
    assert part in shown
