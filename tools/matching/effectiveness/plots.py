"""Draws the plots of the report as SVG that takes its colours from the page. Pure: no clock, no I/O.

Matplotlib takes a second to import, so it is imported when the first plot is drawn.
"""

import io
import re
from collections.abc import Sequence
from threading import Lock
from typing import Any

from tools.matching.effectiveness.counterfactual import OthersReport, RepUplift
from tools.matching.effectiveness.report import GroupTreatment, RepLine
from tools.matching.effectiveness.statistics import Estimate

MOST_ROWS = 40
"""Reps or groups in one plot."""

_INK, _ACCENT, _SOFT, _GRID = "#010101", "#020202", "#030303", "#040404"
_VARIABLES = {_INK: "var(--ink)", _ACCENT: "var(--accent)", _SOFT: "var(--soft)", _GRID: "var(--grid)"}
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "leadline", "svg.fonttype": "none", "font.size": 11, "font.family": "sans-serif",
    "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": _GRID, "xtick.color": _INK, "ytick.color": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.grid.axis": "x",
    "grid.color": _GRID, "axes.axisbelow": True,
}  # fmt: skip
_DRAWING = Lock()
"""Matplotlib's settings belong to the process; two pages may be drawn at the same time."""


def reps_plot(reps: Sequence[RepLine]) -> str:
    """Wins that each rep adds per 100 leads, with 95 % intervals; the best on top. At most `MOST_ROWS` reps."""
    rows = [(line.name, line.added_per_100) for line in reps if line.settled][:MOST_ROWS]
    return _forest("reps", rows, "wins added per 100 leads, beside what the leads promised")


def treatment_plot(treatment: Sequence[GroupTreatment]) -> str:
    """How strong the reps are that each group of leads gets, beside those of all others."""
    rows = [(f"{found.column}: {found.group}", found.rep_effect) for found in treatment][:MOST_ROWS]
    return _forest("treatment", rows, "strength of its reps beside the others', log-odds")


def others_plot(others: OthersReport) -> str:
    """Wins per 100 leads that another way of handing out makes a difference of; empty where nothing is told."""
    found, rows = others.comparison, []
    if found.plain is not None:
        rows.append(("matcher less people, as counted", found.plain.difference))
    if found.adjusted is not None:
        rows.append(("the same, leads' own chances out", found.adjusted.difference))
    rows += [(f"{line.policy} less as it was", line.beyond) for line in others.policies.policies if line.beyond]
    return _forest("others", rows, "wins per 100 leads") if rows else ""


def uplift_plot(uplift: Sequence[RepUplift]) -> str:
    """Wins because of each rep, most first. At most `MOST_ROWS` reps."""
    rows = [(line.name, line.added_wins) for line in uplift][:MOST_ROWS]
    return _forest("uplift", rows, "wins because of the rep, beside the average candidate")


def _forest(name: str, rows: Sequence[tuple[str, Estimate]], label: str) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with _DRAWING, rc_context(_SETTINGS):
        figure = Figure(figsize=(7.4, max(1.8, 1.0 + 0.3 * len(rows))), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.axvline(0, color=_SOFT, linestyle="--", linewidth=1.2)
        values = [estimate.value for _, estimate in rows]
        below = [max(0.0, estimate.value - estimate.low) for _, estimate in rows]
        above = [max(0.0, estimate.high - estimate.value) for _, estimate in rows]
        places = list(range(len(rows)))
        axes.errorbar(
            values, places, xerr=[below, above], fmt="o", color=_ACCENT, markersize=5, elinewidth=1.4, capsize=3
        )
        # A dollar sign in a name would begin a formula.
        axes.set_yticks(places, [text.replace("$", r"\$") for text, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel(label)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embedded(out.getvalue(), name)


def _embedded(svg: str, name: str) -> str:
    """Cut the document down to its `svg` element, make its ids its own, and let the page choose the colours."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for size in ("width", "height"):
        svg = re.sub(rf'(<svg[^>]*?) {size}="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()
