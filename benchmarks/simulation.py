"""Simulation: its speed beside a lead-by-lead generator, and the planted sizes as measured on its frames."""

import json
import time
from datetime import UTC, datetime, timedelta

import lightgbm
import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.harness import Figure, Options, run
from simulation.catalogue import load_market, market_names
from simulation.floor import SalesFloor, simulate
from simulation.market import MarketModel, NumberField
from simulation.truth import expected_auc
from simulation.vectors import FloatMatrix, FloatVector

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, N_LEADS, NAIVE_LEADS = 540, 10_000, 400
AGE, WINDOW = timedelta(days=7), timedelta(days=90)


def measure(options: Options) -> list[Figure]:
    """Measure every market."""
    n_leads = 4_000 if options.quick else N_LEADS
    figures = []
    for name in market_names():
        market = load_market(name)
        began = time.perf_counter()
        floor = simulate(market, n_leads=n_leads, seed=options.seed, start=START, days=DAYS)
        figures += _speed(market, floor, time.perf_counter() - began, options.seed)
        figures += _sizes(floor)
        figures += _learnability(floor, full=not options.quick)
    return figures


# -- speed -------------------------------------------------------------------------------------------------------


def _speed(market: MarketModel, floor: SalesFloor, seconds: float, seed: int) -> list[Figure]:
    """Compare interactions per second; the naive generator plays fewer leads, with fewer effects."""
    began = time.perf_counter()
    naive_rows = sum(
        _naive_lead(market, number, np.random.default_rng([seed, number])) for number in range(NAIVE_LEADS)
    )
    naive = naive_rows / (time.perf_counter() - began)
    ours = floor.interactions.height / seconds
    name = f"{market.id}, {floor.leads.height} leads with {floor.interactions.height} interactions"
    return [
        Figure(name, seconds, "s", bar="<= 10 s", holds=seconds <= 10),  # noqa: PLR2004 - the bar
        Figure(f"{market.id}: interactions", ours, "/s", "one lead at a time", naive, ">= 5 x", ours >= 5 * naive),
    ]


def _naive_lead(market: MarketModel, number: int, rng: np.random.Generator) -> int:
    """Write one lead and its events as dictionaries, as a first version would; returns how many events it wrote."""
    latents = {name: rng.standard_normal() for name in ("urgency", "need", "budget")}
    lead = {"id": f"{market.code}-lead-{number:06d}", "source": rng.choice(list(market.sources))}
    for field in market.fields:
        draw = rng.standard_normal()
        exponential = isinstance(field, NumberField) and field.shape == "lognormal"
        lead[f"fields.{field.name}"] = float(np.exp(draw)) if exponential else draw
    events = []
    for behaviour in market.behaviours:
        rate = behaviour.first_week * np.exp(
            behaviour.urgency * latents["urgency"]
            + behaviour.need * latents["need"]
            + behaviour.budget * latents["budget"]
        )
        for _ in range(rng.poisson(rate)):
            at = START + timedelta(days=float(rng.exponential(behaviour.half_life_days)))
            attributes = json.dumps({"page": str(rng.choice(market.pages))})
            events.append({"lead_id": lead["id"], "kind": behaviour.kind, "at": at, "attributes": attributes})
    events.sort(key=lambda event: event["at"])
    return len(events)


# -- planted sizes -----------------------------------------------------------------------------------------------


