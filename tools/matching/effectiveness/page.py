"""Puts the report of effectiveness on one page that a browser shows without any other file. Judges nothing."""

from functools import cache
from typing import Any

from tools.matching.effectiveness.plots import MOST_ROWS, others_plot, reps_plot, treatment_plot, uplift_plot
from tools.matching.effectiveness.report import EffectivenessReport, GroupLine


def to_html(report: EffectivenessReport) -> str:
    """Write the page: sentences first, then plots, then the numbers as tables. The same report gives the same text."""
    plots = {}
    if any(line.settled for line in report.reps):
        plots["reps"] = reps_plot(report.reps)
    if report.treatment:
        plots["treatment"] = treatment_plot(report.treatment)
    differences = others_plot(report.others)
    if differences:
        plots["others"] = differences
    if report.others.uplift:
        plots["uplift"] = uplift_plot(report.others.uplift)
    tables: dict[str, tuple[GroupLine, ...]] = {"product": report.products, **report.segments}
    return str(
        _environment()
        .get_template("effectiveness.html.j2")
        .render(
            report=report,
            others=report.others,
            plots=plots,
            tables=tables,
            most_rows=MOST_ROWS,
            names={line.key: line.name for line in report.reps},
            products={line.key: line.name for line in report.products},
        )
    )


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("tools.matching.effectiveness"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
