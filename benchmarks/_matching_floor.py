"""A simulated floor as the matcher's benchmarks need it: its past, a batch, the planted chances, the hard rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from scipy.special import expit, logit

from domain.matches import Match
from domain.people import Lead, Product, Rep
from domain.values import DecisionId, ProductId
from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tools.matching.affinity import AffinityModel
from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector
from tools.matching.batch import Floor, Request
from tools.matching.flow import POOL
from tools.matching.history import judged_leads
from tools.matching.network import build_network

START = datetime(2024, 1, 1, tzinfo=UTC)
HISTORY_DAYS = 450
N_LEADS = 6000
BATCH = 500
SCORER_NOISE = 0.6
"""Standard deviation, in log-odds, of the error of the scorer that the matcher is given."""

_LEAST_P = 1e-3


@dataclass(frozen=True)
class Stage:
    """A floor at the moment of decision, with a batch of leads that need a rep.

    Attributes:
        simulated: The floor, with the truth.
        now: The moment.
        reps: Its reps.
        products: Its products.
        outcomes: How leads had ended before the moment, as `records.history.SqlHistory.outcomes` says.
        leads: The batch.
        truth: Shape (n_leads, n_reps). Planted chance of each pair.
        scored: Shape (n_leads,). What the scorer says of the batch.
        eligible: Shape (n_leads, n_reps). Pairs that the hard rules allow.
        capacities: Shape (n_reps,).
    """

    simulated: SalesFloor
    now: datetime
    reps: list[Rep]
    products: Mapping[ProductId, Product]
    outcomes: pl.DataFrame
    leads: list[Lead]
    truth: FloatMatrix
    scored: FloatVector
    eligible: BoolMatrix
    capacities: IntVector

    def judged(self) -> pl.DataFrame:
        """Return the past leads that a rep won or lost."""
        return judged_leads(self.outcomes, now=self.now)

    def floor(self, model: AffinityModel, reps: Sequence[Rep] | None = None) -> Floor:
        """Return what the matcher decides from, with empty hands."""
        return Floor(
            reps=list(reps or self.reps),
            products=self.products,
            open_leads={},
            model=model,
            network=build_network(self.judged(), model),
        )

    def requests(self) -> list[Request]:
        """Ask for a rep for each lead of the batch; every win counts the same."""
        return [request_for(lead, float(p)) for lead, p in zip(self.leads, self.scored, strict=True)]

    def chosen(self, matches: Sequence[Match]) -> IntVector:
        """Return the index of each lead's rep, or `POOL`."""
        index = {rep.id: i for i, rep in enumerate(self.reps)}
        return np.array([index[m.rep_id] if m.rep_id else POOL for m in matches], dtype=np.int64)

    def conversions(self, chosen: IntVector) -> float:
        """Return the true expected conversions of an assignment."""
        served = np.flatnonzero(chosen != POOL)
        return float(self.truth[served, chosen[served]].sum())

    def gini(self, chosen: IntVector) -> float:
        """Return the Gini coefficient of load by capacity: 0 when all carry the same part of theirs."""
        load = np.sort(np.bincount(chosen[chosen != POOL], minlength=len(self.reps)) / self.capacities)
        n = len(load)
        return float((2 * np.arange(1, n + 1) - n - 1) @ load / (n * load.sum()))


def set_stage(market: str, seed: int, *, n_leads: int = N_LEADS) -> Stage:
    """Simulate a floor and stop it after 450 days."""
    simulated = simulate(load_market(market), n_leads=n_leads, seed=seed, start=START, days=HISTORY_DAYS + 60)
    now = START + timedelta(days=HISTORY_DAYS)
    reps = list(simulated.stage.team.reps)
    products = {product.id: product for product in simulated.market.domain_products()}
    leads = _batch(simulated, now)
    ids = [lead.id for lead in leads for _ in reps]
    truth = simulated.truth.p_convert(ids, [rep.id for _ in leads for rep in reps]).reshape(len(leads), len(reps))
    rng = np.random.default_rng(seed)
    return Stage(
        simulated=simulated,
        now=now,
        reps=reps,
        products=products,
        outcomes=outcome_table(simulated, now),
        leads=leads,
        truth=truth,
        scored=_noisy(truth.mean(axis=1), rng),
        eligible=np.array([[_may(rep, lead, products) for rep in reps] for lead in leads]),
        capacities=np.array([rep.capacity for rep in reps], dtype=np.int64),
    )


def with_past_scores(stage: Stage, seed: int) -> pl.DataFrame:
    """Return the past with what the scorer said of each lead before anybody had it, with the same error."""
    ids = stage.outcomes["lead_id"].to_list()
    p = stage.simulated.truth.p_convert(ids, [""] * len(ids))
    return stage.outcomes.with_columns(p_base=pl.Series(_noisy(p, np.random.default_rng([seed, 1]))))


def outcome_table(floor: SalesFloor, now: datetime) -> pl.DataFrame:
    """Return how leads had ended before a moment, as `records.history.SqlHistory.outcomes` does.

    Args:
        floor: A simulated floor.
        now: The moment; later outcomes and assignments are left out.
    """
    leads = floor.leads.filter(pl.col("created_at") < now).select(
        pl.col("id").alias("lead_id"), "created_at", "product_id", "region", "source"
    )
    owners = (
        floor.assignments.filter(pl.col("at") < now)
        .group_by("lead_id")
        .agg(pl.col("rep_id").sort_by("at").last().alias("owner"))
    )
    ends = floor.outcomes.filter(pl.col("at") < now).select(
        "lead_id", "rep_id", pl.col("kind").alias("outcome"), pl.col("at").alias("outcome_at"), "value", "currency"
    )
    joined = leads.join(owners, on="lead_id", how="left").join(ends, on="lead_id", how="left")
    return joined.with_columns(pl.coalesce("rep_id", "owner").alias("rep_id")).drop("owner")


def request_for(lead: Lead, p_convert: float) -> Request:
    """Ask for a rep for a lead that nobody has, at the value of one win."""
    return Request(
        lead, p_convert, value=None, owner=None, excluded=frozenset(), decision_id=DecisionId(f"match-{lead.id}")
    )


def _batch(floor: SalesFloor, now: datetime) -> list[Lead]:
    rows = floor.leads.filter(pl.col("created_at") >= now).sort("created_at").head(BATCH)
    columns = ["id", "market", "created_at", "source", "region", "language", "timezone", "product_id"]
    return [Lead(**row) for row in rows.select(columns).iter_rows(named=True)]


def _may(rep: Rep, lead: Lead, products: Mapping[ProductId, Product]) -> bool:
    """Say whether the hard rules allow a pair, in the words of the rules and not by the matcher's code."""
    certificate = products[lead.product_id].certificate if lead.product_id else None
    return (
        rep.active
        and (certificate is None or certificate in rep.certificates)
        and lead.language in rep.languages
        and (lead.region is None or not rep.regions or lead.region in rep.regions)
    )


def _noisy(p: FloatVector, rng: np.random.Generator) -> FloatVector:
    noisy: FloatVector = expit(logit(p.clip(_LEAST_P, 1 - _LEAST_P)) + rng.normal(0, SCORER_NOISE, len(p)))
    return noisy