def _sizes(floor: SalesFloor) -> list[Figure]:
    name, truth, ids = floor.market.id, floor.truth, floor.leads["id"]
    ended = floor.outcomes.filter(pl.col("kind") != "disqualified")
    base = float(ended["kind"].eq("won").mean())  # type: ignore[arg-type]  # the mean of booleans is a float
    best, skill = truth.best_auc(), float(truth.skills().std())
    effects = {
        action: 100 * float(truth.nudge_effect(ids, [action] * len(ids)).mean()) for action in floor.market.action_ids
    }
    strongest = max(effects, key=lambda action: effects[action])
    values = floor.outcomes["value"].drop_nulls().sort(descending=True).to_numpy()
    top = 100 * float(values[: len(values) // 10].sum() / values.sum())
    return [
        Figure(f"{name}: base conversion", 100 * base, "%", bar="8 to 20 %", holds=0.08 <= base <= 0.20),  # noqa: PLR2004 - the bar
        Figure(f"{name}: best possible AUC", best, bar="0.80 to 0.88", holds=0.80 <= best <= 0.88),  # noqa: PLR2004 - the bar
        Figure(f"{name}: rep x product skill, sd of log-odds", skill, bar="0.35 to 0.5", holds=0.35 <= skill <= 0.5),  # noqa: PLR2004 - the bar
        Figure(
            f"{name}: strongest nudge ({strongest}), mean gain",
            effects[strongest],
            "points",
            bar="2 to 8",
            holds=2 <= effects[strongest] <= 8,  # noqa: PLR2004 - the bar
        ),
        Figure(f"{name}: value held by the top tenth of deals", top, "%", bar="> 30 %", holds=top > 30),  # noqa: PLR2004 - the bar
    ]


# -- can a scorer learn it? --------------------------------------------------------------------------------------


def _learnability(floor: SalesFloor, *, full: bool) -> list[Figure]:
    """Train two plain models on what day 7 shows, on the first 75 % of leads, and compare with the truth on the rest.

    AUCs are expectations over outcomes drawn from the planted probabilities, so luck in the test labels plays no part.
    """
    table = _known_at_day_seven(floor)
    labels = table["converts"].to_numpy()
    cut = int(0.75 * len(labels))
    numbers, levels = _matrix(table)
    logistic = _logistic(numbers, levels, labels, cut)
    boosted = _boosted(numbers, levels, labels, cut)
    planted = floor.truth.p_convert(table["id"])[cut:]
    best = expected_auc(planted)
    gaps = {
        "logistic": best - expected_auc(planted, logistic),
        "LightGBM": best - expected_auc(planted, boosted),
        "their mean": best - expected_auc(planted, (logistic + boosted) / 2),
    }
    name = f"{floor.market.id}, day 7, {cut} leads to learn"
    holds = gaps["their mean"] <= 0.02 if full else None  # noqa: PLR2004 - the bar
    return [
        Figure(f"{name}: AUC behind the best, logistic", gaps["logistic"]),
        Figure(f"{name}: AUC behind the best, LightGBM", gaps["LightGBM"]),
        Figure(f"{name}: AUC behind the best, mean of both", gaps["their mean"], bar="<= 0.02", holds=holds),
    ]


def _known_at_day_seven(floor: SalesFloor) -> pl.DataFrame:
    """Return leads still open at day 7 whose 90 days are over: fields, rep, counts of events so far, and the label."""
    ends = floor.outcomes.select(id="lead_id", end="kind", ended_at="at")
    leads = floor.leads.with_columns(as_of=pl.col("created_at") + AGE).join(ends, on="id", how="left")
    is_open = pl.col("ended_at").is_null() | (pl.col("ended_at") >= pl.col("as_of"))
    leads = leads.filter(is_open & (pl.col("as_of") + WINDOW <= floor.end))
    won = (pl.col("end") == "won") & (pl.col("ended_at") <= pl.col("as_of") + WINDOW)
    moments = leads.select("as_of", lead_id="id")
    genuine = ~pl.col("attributes").str.contains("(?i)bot|python-requests|headless").fill_null(value=False)
    past = floor.interactions.filter(genuine).join(moments, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
    counts = past.group_by("lead_id").agg(
        *(
            (pl.col("kind") == kind).sum().alias(f"count.{kind}")
            for kind in sorted(floor.interactions["kind"].unique())
        ),
        pl.col("duration_s").sum().alias("count.seconds"),
    )
    held = floor.assignments.join(moments, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
    reps = held.sort("at").group_by("lead_id").agg(pl.col("rep_id").last())
    return (
        leads.with_columns(converts=won.fill_null(value=False))
        .join(counts, left_on="id", right_on="lead_id", how="left")
        .join(reps, left_on="id", right_on="lead_id", how="left")
        .with_columns(pl.col("^count\\..*$").fill_null(0))
        .sort("created_at")
    )


def _matrix(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    columns = [name for name in table.columns if name.startswith(("fields.", "count."))]
    text = [name for name in columns if table[name].dtype == pl.String]
    numbers = table.select(pl.col(name).cast(pl.Float64) for name in columns if name not in text)
    return numbers, table.select(*text, "source", "region", "product_id", "language", "rep_id")


def _logistic(numbers: pl.DataFrame, levels: pl.DataFrame, labels: FloatVector, cut: int) -> FloatVector:
    logs = numbers.select(
        pl.when(pl.col(name).min() >= 0).then(pl.col(name).clip(0).log1p()).otherwise(pl.col(name))
        for name in numbers.columns
    )
    filled = logs.select(pl.col(name).fill_null(pl.col(name).median()) for name in logs.columns).to_numpy()
    missing = numbers.select(pl.all().is_null().cast(pl.Float64)).to_numpy()
    scaled = StandardScaler().fit(filled[:cut]).transform(filled)
    matrix = np.hstack([scaled, missing, levels.to_dummies().to_numpy()])
    model = LogisticRegression(C=0.05, max_iter=2000).fit(matrix[:cut], labels[:cut])
    return np.asarray(model.decision_function(matrix[cut:]))


def _boosted(numbers: pl.DataFrame, levels: pl.DataFrame, labels: FloatVector, cut: int) -> FloatVector:
    codes = levels.select(pl.all().cast(pl.Categorical).to_physical().cast(pl.Float64))
    matrix: FloatMatrix = np.hstack([numbers.to_numpy(), codes.to_numpy()]).astype(np.float64)
    data = lightgbm.Dataset(matrix[:cut], labels[:cut], categorical_feature=list(range(numbers.width, matrix.shape[1])))
    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 4, "min_data_in_leaf": 40, "lambda_l2": 5,
        "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1, "cat_l2": 20, "max_cat_to_onehot": 64,
        "num_threads": 1, "verbose": -1, "seed": 1,
    }  # fmt: skip
    return np.asarray(lightgbm.train(settings, data, 400).predict(matrix[cut:], raw_score=True))


if __name__ == "__main__":
    run("simulation", measure)
