"""Routing as a picture: what is drawn, what is left out, and that no name breaks it."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.matches import Candidate, Match
from tools.matching.graph_export import (
    GraphEdge,
    RoutingGraph,
    graph_of_network,
    graph_of_routing,
    to_mermaid,
    to_svg,
)
from tools.matching.network import AffinityNetwork

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = {"r-1": "Ana", "r-2": "Ben", "r-3": "Cleo", "r-4": "Dov"}
SVG = "{http://www.w3.org/2000/svg}"


def a_match(lead_id, rep_id, chances):
    considered = tuple(Candidate(rep_id=r, p_convert=p, utility=p, terms={"lead": p}) for r, p in chances.items())
    return Match(
        lead_id=lead_id,
        rep_id=rep_id,
        p_convert=chances.get(rep_id),
        reason="best",
        considered=considered,
        excluded=(),
        model_version="a-1",
        as_of=NOW,
        decision_id=f"match-{lead_id}",
    )


MATCHES = [
    a_match("lead-1", "r-1", {"r-1": 0.4, "r-2": 0.3, "r-3": 0.2, "r-4": 0.1}),
    a_match("lead-2", "r-2", {"r-1": 0.5, "r-2": 0.3}),
    a_match("lead-3", None, {}),
]


def test_each_lead_is_joined_to_its_rep_and_the_next_best_ones():
    graph = graph_of_routing(MATCHES, NAMES)
    chosen = {(edge.source, edge.target) for edge in graph.edges if edge.chosen}
    assert chosen == {("lead:lead-1", "rep:r-1"), ("lead:lead-2", "rep:r-2"), ("lead:lead-3", "pool")}
    assert {edge.target for edge in graph.edges if edge.source == "lead:lead-1"} == {"rep:r-1", "rep:r-2", "rep:r-3"}
    assert graph.note == "3 leads, 1 of them in the pool; thick lines were chosen, thin ones were next best"


def test_a_lead_that_stayed_with_its_owner_is_joined_to_him_though_nobody_was_considered():
    graph = graph_of_routing([a_match("lead-1", "r-1", {})], NAMES)
    assert [(edge.target, edge.chosen) for edge in graph.edges] == [("rep:r-1", True)]


def test_what_does_not_fit_is_left_out_and_said():
    graph = graph_of_routing(MATCHES, NAMES, most_leads=1)
    assert list(graph.left) == ["lead:lead-1"]
    assert graph.note.endswith("; 2 leads are left out")
    assert "2 leads are left out" in to_mermaid(graph)
    assert "2 leads are left out" in to_svg(graph)


def a_network():
    structure = nx.Graph(had=30, won=9)
    for rep, product, had, won, odds in (
        ("r-1", "p-1", 20, 8, 0.4),
        ("r-2", "p-1", 5, 0, -0.2),
        ("r-2", "p-2", 5, 1, 0.1),
    ):
        structure.add_node(("rep", rep), had=had, won=won)
        structure.add_node(("product", product), had=had, won=won)
        structure.add_edge(("rep", rep), ("product", product), had=had, won=won, log_odds=odds)
    structure.add_node(("lead", "l-1"), won=True)
    structure.add_edge(("lead", "l-1"), ("rep", "r-1"))
    structure.add_edge(("lead", "l-1"), ("product", "p-1"))
    return AffinityNetwork(structure)


def test_the_network_is_drawn_by_product_and_rep_the_busiest_first():
    graph = graph_of_network(a_network(), {"p-1": "Roof"}, NAMES, most_edges=2)
    assert [(e.source, e.target, e.label) for e in graph.edges] == [
        ("product:p-1", "rep:r-1", "20 leads, 40% won, +0.40 log-odds"),
        ("product:p-1", "rep:r-2", "5 leads, 0% won, -0.20 log-odds"),
    ]
    assert [edge.chosen for edge in graph.edges] == [True, False]
    assert graph.left == {"product:p-1": "Roof"}
    assert graph.note.endswith("; 1 pairs with fewer leads are left out")


def test_the_flowchart_is_mermaid():
    text = to_mermaid(graph_of_routing(MATCHES[1:], NAMES)).splitlines()
    assert text[1:] == [
        "flowchart LR",
        '  n0["lead-2"]',
        '  n1["lead-3"]',
        '  n2(["Ben"])',
        '  n3(["Ana"])',
        '  n4(["pool: waits for a rep"])',
        '  n0 ==>|"30%"| n2',
        '  n0 -.->|"50%"| n3',
        '  n1 ==>|"waits"| n4',
    ]


def test_every_node_and_line_is_in_the_svg():
    graph = graph_of_routing(MATCHES, NAMES)
    root = ET.fromstring(to_svg(graph))
    assert len(root.findall(f"{SVG}path")) == len(graph.edges)
    assert len(root.findall(f"{SVG}g")) == len(graph.left) + len(graph.right)


@pytest.mark.parametrize("draw", [to_mermaid, to_svg])
def test_nothing_to_draw_is_drawn(draw):
    assert "0 leads" in draw(graph_of_routing([], NAMES))


@given(st.text(), st.text())
def test_no_name_breaks_a_picture(name, label):
    edge = GraphEdge("a", "b", 0.5, label, chosen=True)
    graph = RoutingGraph({"a": name}, {"b": name}, (edge,), name)
    ET.fromstring(to_svg(graph))
    lines = to_mermaid(graph).rstrip("\n").split("\n")
    assert len(lines) == 5
    assert lines[2].startswith('  n0["')
    assert lines[2].count('"') == 2
