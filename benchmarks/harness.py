"""The frame of a benchmark: arguments, figures, table, JSON and exit status. Measures nothing itself."""

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_NAMED = ("lightgbm", "scikit-learn", "ortools", "networkx", "polars", "qdrant-edge-py", "temporalio", "numpy")


@dataclass(frozen=True)
class Figure:
    """One measured number beside its peer.

    Attributes:
        name: What was measured, with the data set.
        value: Ours.
        unit: Unit of both values; empty for a pure number.
        peer: Name of the baseline measured in the same run, if there is one.
        peer_value: Its value.
        bar: What was promised, in words; empty when the figure only informs.
        holds: Whether the promise holds; None without a bar.
    """

    name: str
    value: float
    unit: str = ""
    peer: str = ""
    peer_value: float | None = None
    bar: str = ""
    holds: bool | None = None


@dataclass(frozen=True)
class Options:
    """What the caller asked for."""

    quick: bool
    seed: int
    data: Path


def run(name: str, measure: Callable[[Options], list[Figure]]) -> None:
    """Parse the command line, measure, print a table, write JSON, and exit 1 where a bar does not hold.

    Args:
        name: Name of the benchmark, for the title and the JSON.
        measure: Does the work and returns the figures in the order to print.
    """
    run_parts(name, {name: measure})


def run_parts(name: str, parts: Mapping[str, Callable[[Options], list[Figure]]]) -> None:
    """Do the same with a benchmark of several parts, each printed when it is done; `--only` chooses among them.

    Args:
        name: Name of the benchmark.
        parts: Work of each part, by name, in order.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    if len(parts) > 1:
        parser.add_argument("--only", action="append", choices=tuple(parts), help="only this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a look")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--seed", type=int, default=2024)
    default_data = os.environ.get("LEADLINE_DATA", "../shared/data")  # noqa: TID251 - a benchmark is its own entry point
    parser.add_argument("--data", type=Path, default=Path(default_data), help="folder of real data sets")
    args = parser.parse_args()
    options = Options(quick=args.quick, seed=args.seed, data=args.data)
    figures: list[Figure] = []
    for part in getattr(args, "only", None) or parts:
        found = parts[part](options)
        _print(part if part == name else f"{name}, {part}", found)
        figures += found
        if args.json:
            args.json.write_text(json.dumps(_document(figures, args.seed), indent=2), encoding="utf-8")
    sys.exit(1 if any(figure.holds is False for figure in figures) else 0)


def _print(name: str, figures: list[Figure]) -> None:
    table = Table(title=f"benchmark: {name}")
    for column in ("figure", "ours", "peer", "ratio", "bar", "holds"):
        table.add_column(column, justify="right" if column in {"ours", "ratio"} else "left")
    for figure in figures:
        ratio = f"{figure.value / figure.peer_value:.3g}" if figure.peer_value else ""
        peer = f"{figure.peer} {figure.peer_value:.4g}" if figure.peer_value is not None else figure.peer
        holds = {None: "", True: "yes", False: "NO"}[figure.holds]
        table.add_row(figure.name, f"{figure.value:.4g} {figure.unit}".strip(), peer, ratio, figure.bar, holds)
    Console(width=160).print(table)


def _document(figures: list[Figure], seed: int) -> dict[str, object]:
    versions = {name: importlib.metadata.version(name) for name in _NAMED}
    return {
        "figures": [asdict(figure) for figure in figures],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": versions,
        "seed": seed,
    }
