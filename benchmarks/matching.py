"""Matching against round-robin and an oracle, on floors whose truth is known; null controls; solver time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import networkx as nx
import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import expit, logit

from benchmarks.harness import Figure, Options, run
from domain.people import Lead, Rep
from domain.values import DecisionId
from simulation.catalogue import load_market, market_names
from simulation.floor import SalesFloor, simulate
from tools.matching.affinity import AffinityModel, fit_affinity
from tools.matching.arrays import BoolMatrix, FloatMatrix, IntVector
from tools.matching.assignment import POOL, assign_leads
from tools.matching.history import judged_leads
from tools.matching.network import build_network
from tools.matching.planning import Floor, Request, plan_matches
from tools.matching.round_robin import assign_in_turn
from tools.matching.tool import DEFAULT_FAIRNESS

START = datetime(2024, 1, 1, tzinfo=UTC)
HISTORY_DAYS = 450
BATCH = 500
SCORER_NOISE = 0.6
"""Standard deviation, in log-odds, of the error of the scorer that the matcher is given."""

MIN_GAIN = 1.10

Result = TypeVar("Result")


@dataclass(frozen=True)
class Trial:
    """One batch on one floor: true expected conversions under each policy."""

    ours: float
    turns: float
    oracle: float
    model: AffinityModel
    load_ours: float
    load_turns: float


def measure(options: Options) -> list[Figure]:
    """Measure everything; `--quick` takes one seed per market."""
    seeds = [options.seed + i for i in range(1 if options.quick else 5)]
    figures = []
    for market in track(market_names(), description="conversions"):
        figures += _conversions(market, [_play(market, seed) for seed in seeds])
        figures.append(_from_outcomes_alone(market, [_play(market, seed, declared=False) for seed in seeds]))
    figures.append(_permuted(seeds[: 1 if options.quick else 3], n_shuffles=4 if options.quick else 10))
    figures += _maven(options.data / "maven_crm")
    figures += _solver(options.seed)
    figures += _single_lead(options.seed)
    return figures


def _conversions(market: str, trials: list[Trial]) -> list[Figure]:
    ours, turns, oracle = (float(np.mean([getattr(t, name) for t in trials])) for name in ("ours", "turns", "oracle"))
    data = f"{market}, {BATCH} leads, {len(trials)} seeds"
    return [
        Figure(
            f"true expected conversions ({data})",
            ours,
            peer="round-robin",
            peer_value=turns,
            bar="at least 10 % above round-robin",
            holds=ours >= MIN_GAIN * turns,
        ),
        Figure(f"share of the oracle's gain over round-robin ({data})", (ours - turns) / (oracle - turns)),
        Figure(
            f"Gini of workload ({data})",
            float(np.mean([t.load_ours for t in trials])),
            peer="round-robin",
            peer_value=float(np.mean([t.load_turns for t in trials])),
        ),
    ]


def _from_outcomes_alone(market: str, trials: list[Trial]) -> Figure:
    """Show what is left where nobody declared a skill; in the simulation declared skill follows the true one."""
    silent = sum(trial.model.no_signal is not None for trial in trials)
    return Figure(
        f"the same without declared skills ({market}, no signal on {silent} of {len(trials)} floors)",
        float(np.mean([trial.ours for trial in trials])),
        peer="round-robin",
        peer_value=float(np.mean([trial.turns for trial in trials])),
    )


def _play(market: str, seed: int, *, declared: bool = True) -> Trial:
    floor, now = _simulate(market, seed)
    reps = [rep if declared else rep.model_copy(update={"skills": ()}) for rep in _reps(floor)]
    model = fit_affinity(judged_leads(outcome_table(floor, now), now=now), reps, rng=np.random.default_rng(seed))
    leads = _batch(floor, now)
    truth = _true_chances(floor, leads, reps)
    rng = np.random.default_rng(seed)
    scored = expit(logit(truth.mean(axis=1).clip(1e-3)) + rng.normal(0, SCORER_NOISE, len(leads)))
    requests = [_request(lead, float(p)) for lead, p in zip(leads, scored, strict=True)]
    stage = Floor(
        reps=reps,
        products={product.id: product for product in floor.market.domain_products()},
        open_leads={},
        model=model,
        network=build_network(judged_leads(outcome_table(floor, now), now=now), model),
    )
    matches = plan_matches(requests, stage, fairness=DEFAULT_FAIRNESS, now=now)
    index = {rep.id: i for i, rep in enumerate(reps)}
    ours = np.array([index[match.rep_id] if match.rep_id else POOL for match in matches])
    barred = [{exclusion.rep_id for exclusion in match.excluded} for match in matches]
    eligible = np.array([[rep.id not in row for rep in reps] for row in barred])
    capacities = np.array([rep.capacity for rep in reps], dtype=np.int64)
    nobody = np.zeros(len(reps), dtype=np.int64)
    turns = assign_in_turn(eligible, nobody, capacities)
    best = assign_leads(truth, eligible, nobody, capacities).rep
    return Trial(
        ours=_conversions_of(ours, truth),
        turns=_conversions_of(turns, truth),
        oracle=_conversions_of(best, truth),
        model=model,
        load_ours=_gini(np.bincount(ours[ours != POOL], minlength=len(reps)) / capacities),
        load_turns=_gini(np.bincount(turns[turns != POOL], minlength=len(reps)) / capacities),
    )


def _permuted(seeds: list[int], n_shuffles: int) -> Figure:
    """Count how often the matcher claims a signal when the rep of every past lead is drawn at random."""
    claims = 0
    for seed in track(seeds, description="null control"):
        floor, now = _simulate("roofing", seed)
        judged = judged_leads(outcome_table(floor, now), now=now)
        reps = _reps(floor)
        for shuffle in range(n_shuffles):
            labels = judged.select(pl.col("rep_id").shuffle(seed=1000 * seed + shuffle).over("product_id", "region"))[
                "rep_id"
            ]
            model = fit_affinity(judged.with_columns(labels), reps, rng=np.random.default_rng(shuffle))
            claims += model.no_signal is None
    n_runs = len(seeds) * n_shuffles
    return Figure(
        f"signals claimed with rep labels permuted (of {n_runs} runs)",
        claims,
        bar="at most 1 run in 20",
        holds=claims <= n_runs / 20,
    )


def _maven(folder: Path) -> list[Figure]:
    """Ask for a signal where there is none: Maven Analytics' CRM sales opportunities (fictitious, public domain)."""
    pipeline = folder / "sales_pipeline.csv"
    if not pipeline.exists():
        return [Figure(f"signals claimed on maven_crm: not measured, no {pipeline}", float("nan"))]
    deals = pl.read_csv(pipeline, try_parse_dates=True).filter(pl.col("engage_date").is_not_null())
    table = deals.select(
        pl.col("opportunity_id").alias("lead_id"),
        pl.col("engage_date").cast(pl.Datetime("us", "UTC")).alias("created_at"),
        pl.col("product").alias("product_id"),
        pl.lit(None, pl.String).alias("region"),
        pl.lit("crm").alias("source"),
        pl.col("sales_agent").alias("rep_id"),
        pl.when(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .then(pl.col("deal_stage").str.to_lowercase())
        .alias("outcome"),
        pl.col("close_date").cast(pl.Datetime("us", "UTC")).alias("outcome_at"),
        pl.lit(None, pl.Float64).alias("value"),
        pl.lit("USD").alias("currency"),
    )
    judged = judged_leads(table, now=datetime(2018, 1, 1, tzinfo=UTC))
    names = sorted(judged["rep_id"].unique())
    reps = [Rep(id=name, market="maven_crm", name=name) for name in names]
    model = fit_affinity(judged, reps, rng=np.random.default_rng(0))
    return [
        Figure(
            f"signals claimed on maven_crm, a null control ({judged.height} leads, p = {model.p_value:.2f})",
            float(model.no_signal is None),
            bar="none",
            holds=model.no_signal is not None,
        )
    ]


def _solver(seed: int) -> list[Figure]:
    """Time the solver on 1,000 leads, 100 reps and 30 allowed reps a lead, beside networkx' network simplex."""
    rng = np.random.default_rng(seed)
    utilities = rng.random((1000, 100))
    eligible = rng.random((1000, 100)).argsort(axis=1) < 30  # noqa: PLR2004 - candidates a lead
    capacities = np.full(100, 11, dtype=np.int64)
    nobody = np.zeros(100, dtype=np.int64)
    ours, seconds = _timed(lambda: assign_leads(utilities, eligible, nobody, capacities), 5)
    network = _as_networkx(utilities, eligible, capacities)
    (_, flow), peer_seconds = _timed(lambda: nx.network_simplex(network), 1)
    peer = sum(utilities[lead, rep] for lead in range(1000) for rep in range(100) if flow[lead].get(1000 + rep, 0))
    return [
        Figure("assignment, 1,000 x 100, 30 candidates", 1000 * seconds, "ms", "networkx", 1000 * peer_seconds),
        Figure(
            "utility of the same assignment",
            ours.utility,
            peer="networkx",
            peer_value=float(peer),
            bar="equal to 0.01 %",
            holds=abs(ours.utility - float(peer)) <= 1e-4 * abs(float(peer)),
        ),
    ]


def _single_lead(seed: int) -> list[Figure]:
    """Time the pure decision about one lead against 100 and against 1,000 reps, reasons included."""
    floor, now = _simulate("roofing", seed)
    judged = judged_leads(outcome_table(floor, now), now=now)
    crowd = _reps(floor)
    model = fit_affinity(judged, crowd, rng=np.random.default_rng(seed))
    network = build_network(judged, model)
    products = {product.id: product for product in floor.market.domain_products()}
    request = _request(_batch(floor, now)[0], 0.2)
    figures = []
    for n_reps in (100, 1000):
        reps = [crowd[i % len(crowd)].model_copy(update={"id": f"rep-{i}"}) for i in range(n_reps)]
        stage = Floor(reps=reps, products=products, open_leads={}, model=model, network=network)

        def decide(stage: Floor = stage) -> object:
            return plan_matches([request], stage, fairness=DEFAULT_FAIRNESS, now=now)

        _, seconds = _timed(decide, 20)
        figures.append(Figure(f"one lead against {n_reps} reps, with reasons (median)", 1000 * seconds, "ms"))
    return figures


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


def _simulate(market: str, seed: int) -> tuple[SalesFloor, datetime]:
    floor = simulate(load_market(market), n_leads=6000, seed=seed, start=START, days=HISTORY_DAYS + 60)
    return floor, START + timedelta(days=HISTORY_DAYS)


def _reps(floor: SalesFloor) -> list[Rep]:
    return list(floor.stage.team.reps)


def _batch(floor: SalesFloor, now: datetime) -> list[Lead]:
    rows = floor.leads.filter(pl.col("created_at") >= now).sort("created_at").head(BATCH)
    columns = ["id", "market", "created_at", "source", "region", "language", "timezone", "product_id"]
    return [Lead(**row) for row in rows.select(columns).iter_rows(named=True)]


def _request(lead: Lead, p_convert: float) -> Request:
    return Request(
        lead, p_convert, value=None, owner=None, excluded=frozenset(), decision_id=DecisionId(f"match-{lead.id}")
    )


def _true_chances(floor: SalesFloor, leads: list[Lead], reps: list[Rep]) -> FloatMatrix:
    ids = [lead.id for lead in leads for _ in reps]
    return floor.truth.p_convert(ids, [rep.id for _ in leads for rep in reps]).reshape(len(leads), len(reps))


def _conversions_of(chosen: IntVector, truth: FloatMatrix) -> float:
    served = np.flatnonzero(chosen != POOL)
    return float(truth[served, chosen[served]].sum())


def _gini(load: FloatMatrix) -> float:
    ranked = np.sort(load)
    n = len(ranked)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * ranked.sum()))


def _as_networkx(utilities: FloatMatrix, eligible: BoolMatrix, capacities: IntVector) -> "nx.DiGraph[int]":
    n_leads, n_reps = utilities.shape
    sink = n_leads + n_reps
    network: nx.DiGraph[int] = nx.DiGraph()
    network.add_node(sink, demand=n_leads)
    for lead in range(n_leads):
        network.add_node(lead, demand=-1)
        network.add_edge(lead, sink, capacity=1, weight=10**9)
        for rep in map(int, np.flatnonzero(eligible[lead])):
            network.add_edge(lead, n_leads + rep, capacity=1, weight=round((1 - utilities[lead, rep]) * 10**6))
    for rep in range(n_reps):
        network.add_edge(n_leads + rep, sink, capacity=int(capacities[rep]), weight=0)
    return network


def _timed(work: Callable[[], Result], repeats: int) -> tuple[Result, float]:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return result, float(np.median(seconds))


if __name__ == "__main__":
    run("matching", measure)
