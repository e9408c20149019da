import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from evals.gate import Verdict, judge
from evals.report import as_html, as_junit, print_scorecard, write_reports
from evals.results import Bar, Better, Case, Metric, Scorecard, Suite

bars = st.none() | st.builds(Bar, value=st.floats(0, 1), better=st.sampled_from(Better), hard=st.booleans())
metrics = st.builds(
    Metric,
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20),
    value=st.none() | st.floats(0, 1),
    n=st.integers(0, 50),
    unmeasured=st.integers(0, 50),
    bar=bars,
)


def scorecard(*found: Metric, cases: tuple[Case, ...] = ()) -> Scorecard:
    suite = Suite(name="probe", title="A <probe> & more", metrics=found, cases=cases, seconds=0.5)
    return Scorecard(at=datetime(2026, 11, 20, tzinfo=UTC), seed=1, versions={"leadline": "0"}, suites=(suite,))


@settings(max_examples=40)
@given(found=st.lists(metrics, max_size=6))
def test_junit_parses_and_its_counts_agree_with_the_gate(found: list[Metric]) -> None:
    (suite,) = ET.fromstring(as_junit(scorecard(*found)))
    verdicts = [judge(metric) for metric in found if metric.bar is not None]
    counts = (len(verdicts), verdicts.count(Verdict.FAILED), verdicts.count(Verdict.NOT_MEASURED))
    assert tuple(int(suite.attrib[name]) for name in ("tests", "failures", "skipped")) == counts
    assert tuple(len(list(suite.iter(tag))) for tag in ("testcase", "failure", "skipped")) == counts


def test_html_escapes_what_customers_wrote() -> None:
    case = Case(id="<script>alert(1)</script>", detail="<img src=x onerror=alert(2)>", invalid="<b>")
    page = as_html(scorecard(cases=(case,)))
    assert [text in page for text in ("<script>alert", "<img src", "<b>", "A <probe>")] == [False] * 4


def test_html_asks_for_nothing_from_outside() -> None:
    page = as_html(scorecard(Metric(name="probe", value=0.5, n=1, bar=Bar(value=0.4))))
    assert [text in page for text in ("http://", "https://", "//cdn", " src=")] == [False] * 4


def test_three_reports_are_written_and_the_json_reads_back(tmp_path: Path) -> None:
    card = scorecard(Metric(name="probe", value=float("nan"), n=0, unmeasured=3, bar=Bar(value=0.4)))
    files = write_reports(card, tmp_path / "made" / "here")
    assert sorted(file.name for file in files.values()) == ["junit.xml", "scorecard.html", "scorecard.json"]
    assert Scorecard.model_validate_json(files["json"].read_text(encoding="utf-8")) == card
    assert json.loads(files["json"].read_text(encoding="utf-8"))["suites"][0]["metrics"][0]["value"] is None


def test_the_printed_table_names_every_metric() -> None:
    console = Console(width=200, record=True, quiet=False, file=None)
    with console.capture() as printed:
        print_scorecard(scorecard(Metric(name="facts said", value=0.5, n=4)), console)
    assert "facts said" in printed.get()
