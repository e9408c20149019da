"""The affinity network: past leads, the products they asked for, the reps who had them. Explains; decides nothing."""

from dataclasses import dataclass
from typing import Any

import networkx as nx
import polars as pl

from domain.people import Product, Rep
from domain.values import LeadId, ProductId, RepId
from tools.matching.affinities.model import AffinityModel

Node = tuple[str, str]


@dataclass(frozen=True)
class TrackRecord:
    """How many leads somebody had, and won."""

    had: int
    won: int

    @property
    def share(self) -> float:
        """Part won, in [0, 1]; 0 without leads."""
        return self.won / self.had if self.had else 0.0


@dataclass(frozen=True)
class AffinityNetwork:
    """An undirected network of three kinds of nodes: `("lead", id)`, `("product", id)`, `("rep", id)`.

    A past lead is joined to the product it asked for and to the rep who had it. A rep is joined to each product
    he had leads for, with `had`, `won` and `log_odds`, what the model says he adds there. So a path from a
    product to a rep is the ground for a match, and the leads next to both are its evidence.
    """

    structure: "nx.Graph[Node]"  # generic in the stubs only

    def record_of(self, rep_id: RepId, product_id: ProductId | None = None) -> TrackRecord:
        """Say how a rep did, on one product or on all."""
        node = _rep(rep_id)
        if node not in self.structure:
            return TrackRecord(0, 0)
        if product_id is None:
            return TrackRecord(self.structure.nodes[node]["had"], self.structure.nodes[node]["won"])
        edge = self.structure.get_edge_data(node, _product(product_id), default={"had": 0, "won": 0})
        return TrackRecord(edge["had"], edge["won"])

    def record_of_team(self, product_id: ProductId | None = None) -> TrackRecord:
        """Say how all reps together did, on one product or on all."""
        node = _product(product_id) if product_id is not None else None
        facts = self.structure.nodes.get(node, {"had": 0, "won": 0}) if node else self.structure.graph
        return TrackRecord(facts["had"], facts["won"])

    def evidence(self, rep_id: RepId, product_id: ProductId, *, limit: int = 5) -> tuple[LeadId, ...]:
        """List past leads on the path between a product and a rep, won ones first."""
        ends = (_rep(rep_id), _product(product_id))
        if any(end not in self.structure for end in ends):
            return ()
        leads = (node for node in nx.common_neighbors(self.structure, *ends) if node[0] == "lead")
        ranked = sorted(leads, key=lambda node: (not self.structure.nodes[node]["won"], node[1]))
        return tuple(LeadId(node[1]) for node in ranked[:limit])


def build_network(judged: pl.DataFrame, model: AffinityModel) -> AffinityNetwork:
    """Build the network of a history.

    Args:
        judged: Table of `tools.matching.history.judged_leads`.
        model: The model fitted on it, for the weights of the edges between reps and products.
    """
    structure: nx.Graph[Node] = nx.Graph(had=judged.height, won=int(judged["won"].sum()))
    for kind, key in (("rep", "rep_id"), ("product", "product_id")):
        for name, had, won in _tally(judged, key):
            structure.add_node((kind, name), had=had, won=won)
    columns = {product_id: index for index, product_id in enumerate(model.product_ids)}
    rows = {rep_id: index for index, rep_id in enumerate(model.rep_ids)}
    effects = model.product_effects()
    for rep_id, product_id, had, won in _tally(judged, "rep_id", "product_id"):
        row, column = rows[rep_id], columns[product_id]
        structure.add_edge(_rep(rep_id), _product(product_id), had=had, won=won, log_odds=float(effects[row, column]))
    for lead_id, rep_id, product_id, result in judged.select("lead_id", "rep_id", "product_id", "won").iter_rows():
        structure.add_node(("lead", lead_id), won=result > 0)
        structure.add_edge(("lead", lead_id), _rep(rep_id))
        if product_id is not None:
            structure.add_edge(("lead", lead_id), _product(product_id))
    return AffinityNetwork(structure)


def explain_path(network: AffinityNetwork, rep: Rep, product: Product | None) -> str:
    """Say in a clause what the history shows about a rep and a product.

    Args:
        network: The affinity network.
        rep: The rep.
        product: What the lead asks for, if it says.

    Returns:
        For instance `14 Commercial Auto leads, 31 % won against 22 % of the team`.
    """
    if product is not None and (on_product := network.record_of(rep.id, product.id)).had:
        team = network.record_of_team(product.id)
        return f"{on_product.had} {product.name} leads, {on_product.share:.0%} won against {team.share:.0%} of the team"
    overall = network.record_of(rep.id)
    if overall.had:
        team = network.record_of_team()
        return f"{overall.had} leads, {overall.share:.0%} won against {team.share:.0%} of the team"
    return "no history yet, counted as the team's mean"


def _tally(judged: pl.DataFrame, *by: str) -> list[tuple[Any, ...]]:
    won = pl.col("won").sum().cast(pl.Int64)
    grouped = judged.drop_nulls(by).group_by(by).agg(pl.len().cast(pl.Int64).alias("had"), won)
    return grouped.sort(by).rows()


def _rep(rep_id: RepId | str) -> Node:
    return ("rep", rep_id)


def _product(product_id: ProductId | str) -> Node:
    return ("product", product_id)
