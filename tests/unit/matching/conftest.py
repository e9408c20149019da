"""A sales floor for the tests of matching: real records in SQLite; scores, history and the clock as a test sets them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, Product, Rep, Skill
from domain.routing import RoutingPolicy
from domain.scores import LeadScore, Rung, Temperature
from domain.values import content_hash
from records.database import open_database
from records.repositories import Records
from tools.matching.tool import MatchingTool

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class FakeFloor:
    """What the matching tool is told: chances, values, the history and the time."""

    chances: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    table: pl.DataFrame | None = None
    moment: datetime = NOW
    reads: int = 0
    scored: list = field(default_factory=list)
    meanwhile: list = field(default_factory=list)
    records: Records | None = None

    def now(self):
        return self.moment

    async def outcomes(self, market, *, before):
        self.reads += 1
        return self.table if self.table is not None else make_outcomes(n_leads=0)

    async def batch_score(self, lead_ids: Sequence[str], *, as_of=None, with_reasons=True):
        """Score; what other processes do meanwhile happens now."""
        self.scored.append((tuple(lead_ids), with_reasons))
        if self.meanwhile:
            await self.meanwhile.pop(0)()
        return [self._score(lead_id, as_of) for lead_id in lead_ids]

    def _score(self, lead_id, as_of):
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

    async def given(self, *lead_ids):
        """Who has each lead now."""
        held = await self.records.assignments.current_of(lead_ids)
        return {lead_id: held[lead_id].rep_id if lead_id in held else None for lead_id in lead_ids}

    async def load(self, market="roofing"):
        return dict(await self.records.assignments.open_counts(market))

    async def decisions(self, lead_id):
        return await self.records.decisions.about(lead_id)

    async def end(self, lead_id, kind=OutcomeKind.WON):
        await self.records.outcomes.record(Outcome(lead_id=lead_id, kind=kind, at=self.moment))


def make_lead(id_="lead-1", **changes):
    return Lead(**({"id": id_, "market": "roofing", "created_at": NOW - timedelta(hours=1), "source": "web"} | changes))


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
async def floor(tmp_path):
    database = await open_database(f"sqlite:///{tmp_path}/matching.db")
    yield FakeFloor(records=Records.over(database))
    await database.close()


@pytest.fixture
def open_floor(floor):
    """Fill the floor with leads, reps and products, and return the tool over it. Nothing is explored unless asked."""

    async def fill(leads=(), reps=(), products=(), given=(), **rules):
        records = floor.records
        for lead in leads:
            await records.leads.save(lead, at=lead.created_at)
        for rep in reps:
            await records.reps.save(rep)
        for product in products:
            await records.products.save(product)
        for assignment in given:
            await records.assignments.record(assignment)
        policy = RoutingPolicy(**{"explore": 0.0, "vip_reserve": 0.0, **rules})
        return MatchingTool(records=records, scorer=floor, history=floor, clock=floor, policy=policy)

    return fill
