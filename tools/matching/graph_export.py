"""Routing as a picture: who got which lead, or who wins what, as Mermaid or SVG. Pure; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from domain.matches import Match
from domain.values import ProductId, RepId
from tools.matching.network import AffinityNetwork

MOST_LEADS = 40
MOST_EDGES = 120
"""More than that is no picture."""

_RUNNERS_UP = 2
_WIDTH, _ROW, _TOP, _BOX = 860, 30, 46, 300
_STYLE = (
    "svg{font:13px system-ui,sans-serif;background:#fff}text{fill:#1d2430}.box{fill:#f0f3f8;stroke:#b9c2d0}"
    ".pool{fill:#fdecea;stroke:#d59a95}.edge{stroke:#9aa5b5;fill:none}.chosen{stroke:#1f5fbf}.quiet{fill:#566072}"
)


@dataclass(frozen=True)
class GraphEdge:
    """A line from a node on the left to one on the right.

    Attributes:
        source: Id of the node on the left.
        target: Id of the node on the right.
        weight: Strength in [0, 1], for the line's width.
        label: What to say about it.
        chosen: Whether it was decided so; a line that is not is drawn thin.
    """

    source: str
    target: str
    weight: float
    label: str
    chosen: bool


@dataclass(frozen=True)
class RoutingGraph:
    """A bipartite graph that is small enough to look at.

    Attributes:
        left: Label of each node on the left by id, in order.
        right: The same for the right.
        edges: Lines between them.
        note: What is shown, and what was left out.
    """

    left: Mapping[str, str]
    right: Mapping[str, str]
    edges: tuple[GraphEdge, ...]
    note: str


def graph_of_routing(
    matches: Sequence[Match], names: Mapping[RepId, str], *, most_leads: int = MOST_LEADS
) -> RoutingGraph:
    """Draw leads and the reps they went to, each with the next best candidates; leads without a rep go to the pool.

    Args:
        matches: In order; the first ones are drawn.
        names: Name of each rep.
        most_leads: How many leads are drawn at most, >= 1.
    """
    shown = matches[:most_leads]
    edges, right = [], {}
    for match in shown:
        lead = f"lead:{match.lead_id}"
        if match.rep_id is None:
            right["pool"] = "pool: waits for a rep"
            edges.append(GraphEdge(lead, "pool", 0.0, "waits", chosen=True))
        best = [candidate for candidate in match.considered if candidate.rep_id == match.rep_id]
        others = [candidate for candidate in match.considered if candidate.rep_id != match.rep_id][:_RUNNERS_UP]
        if match.rep_id is not None and not best:
            right[f"rep:{match.rep_id}"] = names.get(match.rep_id, match.rep_id)
            edges.append(GraphEdge(lead, f"rep:{match.rep_id}", match.p_convert or 0.0, "", chosen=True))
        for candidate in (*best, *others):
            rep = f"rep:{candidate.rep_id}"
            right[rep] = names.get(candidate.rep_id, candidate.rep_id)
            chosen = candidate.rep_id == match.rep_id
            edges.append(GraphEdge(lead, rep, candidate.p_convert, f"{candidate.p_convert:.0%}", chosen=chosen))
    left = {f"lead:{match.lead_id}": str(match.lead_id) for match in shown}
    waiting = sum(match.rep_id is None for match in shown)
    note = f"{len(shown)} leads, {waiting} of them in the pool; thick lines were chosen, thin ones were next best"
    return RoutingGraph(left, right, tuple(edges), note + _left_out(len(matches) - len(shown), "leads"))


def graph_of_network(
    network: AffinityNetwork,
    products: Mapping[ProductId, str],
    names: Mapping[RepId, str],
    *,
    most_edges: int = MOST_EDGES,
) -> RoutingGraph:
    """Draw products and the reps who had leads for them: leads had, part won, and what the model says a rep adds.

    Args:
        network: What was learned.
        products: Name of each product.
        names: Name of each rep.
        most_edges: How many lines are drawn at most, >= 1; those with the most leads are kept.
    """
    found = sorted(_pairs(network), key=lambda pair: (-pair[2]["had"], pair[0], pair[1]))
    shown = found[:most_edges]
    most = max((facts["had"] for _, _, facts in shown), default=1)
    edges = tuple(
        GraphEdge(
            f"product:{product}",
            f"rep:{rep}",
            facts["had"] / most,
            f"{facts['had']} leads, {facts['won'] / facts['had']:.0%} won, {facts['log_odds']:+.2f} log-odds",
            chosen=facts["log_odds"] > 0,
        )
        for product, rep, facts in shown
    )
    left = {f"product:{product}": products.get(ProductId(product), product) for product, _, _ in shown}
    right = {f"rep:{rep}": names.get(RepId(rep), rep) for _, rep, _ in shown}
    note = f"{len(shown)} pairs of product and rep; thick lines where the rep adds to the odds"
    return RoutingGraph(left, right, edges, note + _left_out(len(found) - len(shown), "pairs with fewer leads"))


def to_mermaid(graph: RoutingGraph) -> str:
    """Write the graph as a Mermaid flowchart. Labels are quoted, so no name can break it."""
    ids = {node: f"n{number}" for number, node in enumerate((*graph.left, *graph.right))}
    lines = [f"%% {_one_line(graph.note)}", "flowchart LR"]
    for side, shape in ((graph.left, '["{}"]'), (graph.right, '(["{}"])')):
        lines += [f"  {ids[node]}{shape.format(_quoted(label))}" for node, label in side.items()]
    for edge in graph.edges:
        arrow = "==>" if edge.chosen else "-.->"
        label = f'|"{_quoted(edge.label)}"|' if edge.label else ""
        lines.append(f"  {ids[edge.source]} {arrow}{label} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def to_svg(graph: RoutingGraph) -> str:
    """Draw the graph as SVG, one column on each side; the right one is ordered so that few lines cross."""
    left = {node: row for row, node in enumerate(graph.left)}
    right = {node: row for row, node in enumerate(_untangled(graph, left))}
    height = _TOP + _ROW * max(1, len(left), len(right)) + 10
    end = _WIDTH - _BOX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">',
        f"<title>{escape(_printable(graph.note))}</title><style>{_STYLE}</style>",
        f'<text class="quiet" x="8" y="20">{escape(_printable(graph.note))}</text>',
    ]
    for edge in sorted(graph.edges, key=lambda edge: edge.chosen):
        y_from, y_to = (_TOP + _ROW * row + _ROW / 2 - 4 for row in (left[edge.source], right[edge.target]))
        width = 1 + 4 * max(0.0, min(1.0, edge.weight)) if edge.chosen else 0.8
        style = "edge chosen" if edge.chosen else "edge"
        curve = f"M{_BOX} {y_from:g} C{_BOX + 120} {y_from:g} {end - 120} {y_to:g} {end} {y_to:g}"
        parts.append(
            f'<path class="{style}" stroke-width="{width:.1f}" d="{curve}"><title>{escape(_printable(edge.label))}</title></path>'
        )
    for rows, labels, x in ((left, graph.left, 0), (right, graph.right, end)):
        for node, row in rows.items():
            parts.append(_box(labels[node], x, _TOP + _ROW * row, is_pool=node == "pool"))
    return "".join([*parts, "</svg>"])


def _pairs(network: AffinityNetwork) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return product, rep and facts of each edge between the two kinds."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for a, b, facts in network.structure.edges(data=True):
        kinds = {a[0]: a[1], b[0]: b[1]}
        if kinds.keys() == {"rep", "product"} and facts["had"] > 0:
            found.append((kinds["product"], kinds["rep"], facts))
    return found


def _untangled(graph: RoutingGraph, left: Mapping[str, int]) -> list[str]:
    """Order the right side by the mean row of what each node is joined to (Sugiyama, Tagawa and Toda, 1981)."""
    rows: dict[str, list[int]] = {node: [] for node in graph.right}
    for edge in graph.edges:
        rows[edge.target].extend([left[edge.source]] * (3 if edge.chosen else 1))
    return sorted(rows, key=lambda node: (sum(rows[node]) / len(rows[node]) if rows[node] else 0.0, node))


def _box(label: str, x: float, y: float, *, is_pool: bool) -> str:
    text = _printable(label)
    shown = text if len(text) <= 38 else f"{text[:37]}…"  # noqa: PLR2004 - what fits into the box
    return (
        f'<g><title>{escape(text)}</title><rect class="{"pool" if is_pool else "box"}" x="{x}" y="{y}" width="{_BOX}" height="{_ROW - 8}" rx="5"/>'
        f'<text x="{x + 10}" y="{y + 16}">{escape(shown)}</text></g>'
    )


def _left_out(count: int, what: str) -> str:
    return f"; {count} {what} are left out" if count > 0 else ""


def _quoted(text: str) -> str:
    """Write text for the inside of Mermaid's quotes, where an entity begins with a hash."""
    return "".join(c if c.isalnum() or c in " .,:%+-_()/" else f"#{ord(c)};" for c in _printable(text))


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    """Drop control characters, which neither XML nor Mermaid can hold."""
    return "".join(c if c.isprintable() else " " for c in text)
