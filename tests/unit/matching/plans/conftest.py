"""A batch and a floor as values, with effects of reps as a test sets them."""

from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import pytest

from tools.matching.batch import Floor, Request
from tools.matching.network import AffinityNetwork


@dataclass(frozen=True)
class FakeModel:
    """Shifts and spreads of log-odds by rep, whatever the lead."""

    by_rep: dict = field(default_factory=dict)
    spread: dict = field(default_factory=dict)
    no_signal: str | None = "Rep history is too thin."
    version: str = "fake"

    def shifts(self, reps, kinds):
        return {"rep": _table(self.by_rep, reps, kinds)}

    def spreads(self, reps, kinds):
        return _table(self.spread, reps, kinds)


def _table(numbers, reps, kinds):
    return np.array([numbers.get(rep.id, 0.0) for rep in reps]).reshape(-1, 1) * np.ones((1, len(kinds)))


@pytest.fixture
def stage():
    def build(reps, *, shifts=(), spread=(), products=(), **facts):
        return Floor(
            **{
                "reps": tuple(reps),
                "products": {product.id: product for product in products},
                "open_leads": {},
                "model": FakeModel(dict(shifts), dict(spread), None if shifts else "Rep history is too thin."),
                "network": AffinityNetwork(nx.Graph(had=0, won=0)),
            }
            | facts
        )

    return build


@pytest.fixture
def ask(make):
    def build(id_="lead-1", *, p=0.2, value=None, owner=None, excluded=(), rejections=(), **lead):
        since = lead.pop("owner_since", None)
        due = lead.pop("due_at", None)
        held = lead.pop("held", True)
        hot = lead.pop("hot", False)
        return Request(
            lead=make.lead(id_, **lead),
            p_convert=p,
            value=value,
            owner=owner,
            excluded=frozenset(excluded),
            decision_id=f"match-{id_}",
            owner_since=since,
            rejections=tuple(rejections),
            due_at=due,
            held=held,
            hot=hot,
        )

    return build
