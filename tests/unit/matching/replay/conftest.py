"""A period as values: leads, reps and what is known of them as a test sets it."""

from dataclasses import dataclass, field
from datetime import timedelta

import networkx as nx
import numpy as np
import pytest

from domain.routing import Presence, RepAvailability
from tools.matching.affinities.drawing import EffectDraws
from tools.matching.batch import Floor
from tools.matching.network import AffinityNetwork
from tools.matching.replay.period import Arrival, Held, Period

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class FakeModel:
    """Shifts and spreads of log-odds by rep, whatever the lead."""

    by_rep: dict = field(default_factory=dict)
    spread: dict = field(default_factory=dict)
    no_signal: str | None = None
    version: str = "fake"

    def shifts(self, reps, kinds):
        return {"rep": _table(self.by_rep, reps, kinds)}

    def effect_draws(self, reps, kinds):
        """One effect for each rep, common to all leads."""
        variance = np.array([self.spread.get(rep.id, 0.0) ** 2 for rep in reps]).reshape(-1, 1, 1)
        nothing = np.zeros((0, len(reps), len(kinds)))
        return EffectDraws.of(variance, np.zeros((len(kinds), 1), dtype=np.int64), nothing, np.zeros(0))


def _table(numbers, reps, kinds):
    return np.array([numbers.get(rep.id, 0.0) for rep in reps]).reshape(-1, 1) * np.ones((1, len(kinds)))


@dataclass
class Past:
    """Makes parts of periods; moments are hours from the beginning."""

    make: object

    def came(self, id_, hour=0.5, *, p=0.2, stays=None, given=None, gone=None, due=None, **facts):
        lead = {name: facts.pop(name) for name in ("product_id", "language", "region", "fields") if name in facts}
        return Arrival(
            lead=self.make.lead(id_, **lead),
            at=self.at(hour),
            p_convert=p,
            stays=None if stays is None else stays * HOUR,
            given_at=None if given is None else self.at(given),
            gone_at=None if gone is None else self.at(gone),
            due_at=None if due is None else self.at(due),
            **facts,
        )

    def held(self, rep_id, until=None):
        return Held(rep_id, None if until is None else self.at(until))

    def away(self, rep_id, since, until):
        return RepAvailability(
            id=f"{rep_id}-{since}", rep_id=rep_id, presence=Presence.AWAY, since=self.at(since), until=self.at(until),
            at=self.at(since), by="boss",
        )  # fmt: skip

    def at(self, hour):
        return self.make.now + hour * HOUR

    def period(self, arrivals, reps, *, hours=48, held=(), away=(), products=(), shifts=(), spread=(), silent=None):
        presence = {}
        for entry in away:
            presence[entry.rep_id] = (*presence.get(entry.rep_id, ()), entry)
        return Period(
            market="roofing",
            since=self.make.now,
            until=self.at(hours),
            floor=Floor(
                reps=tuple(reps),
                products={product.id: product for product in products},
                open_leads={},
                model=FakeModel(dict(shifts), dict(spread), silent),
                network=AffinityNetwork(nx.Graph(had=0, won=0)),
            ),
            arrivals=tuple(arrivals),
            held=tuple(held),
            presence=presence,
        )


@pytest.fixture
def past(make):
    return Past(make)
