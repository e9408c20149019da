"""Draws the plots of a report as SVG that takes its colours from the page. Pure: no clock, no I/O.

Matplotlib takes a second to import, so it is imported when the first plot is drawn.
"""

import io
import re
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from tools.scoring.reporting.curves import Curves, Points, ReliabilityPoint, TopShare

INK, ACCENT, SOFT, GRID = "#010101", "#020202", "#030303", "#040404"
"""Colours that a plot is drawn with; the page replaces them with its own, light or dark."""

_VARIABLES = {INK: "var(--ink)", ACCENT: "var(--accent)", SOFT: "var(--soft)", GRID: "var(--grid)"}
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "leadline", "svg.fonttype": "none", "font.size": 11, "font.family": "sans-serif",
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GRID, "xtick.color": INK, "ytick.color": INK,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8, "axes.axisbelow": True, "legend.frameon": False,
    "legend.labelcolor": INK,
}  # fmt: skip
_DRAWING = Lock()
"""Matplotlib's settings belong to the process; two trainings may draw at the same time."""

_WIDTH, _HEIGHT = 5.6, 4.2
_WHOLE_PERCENTS = 0.06
"""Length of an axis from which its ticks are whole percents."""


def reliability_plot(points: Sequence[ReliabilityPoint]) -> str:
    """Said against seen, with 95 % intervals; a perfect model lies on the diagonal."""

    def draw(axes: Any) -> None:
        said, seen = [point.said for point in points], [point.seen for point in points]
        below = [max(0.0, point.seen - point.low) for point in points]
        above = [max(0.0, point.high - point.seen) for point in points]
        end = min(1.0, 1.08 * max([*said, *(point.high for point in points), 0.05]))
        axes.plot([0, end], [0, end], color=SOFT, linestyle="--", linewidth=1.2, label="perfect")
        axes.errorbar(said, seen, yerr=[below, above], color=ACCENT, marker="o", markersize=5, linewidth=1.4,
                      elinewidth=1.2, capsize=3, label="this model, 95 % interval")  # fmt: skip
        _shares(axes, end, end)
        axes.set_xlabel("probability said")
        axes.set_ylabel("share converted")
        axes.legend(loc="upper left")

    return _svg("reliability", draw)


def gain_plot(gain: Points, base_rate: float) -> str:
    """Share of all converted leads found, by share of leads worked from the highest score down."""

    def draw(axes: Any) -> None:
        x, y = zip(*gain, strict=True)
        axes.plot(
            [0, max(base_rate, 1e-6), 1], [0, 1, 1], color=SOFT, linewidth=1.2, linestyle=":", label="best possible"
        )
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1.2, label="any order")
        axes.plot(x, y, color=ACCENT, linewidth=2, label="highest score first")
        _shares(axes, 1.0, 1.0)
        axes.set_xlabel("share of leads worked")
        axes.set_ylabel("share of all conversions found")
        axes.legend(loc="lower right")

    return _svg("gain", draw)


def lift_plot(tops: Sequence[TopShare], base_rate: float) -> str:
    """Share converted among the highest-scored leads, with 95 % intervals, beside that of all leads."""

    def draw(axes: Any) -> None:
        names = ["all" if top.share >= 1 else f"top {top.share:.0%}" for top in tops]
        values = [top.converted for top in tops]
        errors = [
            [max(0.0, top.converted - top.low) for top in tops],
            [max(0.0, top.high - top.converted) for top in tops],
        ]
        axes.bar(names, values, color=ACCENT, width=0.62)
        axes.errorbar(names, values, yerr=errors, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
        axes.axhline(base_rate, color=SOFT, linestyle="--", linewidth=1.2)
        axes.grid(visible=False, axis="x")
        end = 1.1 * max([*(top.high for top in tops), 0.01])
        _percent(axes.yaxis, end=end)
        axes.set_ylim(0, end)
        axes.set_ylabel("share converted")

    return _svg("lift", draw)


def pr_plot(pr: Points, base_rate: float) -> str:
    """Precision against recall; without ranking, precision is the base rate."""

    def draw(axes: Any) -> None:
        x, y = zip(*pr, strict=True)
        axes.axhline(base_rate, color=SOFT, linestyle="--", linewidth=1.2, label="any order")
        axes.plot(x, y, color=ACCENT, linewidth=2, label="this model")
        _shares(axes, 1.0, 1.0)
        axes.set_xlabel("recall: share of all conversions found")
        axes.set_ylabel("precision: share converted")
        axes.legend(loc="upper right")

    return _svg("pr", draw)


def roc_plot(roc: Points) -> str:
    """Hit rate against false alarm rate."""

    def draw(axes: Any) -> None:
        x, y = zip(*roc, strict=True)
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1.2, label="any order")
        axes.plot(x, y, color=ACCENT, linewidth=2, label="this model")
        _shares(axes, 1.0, 1.0)
        axes.set_xlabel("share of the others taken as well")
        axes.set_ylabel("share of all conversions found")
        axes.legend(loc="lower right")

    return _svg("roc", draw)


def reasons_plot(shares: Sequence[tuple[str, float]]) -> str:
    """What scores rest on, as shares of the whole; the largest on top."""

    def draw(axes: Any) -> None:
        names, values = zip(*reversed(shares), strict=True)
        axes.barh(names, values, color=ACCENT, height=0.62)
        axes.grid(visible=False, axis="y")
        _percent(axes.xaxis, end=max(values))
        axes.set_xlabel("share of all that moves scores")

    return _svg("reasons", draw, height=max(2.0, 0.9 + 0.34 * len(shares)), width=7.4)


def _shares(axes: Any, x_end: float, y_end: float) -> None:
    axes.set_xlim(0, x_end)
    axes.set_ylim(0, y_end * 1.02)
    _percent(axes.xaxis, end=x_end)
    _percent(axes.yaxis, end=y_end)


def _percent(axis: Any, *, end: float = 1.0) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if end >= _WHOLE_PERCENTS else None, symbol=" %"))


def _svg(name: str, draw: Callable[[Any], None], *, width: float = _WIDTH, height: float = _HEIGHT) -> str:
    """Draw and return an `<svg>` element whose ids begin with `name`, so that several fit in one page."""
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    target = io.StringIO()
    with _DRAWING, mpl.rc_context({**_SETTINGS, "axes.prop_cycle": cycler(color=[ACCENT])}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = target.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()


def plots_of(curves: Curves) -> dict[str, str]:
    """Draw every plot of a set of predictions, by name."""
    base = curves.won / curves.rows
    return {
        "reliability": reliability_plot(curves.reliability),
        "lift": lift_plot(curves.tops, base),
        "gain": gain_plot(curves.gain, base),
        "pr": pr_plot(curves.pr, base),
        "roc": roc_plot(curves.roc),
    }
