"""Writes a scorecard as JSON, JUnit and one HTML page, and prints it. Measures and judges nothing."""

from pathlib import Path
from xml.etree import ElementTree as ET

from jinja2 import Environment, FileSystemLoader, select_autoescape
from rich.console import Console
from rich.table import Table

from evals.gate import Verdict, failures, judge
from evals.results import Better, Metric, Scorecard

_TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_MEASURED: "yellow", Verdict.INFORMS: "dim"}


def write_reports(card: Scorecard, folder: Path) -> dict[str, Path]:
    """Write `scorecard.json`, `junit.xml` and `scorecard.html` into a folder, which is made if absent."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"json": folder / "scorecard.json", "junit": folder / "junit.xml", "html": folder / "scorecard.html"}
    files["json"].write_text(card.model_dump_json(indent=2), encoding="utf-8")
    files["junit"].write_bytes(as_junit(card))
    files["html"].write_text(as_html(card), encoding="utf-8")
    return files


def as_junit(card: Scorecard) -> bytes:
    """Render a scorecard as JUnit XML: a test case for each metric that has a bar."""
    root = ET.Element("testsuites", name="leadline eval")
    for suite in card.suites:
        judged = [(metric, judge(metric)) for metric in suite.metrics if metric.bar is not None]
        node = ET.SubElement(
            root,
            "testsuite",
            name=suite.name,
            tests=str(len(judged)),
            failures=str(sum(verdict is Verdict.FAILED for _, verdict in judged)),
            skipped=str(sum(verdict is Verdict.NOT_MEASURED for _, verdict in judged)),
            time=f"{suite.seconds:.3f}",
        )
        for metric, verdict in judged:
            case = ET.SubElement(node, "testcase", classname=suite.name, name=metric.name)
            if verdict is Verdict.FAILED:
                ET.SubElement(case, "failure", message=f"{shown(metric)}, bar {bar_of(metric)}")
            elif verdict is Verdict.NOT_MEASURED:
                ET.SubElement(case, "skipped", message="not measured")
    rendered: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return rendered


def as_html(card: Scorecard) -> str:
    """Render a scorecard as one page that needs nothing from outside."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(default=True))
    environment.globals.update(judge=judge, shown=shown, bar_of=bar_of)
    return environment.get_template("scorecard.html").render(card=card, failures=failures(card))


def print_scorecard(card: Scorecard, console: Console) -> None:
    """Print a scorecard as one table."""
    table = Table(box=None, padding=(0, 1))
    for column in ("suite", "metric", "value", "baseline", "bar", "n", "verdict"):
        table.add_column(column, justify="right" if column in {"value", "n"} else "left")
    for suite in card.suites:
        for metric in suite.metrics:
            verdict = judge(metric)
            baseline = "" if metric.baseline is None else f"{metric.baseline_name} {metric.baseline:.3g}"
            colour = _COLOURS[verdict]
            row = (suite.name, metric.name, shown(metric), baseline, bar_of(metric), str(metric.n))
            table.add_row(*row, f"[{colour}]{verdict.value}[/]")
    console.print(table)


def shown(metric: Metric) -> str:
    """Render a metric's value for people."""
    return "not measured" if metric.value is None else f"{metric.value:.3g}{' ' + metric.unit if metric.unit else ''}"


def bar_of(metric: Metric) -> str:
    """Render a metric's bar for people."""
    if metric.bar is None:
        return ""
    sign = "≥" if metric.bar.better is Better.HIGHER else "≤"
    return f"{sign} {metric.bar.value:g}{'' if metric.bar.hard else ' (informs)'}"
