"""The report of effectiveness beside the planted truth: are reps judged rightly, and is nobody blamed by chance?"""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import expit, logit

from benchmarks import _matching_others
from benchmarks.harness import Figure, Options
from simulation.catalogue import load_market, market_names
from simulation.effects import Effects
from simulation.floor import SalesFloor, simulate
from tools.matching.arrays import FloatMatrix, FloatVector
from tools.matching.effectiveness.facts import MATCHES, OVERRIDES, REJECTIONS, Facts
from tools.matching.effectiveness.measuring import measure_effectiveness
from tools.matching.effectiveness.report import RepLine

START = datetime(2025, 1, 1, tzinfo=UTC)
LEADS, DAYS = 6000, 510
SCORER_NOISE = 0.6
"""Standard deviation, in log-odds, of the error of the scores."""

_JUDGED = 20


def measure(options: Options) -> list[Figure]:
    """Measure; `--quick` takes one floor per market, else seven, each from a fresh seed."""
    seeds = [options.seed + i for i in range(1 if options.quick else 7)]
    floors = [(market, seed) for market in market_names() for seed in seeds]
    judged = [_judge(market, seed, Effects()) for market, seed in track(floors, description="effectiveness")]
    null = [_judge(market, seed, Effects(rep=False)) for market, seed in track(floors, description="null control")]
    named = [pair for pairs in judged for pair in pairs if pair[0].verdict in {"better", "worse"}]
    pairs = [pair for pairs in judged for pair in pairs]
    held = float(np.mean([line.added_per_100.low <= truth <= line.added_per_100.high for line, truth in pairs]))
    wrong = sum(line.added_per_100.value * truth < 0 for line, truth in named)
    blamed = sum(line.verdict in {"better", "worse"} for pairs in null for line, _ in pairs)
    data = f"{len(floors)} floors of {LEADS:,} leads, 24 reps"
    correlation = float(np.mean([_correlation(pairs) for pairs in judged]))
    return [
        Figure(
            f"95 % intervals of reps that hold the truth ({data})",
            held,
            bar="at least 0.90",
            holds=held >= 0.9,  # noqa: PLR2004 - the bar
        ),
        Figure(f"correlation of what reps add with the truth ({data})", correlation),
        Figure(f"reps called better or worse ({data})", len(named)),
        Figure("of those, called the wrong way", wrong, bar="at most 1 in 20", holds=wrong <= max(1, len(named)) / 20),
        Figure(
            f"reps called better or worse where reps do not differ (of {sum(len(pairs) for pairs in null)})",
            blamed,
            bar="at most 1 in 40",
            holds=blamed <= sum(len(pairs) for pairs in null) / 40,
        ),
        *_matching_others.measure(options),
    ]


def _judge(market: str, seed: int, effects: Effects) -> list[tuple[RepLine, float]]:
    """Return each rep's line with the wins that he truly adds per 100 of his settled leads."""
    floor = simulate(load_market(market), n_leads=LEADS, seed=seed, start=START, days=DAYS, effects=effects)
    facts = _facts(floor)
    reps: list[str] = [rep.id for rep in floor.stage.team.reps]
    ids = facts.leads["lead_id"].to_list()
    asked = [lead for lead in ids for _ in reps], [rep for _ in ids for rep in reps]
    chances = floor.truth.p_convert(*asked).reshape(len(ids), len(reps))
    mean = chances.mean(axis=1).clip(1e-3, 1 - 1e-3)
    noise = np.random.default_rng(seed).normal(0, SCORER_NOISE, len(ids))
    leads = facts.leads.with_columns(pl.Series("p_lead", expit(logit(mean) + noise)))
    report = measure_effectiveness(replace(facts, leads=leads), floor.market.id, since=START, before=floor.end)
    lines = [line for line in report.reps if line.settled >= _JUDGED]
    truth = np.array([_added(chances, mean, reps.index(line.key), leads, line.key) for line in lines])
    # The report levels promises to the wins there were, so the truth is taken beside the team's mean too.
    truth = truth - float(np.average(truth, weights=[line.settled for line in lines]))
    return list(zip(lines, truth.tolist(), strict=True))


def _added(chances: FloatMatrix, mean: FloatVector, rep: int, leads: pl.DataFrame, rep_id: str) -> float:
    """Return the wins per 100 that a rep truly adds to the leads that ended in his hands."""
    mine = leads.select((pl.col("rep_id") == rep_id) & pl.col("outcome").is_in(["won", "lost"])).to_series()
    rows = np.flatnonzero(mine.fill_null(value=False).to_numpy())
    return float(100 * (chances[rows, rep] - mean[rows]).mean())


def _facts(floor: SalesFloor) -> Facts:
    ends = floor.outcomes.select("lead_id", pl.col("rep_id").alias("closer"), pl.col("kind").alias("outcome"), "value")
    owners = floor.assignments.sort("at").group_by("lead_id").agg(pl.col("rep_id").last())
    leads = (
        floor.leads.select(pl.col("id").alias("lead_id"), "created_at", "product_id", "region", "source", "language")
        .join(owners, on="lead_id", how="left")
        .join(ends, on="lead_id", how="left")
        .with_columns(
            pl.coalesce("closer", "rep_id").alias("rep_id"),
            pl.lit(None, pl.Float64).alias("p_lead"),
            pl.lit(None, pl.Datetime("us", "UTC")).alias("first_contact_at"),
        )
    )
    return Facts(
        leads=leads,
        matches=pl.DataFrame(schema=MATCHES),
        rejections=pl.DataFrame(schema=REJECTIONS),
        overrides=pl.DataFrame(schema=OVERRIDES),
        reps=floor.reps.select(pl.col("id").alias("rep_id"), "name", "active"),
        product_names={},
    )


def _correlation(pairs: list[tuple[RepLine, float]]) -> float:
    found, truth = zip(*((line.added_per_100.value, truth) for line, truth in pairs), strict=True)
    return float(np.corrcoef(found, truth)[0, 1])
