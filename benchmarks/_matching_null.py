"""Whether the matcher claims to know something where there is nothing to know."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._matching_floor import set_stage
from benchmarks.harness import Figure, Options
from domain.people import Rep
from domain.values import Market, RepId
from simulation.catalogue import market_names
from tools.matching.affinity import AffinityModel, LeadKind, fit_affinity
from tools.matching.history import judged_leads

_MOST = 1 / 20
_SHUFFLES = 10


def measure(options: Options) -> list[Figure]:
    """Ask for a signal in histories without one; `--quick` permutes 3 floors, else 21, ten times each."""
    n_floors = 1 if options.quick else 7
    floors = [(market, options.seed + i) for market in market_names() for i in range(n_floors)]
    return [*_permuted(floors), *_maven(options.data / "maven_crm")]


def _permuted(floors: list[tuple[str, int]]) -> list[Figure]:
    """Draw the rep of every past lead at random among those who had leads of its product and region."""
    claims, moved, found = 0, 0.0, 0
    for market, seed in track(floors, description="null control"):
        stage = set_stage(market, seed)
        judged = stage.judged()
        found += fit_affinity(judged, stage.reps, rng=np.random.default_rng(seed)).no_signal is None
        for shuffle in range(_SHUFFLES):
            label = pl.col("rep_id").shuffle(seed=1000 * seed + shuffle).over("product_id", "region")
            shuffled = judged.with_columns(judged.select(label)["rep_id"])
            model = fit_affinity(shuffled, stage.reps, rng=np.random.default_rng(shuffle))
            claims += model.no_signal is None
            moved += _moves(model, stage.reps) > 0
    n_runs = len(floors) * _SHUFFLES
    return [
        Figure(
            f"signals claimed with rep labels permuted (of {n_runs} runs)", float(claims), bar="at most 1 run in 20",
            holds=claims <= _MOST * n_runs,
        ),
        Figure(
            f"runs in which permuted labels move any probability, trust in declared skill included (of {n_runs})", moved,
        ),
        Figure(f"signals found with the true labels (of {len(floors)} floors)", float(found)),
    ]  # fmt: skip


def _moves(model: AffinityModel, reps: list[Rep]) -> float:
    """Return the greatest shift that a model makes, in log-odds."""
    kinds = [LeadKind(product_id) for product_id in model.product_ids]
    return float(np.abs(np.sum(list(model.shifts(reps, kinds).values()), axis=0)).max())


def _maven(folder: Path) -> list[Figure]:
    """Ask for a signal where there is none: Maven Analytics' CRM sales opportunities (fictitious, public domain)."""
    pipeline = folder / "sales_pipeline.csv"
    if not pipeline.exists():
        return [Figure(f"signals claimed on maven_crm: not measured, no {pipeline}", float("nan"))]
    deals = pl.read_csv(pipeline, try_parse_dates=True).filter(pl.col("engage_date").is_not_null())
    ended = pl.col("deal_stage").is_in(["Won", "Lost"])
    table = deals.select(
        pl.col("opportunity_id").alias("lead_id"),
        pl.col("engage_date").cast(pl.Datetime("us", "UTC")).alias("created_at"),
        pl.col("product").alias("product_id"),
        pl.lit(None, pl.String).alias("region"),
        pl.lit("crm").alias("source"),
        pl.col("sales_agent").alias("rep_id"),
        pl.when(ended).then(pl.col("deal_stage").str.to_lowercase()).alias("outcome"),
        pl.col("close_date").cast(pl.Datetime("us", "UTC")).alias("outcome_at"),
    )
    judged = judged_leads(table, now=datetime(2018, 1, 1, tzinfo=UTC))
    names = sorted(judged["rep_id"].unique())
    reps = [Rep(id=RepId(name), market=Market("maven_crm"), name=name) for name in names]
    model = fit_affinity(judged, reps, rng=np.random.default_rng(0))
    return [
        Figure(
            f"signals claimed on maven_crm, a null control ({judged.height} leads, p = {model.p_value:.2f})",
            float(model.no_signal is None),
            bar="none",
            holds=model.no_signal is not None,
        ),
        Figure(
            "greatest shift on maven_crm, log-odds", _moves(model, reps), bar="none", holds=_moves(model, reps) == 0
        ),
    ]
