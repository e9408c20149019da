"""Scoring beside logistic regression and LightGBM at defaults on the same folds, and beside the simulation's truth.

Data: UCI Bank Marketing (Moro, Cortez and Rita 2014; CC BY 4.0, see the publisher's terms) without `duration`;
Maven Analytics CRM sales opportunities (fictitious, results independent of everything known: a null control).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from benchmarks.harness import Figure, Options, run
from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tools.scoring import metrics
from tools.scoring.activity import KEYS
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode, infer_schema
from tools.scoring.history import HISTORY_SCHEMA, OUTCOMES_SCHEMA
from tools.scoring.linear import Reads, Term, standardise
from tools.scoring.model import TrainedModel
from tools.scoring.moments import scoring_moments, settled, training_moments
from tools.scoring.scores import score_leads
from tools.scoring.table import build_features
from tools.scoring.temperature import LeadCosts
from tools.scoring.training import train

_PEERS = ("logistic", "LightGBM")
_START = datetime(2023, 1, 2, tzinfo=UTC)
_GAP_BAR = 0.03
_ECE_BAR = 0.03


def measure(options: Options) -> list[Figure]:
    """Measure everything; a data set that is absent gives no figure and says so."""
    figures = [*_on_bank(options), *_on_maven(options)]
    for market in ("insurance_partners",) if options.quick else ("insurance_partners", "real_estate", "roofing"):
        figures += _on_simulation(market, options)
    return figures


# -- bank: 5-fold cross-validation -------------------------------------------------------------------------------


def _on_bank(options: Options) -> list[Figure]:
    path = options.data / "bank_marketing" / "bank-additional-full.csv"
    if not path.exists():
        print(f"bank_marketing: not measured, no file {path}")
        return []
    table = pl.read_csv(path, separator=";", infer_schema_length=None)
    if options.quick:
        table = table.gather_every(8)
    labels = (table["y"] == "yes").to_numpy()
    frame = table.drop("y", "duration")
    ours, peers = np.zeros(len(labels)), {name: np.zeros(len(labels)) for name in _PEERS}
    folds = StratifiedKFold(5, shuffle=True, random_state=options.seed).split(np.zeros(len(labels)), labels)
    for learn, test in track(list(folds), description="bank_marketing"):
        rng = np.random.default_rng(options.seed)
        ours[test] = train(frame[learn], labels[learn], None, rng=rng).predict(frame[test]).p
        for name, p in _peer_predictions(frame[learn], labels[learn], frame[test]).items():
            peers[name][test] = p
    return _beside_peers("bank", ours, peers, labels)


def _peer_predictions(learn: pl.DataFrame, labels: BoolVector, test: pl.DataFrame) -> dict[str, FloatVector]:
    """Fit both peers at their library's defaults: one-hot standardised columns, and native categories."""
    schema = infer_schema(learn)
    x, x_test = encode(learn, schema), encode(test, schema)
    terms = _one_hot_terms(x, schema.categorical)
    logistic = LogisticRegression(max_iter=1000).fit(standardise(x, terms), labels)
    booster = lgb.LGBMClassifier(verbose=-1, n_jobs=1).fit(x, labels, categorical_feature=schema.categorical or "auto")
    return {
        "logistic": logistic.predict_proba(standardise(x_test, terms))[:, 1],
        "LightGBM": np.asarray(booster.booster_.predict(x_test)),
    }


def _one_hot_terms(x: FloatMatrix, categorical: list[int]) -> list[Term]:
    terms = []
    for i in range(x.shape[1]):
        values = x[:, i]
        if i in categorical:
            terms += [
                _term(values == code, i, Reads.LEVEL, int(code)) for code in np.unique(values[np.isfinite(values)])
            ]
        else:
            terms.append(_term(values[np.isfinite(values)], i, Reads.VALUE, 0))
    return [term for term in terms if term.scale > 0]


def _term(values: Any, i: int, reads: Reads, level: int) -> Term:
    return Term(i, reads, level, float(np.mean(values)), float(np.std(values)), 0.0)


# -- maven: the null control -------------------------------------------------------------------------------------


