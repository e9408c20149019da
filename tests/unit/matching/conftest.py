"""A sales floor in memory for the tests of matching."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError, LeadNotFoundError, ProductNotFoundError, RepNotFoundError
from domain.matches import AssignmentRecord
from domain.people import Lead, Product, Rep, Skill
from domain.scores import LeadScore, Rung, Temperature
from domain.values import content_hash
from tools.matching.tool import MatchingTool

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class FakeFloor:
    """Every port of the matching tool over dictionaries."""

    all_leads: dict = field(default_factory=dict)
    all_reps: dict = field(default_factory=dict)
    all_products: dict = field(default_factory=dict)
    given: list = field(default_factory=list)
    recorded: dict = field(default_factory=dict)
    closed: set = field(default_factory=set)
    chances: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    table: pl.DataFrame | None = None
    moment: datetime = NOW
    reads: int = 0

    def now(self):
        return self.moment

    async def outcomes(self, market, *, before):
        self.reads += 1
        return self.table if self.table is not None else make_outcomes(n_leads=0)

    async def score_lead(self, lead_id, *, as_of=None):
        p = self.chances.get(lead_id, 0.2)
        value = self.values.get(lead_id)
        return LeadScore(
            lead_id=lead_id,
            p_convert=p,
            p_low=p,
            p_high=p,
            points=100 * p,
            base_points=0,
            other_points=100 * p,
            temperature=Temperature.WARM,
            expected_value=None if value is None else p * value,
            reasons=(),
            rung=Rung.RULES,
            model_version="fake",
            feature_hash="0",
            as_of=as_of or self.moment,
            decision_id=f"score-{lead_id}",
        )


def _one(rows, error):
    class Records:
        async def get(self, id_):
            if id_ not in rows:
                raise error(id_)
            return rows[id_]

        async def in_market(self, market):
            return tuple(row for _, row in sorted(rows.items()) if row.market == market)

    return Records()


@dataclass
class FakeAssignments:
    floor: FakeFloor

    async def record(self, assignment: AssignmentRecord):
        if any(known.id == assignment.id for known in self.floor.given):
            return False
        self.floor.given.append(assignment)
        return True

    async def current(self, lead_id):
        mine = [a for a in self.floor.given if a.lead_id == lead_id]
        return max(mine, key=lambda a: a.at) if mine else None

    async def open_counts(self, market):
        newest = {a.lead_id: a.rep_id for a in sorted(self.floor.given, key=lambda a: a.at)}
        return Counter(rep for lead, rep in newest.items() if rep and lead not in self.floor.closed)


@dataclass
class FakeDecisions:
    floor: FakeFloor

    async def record_many(self, decisions):
        new = [d for d in decisions if d.id not in self.floor.recorded]
        self.floor.recorded |= {d.id: Decision.model_validate_json(d.model_dump_json()) for d in new}
        return len(new)

    async def get(self, decision_id):
        if decision_id not in self.floor.recorded:
            raise DecisionNotFoundError(decision_id)
        return self.floor.recorded[decision_id]


def make_lead(id_="lead-1", **changes):
    return Lead(**({"id": id_, "market": "roofing", "created_at": NOW, "source": "web"} | changes))


def make_rep(id_="rep-1", **changes):
    return Rep(**({"id": id_, "market": "roofing", "name": f"Name of {id_}"} | changes))


def make_outcomes(n_leads=3000, *, n_reps=12, n_products=3, spread=0.6, shuffled=False, seed=7):
    """Make a history in which reps differ by product, or in which their labels mean nothing."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(0, spread, (n_reps, n_products))
    rep, product = rng.integers(0, n_reps, n_leads), rng.integers(0, n_products, n_leads)
    won = rng.random(n_leads) < expit(-1.5 + 0.4 * product + effects[rep, product])
    created = [NOW - timedelta(days=100 + i % 400, seconds=i) for i in range(n_leads)]
    owner = rng.permutation(rep) if shuffled else rep
    return pl.DataFrame(
        {
            "lead_id": [f"past-{i:05}" for i in range(n_leads)],
            "created_at": created,
            "product_id": [f"product-{p}" for p in product],
            "region": [f"region-{i % 3}" for i in range(n_leads)],
            "source": "web",
            "rep_id": [f"rep-{r:02}" for r in owner],
            "outcome": ["won" if w else "lost" for w in won],
            "outcome_at": [moment + timedelta(days=20) for moment in created],
            "value": None,
            "currency": "USD",
        },
        schema={
            "lead_id": pl.String,
            "created_at": pl.Datetime("us", "UTC"),
            "product_id": pl.String,
            "region": pl.String,
            "source": pl.String,
            "rep_id": pl.String,
            "outcome": pl.String,
            "outcome_at": pl.Datetime("us", "UTC"),
            "value": pl.Float64,
            "currency": pl.String,
        },
    ).with_columns(pl.Series("true_effect", effects[rep, product]) if n_leads else pl.lit(0.0).alias("true_effect"))


@dataclass
class Make:
    lead = staticmethod(make_lead)
    rep = staticmethod(make_rep)
    outcomes = staticmethod(make_outcomes)
    now = NOW

    @staticmethod
    def product(id_, **changes):
        return Product(**({"id": id_, "market": "roofing", "name": f"Name of {id_}"} | changes))

    @staticmethod
    def skill(product_id, level):
        return Skill(product_id=product_id, level=level)

    @staticmethod
    def assignment(lead_id, rep_id, *, at=NOW - timedelta(days=1), by="manager"):
        id_ = content_hash(lead_id, rep_id, at)
        return AssignmentRecord(id=id_, lead_id=lead_id, rep_id=rep_id, at=at, by=by)


@pytest.fixture
def make():
    return Make


@pytest.fixture
def floor():
    return FakeFloor()


@pytest.fixture
def open_floor(floor):
    """Fill the floor with leads, reps and products, and return the tool over it."""

    def fill(leads=(), reps=(), products=(), **settings):
        floor.all_leads |= {lead.id: lead for lead in leads}
        floor.all_reps |= {rep.id: rep for rep in reps}
        floor.all_products |= {product.id: product for product in products}
        return MatchingTool(
            leads=_one(floor.all_leads, LeadNotFoundError),
            reps=_one(floor.all_reps, RepNotFoundError),
            products=_one(floor.all_products, ProductNotFoundError),
            assignments=FakeAssignments(floor),
            decisions=FakeDecisions(floor),
            scorer=floor,
            history=floor,
            clock=floor,
            **settings,
        )

    return fill