def _on_maven(options: Options) -> list[Figure]:
    folder = options.data / "maven_crm"
    if not folder.exists():
        print(f"maven_crm: not measured, no folder {folder}")
        return []
    deals = (
        pl.read_csv(folder / "sales_pipeline.csv", try_parse_dates=True)
        .filter(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .join(pl.read_csv(folder / "accounts.csv"), on="account", how="left")
        .join(pl.read_csv(folder / "sales_teams.csv"), on="sales_agent", how="left")
        .sort("engage_date", "opportunity_id")
    )
    known = ["sales_agent", "manager", "product", "account", "sector", "revenue", "employees", "office_location"]
    frame, labels = deals.select(known), (deals["deal_stage"] == "Won").to_numpy()
    engaged, closed = (deals[name].cast(pl.Int64).to_numpy() * 86_400.0 for name in ("engage_date", "close_date"))
    seeds = range(options.seed, options.seed + (1 if options.quick else 10))
    models = [
        train(frame, labels, engaged, settles_at=closed, rng=np.random.default_rng(seed))
        for seed in track(seeds, description="maven_crm")
    ]
    silent = float(np.mean([model.no_signal is not None for model in models]))
    best = max(candidate.auc for model in models for candidate in model.evidence.candidates)
    return [
        Figure("maven: share of seeds that say no signal", silent, bar="all", holds=silent == 1.0),
        Figure("maven: highest out-of-fold AUC of any rung and seed", best, peer="chance", peer_value=0.5),
    ]


# -- simulation: later leads, beside the planted truth -----------------------------------------------------------


@dataclass(frozen=True)
class _FloorLog:
    """The log of a simulated floor, read as `History` reads records."""

    leads: pl.DataFrame
    rest: pl.DataFrame
    ends: pl.DataFrame

    def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        born = moments.join(self.leads, on="lead_id").filter(pl.col("at") <= pl.col("as_of"))
        past = moments.join(self.rest, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
        return pl.concat([frame.select(HISTORY_SCHEMA.keys()) for frame in (born, past)]).sort(*KEYS, "at", "id")

    def outcomes(self, before: datetime) -> pl.DataFrame:
        known = pl.col("outcome_at") < before
        hidden = [pl.when(known).then(name).alias(name) for name in ("outcome", "outcome_at", "value", "currency")]
        return self.ends.filter(pl.col("created_at") < before).with_columns(hidden)


def _floor_log(floor: SalesFloor) -> _FloorLog:
    fields = [name for name in floor.leads.columns if name.startswith("fields.")]
    payload = [
        json.dumps(
            {name: row[name] for name in ("market", "region", "language", "timezone", "company")}
            | {"has_email": row["email"] is not None, "has_phone": row["phone"] is not None}
            | {"fields": {name.removeprefix("fields."): row[name] for name in fields}}
        )
        for row in floor.leads.iter_rows(named=True)
    ]
    leads = floor.leads.select(
        "id", "product_id", lead_id="id", record=pl.lit("lead"), at="created_at", kind="source",
        channel=pl.lit(None, pl.Utf8), rep_id=pl.lit(None, pl.Utf8), value=pl.lit(None, pl.Float64),
        payload=pl.Series(payload),
    )  # fmt: skip
    events = floor.interactions.select(
        "id", "product_id", "lead_id", "at", "kind", "channel", "rep_id",
        record=pl.lit("interaction"), value="duration_s", payload="attributes",
    )  # fmt: skip
    assignments = floor.assignments.select(
        "id", "lead_id", "at", "rep_id", record=pl.lit("assignment"), kind="by", channel=pl.lit(None, pl.Utf8),
        product_id=pl.lit(None, pl.Utf8), value=pl.lit(None, pl.Float64), payload=pl.lit(None, pl.Utf8),
    )  # fmt: skip
    ends = floor.outcomes.select("lead_id", "rep_id", "value", "currency", outcome="kind", outcome_at="at")
    table = floor.leads.select("created_at", "product_id", "region", "source", lead_id="id")
    ends = table.join(ends, on="lead_id", how="left").select(OUTCOMES_SCHEMA.keys())
    return _FloorLog(leads, pl.concat([events, assignments.select(events.columns)]), ends)


def _on_simulation(market: str, options: Options) -> list[Figure]:
    n_leads, days = (10_000, 730) if options.quick else (20_000, 730)
    floor = simulate(load_market(market), n_leads=n_leads, seed=options.seed, start=_START, days=days)
    log, now = _floor_log(floor), _START + timedelta(days=0.6 * days)
    moments = settled(training_moments(log.outcomes(now), now=now), now=now)
    began = time.perf_counter()
    history = log.known_before(moments.select(KEYS))
    context = MarketContext.of(history, log.outcomes(now))
    learn = moments.join(build_features(history, context), on=KEYS).sort("as_of", "lead_id")
    features = time.perf_counter() - began
    labels = learn["converted"].to_numpy()
    frame = learn.drop("lead_id", "as_of", "settles_at", "converted", "judged")
    groups = learn["lead_id"].rank("dense").to_numpy().astype(np.int64) - 1
    times, settles = (learn[name].dt.epoch("us").to_numpy() / 1e6 for name in ("as_of", "settles_at"))
    began = time.perf_counter()
    model = train(
        frame,
        labels,
        times,
        settles_at=settles,
        groups=groups,
        judged=learn["judged"].to_numpy(),
        rng=np.random.default_rng(options.seed),
    )
    training = time.perf_counter() - began
    later = scoring_moments(log.outcomes(floor.end), now=floor.end, days=(7,))
    later = settled(later, now=floor.end).filter(pl.col("as_of") >= now)
    histories = log.known_before(later.select(KEYS))
    test = later.join(build_features(histories, context), on=KEYS).sort("as_of", "lead_id")
    seen = test["converted"].to_numpy()
    ours = model.predict(test).p
    planted = floor.truth.p_convert(test["lead_id"])
    peers = _peer_predictions(frame, labels, test)
    booster = lgb.train({"verbosity": -1, "objective": "binary"}, lgb.Dataset(encode(frame, model.schema), labels))
    name = f"{market}, {len(seen)} later leads"
    gap = _auc(planted, seen) - _auc(ours, seen)
    ece = metrics.expected_calibration_error(ours, seen)
    chance = metrics.ece_of_a_perfect_model(ours, rng=np.random.default_rng(options.seed))
    figures = [
        Figure(f"{name}: AUC behind the planted truth", gap, bar=f"<= {_GAP_BAR}", holds=gap <= _GAP_BAR),
        Figure(f"{name}: AUC", _auc(ours, seen), peer="planted truth", peer_value=_auc(planted, seen)),
        Figure(
            f"{name}: ECE", ece, peer="chance alone", peer_value=chance, bar=f"<= {_ECE_BAR}", holds=ece <= _ECE_BAR
        ),
        Figure(f"{name}: rung {model.rung}, features of {len(labels)} moments", features, unit="s"),
        Figure(f"{name}: training", training, unit="s"),
        *_beside_peers(market, ours, peers, seen),
    ]
    return figures + _latencies(market, model, booster, context, log, later.select(KEYS), options)


def _latencies(
    market: str,
    model: TrainedModel,
    booster: lgb.Booster,
    context: MarketContext,
    log: _FloorLog,
    moments: pl.DataFrame,
    options: Options,
) -> list[Figure]:
    one = log.known_before(moments.head(1))
    costs = LeadCosts()

    def score(history: pl.DataFrame) -> None:
        score_leads(history, model, context, model_version="bench", costs=costs, previous={})

    row = model.predict(build_features(one, context)).matrix
    peer, peer_ms = "Booster.predict", _median_ms(lambda: booster.predict(row, num_threads=1), 200)
    figures = [
        Figure(f"{market}: one score with reasons", _median_ms(lambda: score(one), 50), "ms", peer, peer_ms),
        Figure(f"{market}: its model alone", _median_ms(lambda: model.ranker.log_odds(row), 200), "ms", peer, peer_ms),
    ]
    many = log.known_before(moments.head(200 if options.quick else 1000))
    n = many.filter(pl.col("record") == "lead").height
    rate = 1000 * n / _median_ms(lambda: score(many), 1)
    return [*figures, Figure(f"{market}: bulk scores with reasons, {n} leads", rate, "leads/s")]


# -- shared ------------------------------------------------------------------------------------------------------


def _beside_peers(name: str, ours: FloatVector, peers: dict[str, FloatVector], labels: BoolVector) -> list[Figure]:
    return [
        Figure(f"{name}: {measure_name}", function(ours, labels), peer=peer, peer_value=function(p, labels))
        for measure_name, function in _MEASURES.items()
        for peer, p in peers.items()
    ]


def _auc(p: FloatVector, labels: BoolVector) -> float:
    interval = metrics.auc_interval(p, labels)
    assert interval is not None, "both classes occur"
    return interval.value


_MEASURES: dict[str, Callable[[FloatVector, BoolVector], float]] = {
    "AUC": _auc,
    "AP": metrics.average_precision,
    "ECE": metrics.expected_calibration_error,
    "Brier": metrics.brier_score,
}


def _median_ms(work: Callable[[], object], n: int) -> float:
    times = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1e3


if __name__ == "__main__":
    run("scoring", measure)
