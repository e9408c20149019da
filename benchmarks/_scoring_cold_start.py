"""Cold start: calibration and ranking at 0, 40, 200, 1,000 and 10,000 labelled leads, on a simulated floor and on bank.

On the simulation the labelled leads are those whose outcome window was over first, and later leads are scored, a week
old. On bank labelled and scored rows are drawn at random: its level drifts, which the quality benchmark measures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._scoring_floor import FloorLog, floor_log
from benchmarks._scoring_quality import read_bank
from benchmarks.harness import Figure, Options
from simulation.catalogue import load_market
from simulation.floor import simulate
from tools.scoring import metrics
from tools.scoring.activity import KEYS
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode
from tools.scoring.folds import random_folds
from tools.scoring.learning.members import Member, fit_member, predict_crossfit
from tools.scoring.learning.problem import Problem, labelled_problem
from tools.scoring.model import untrained_model
from tools.scoring.moments import scoring_moments, settled, training_moments
from tools.scoring.table import build_features
from tools.scoring.training import train

LABELLED = (0, 40, 200, 1_000, 10_000)
ECE_BAR = 0.05

_DRAWS = {0: 4, 40: 8, 200: 6, 1_000: 4, 10_000: 2}
"""Draws by number of labels: the fewer labels, the more one draw differs from the next."""

_QUICK_DRAWS = {0: 2, 40: 3, 200: 2, 1_000: 1}
_TEST_ROWS = 4_000
_RUNGS = (Member.RULES, Member.LINEAR, Member.GROUPED)
_MIN_ROWS_FOR_TREES = 100
_RESAMPLES = 100
_START = datetime(2023, 1, 2, tzinfo=UTC)
_DAYS = 730
_LABEL_COLUMNS = ("lead_id", "as_of", "settles_at", "converted", "judged")


@dataclass(frozen=True)
class Sample:
    """Labelled rows to learn from, and rows to be scored.

    Attributes:
        learn: Features, and for the simulation the columns of `_LABEL_COLUMNS`.
        labels: Results of the rows to learn from.
        test: Features of the rows to be scored.
        seen: Their results.
        in_time: Whether rows have a time.
    """

    learn: pl.DataFrame
    labels: BoolVector
    test: pl.DataFrame
    seen: BoolVector
    in_time: bool


def measure(options: Options) -> list[Figure]:
    """Measure both sets; bank gives no figure where it is absent, and says so."""
    logs: dict[int, FloorLog] = {}
    figures = _climbed("simulation", lambda n, seed: _simulated(n, seed, options, logs), options)
    if not (options.data / "bank_marketing").exists():
        print(f"bank_marketing: not measured, no folder {options.data / 'bank_marketing'}")
        return figures
    frame, labels = read_bank(options)
    return figures + _climbed("bank", lambda n, seed: _drawn(frame, labels, n, seed), options)


def _climbed(name: str, sample_of: Callable[[int, int], Sample], options: Options) -> list[Figure]:
    figures = []
    draws = _QUICK_DRAWS if options.quick else _DRAWS
    for n, n_draws in draws.items():
        seeds = range(options.seed, options.seed + n_draws)
        runs = [_one(sample_of(n, seed), n, seed) for seed in track(list(seeds), description=f"{name}, {n} labels")]
        figures += _figures(f"{name}, {n} labelled leads, {n_draws} draws", runs)
    return figures


@dataclass(frozen=True)
class _Run:
    """One draw: calibration error and rung of ours, and the AUC of ours and of every single rung.

    Attributes:
        ece: Of ours.
        ece_by_chance: What a perfect model would show.
        rung: That answered.
        auc: By name, `ours` among them.
        noise: Variance of (ours - rung) over resamples of the scored rows, by rung.
    """

    ece: float
    ece_by_chance: float
    rung: str
    auc: dict[str, float]
    noise: dict[str, float]


def _figures(name: str, runs: list[_Run]) -> list[Figure]:
    ece = float(np.mean([run.ece for run in runs]))
    chance = float(np.mean([run.ece_by_chance for run in runs]))
    rungs = ", ".join(sorted({run.rung for run in runs}))
    singles = sorted(set.intersection(*(set(run.noise) for run in runs)))
    means = {rung: float(np.mean([run.auc[rung] for run in runs])) for rung in ("ours", *singles)}
    best = max(singles, key=means.__getitem__)
    # Two standard errors: of the draw of the labels, and of the draw of the scored rows.
    between = np.var([run.auc["ours"] - run.auc[best] for run in runs], ddof=1) if len(runs) > 1 else 0.0
    noise = 2.0 * float(np.sqrt((between + np.mean([run.noise[best] for run in runs])) / len(runs)))
    return [
        Figure(f"{name} ({rungs}): ECE", ece, "", "chance alone", chance, f"<= {ECE_BAR}", ece <= ECE_BAR),
        Figure(
            f"{name} ({rungs}): AUC",
            means["ours"],
            "",
            f"{best} (best rung)",
            means[best],
            f">= best - noise {noise:.4f}",
            means["ours"] >= means[best] - noise,
        ),
        *(Figure(f"{name}: AUC", means["ours"], "", rung, means[rung]) for rung in singles if rung != best),
    ]


def _one(sample: Sample, n: int, seed: int) -> _Run:
    features = sample.learn.drop(_LABEL_COLUMNS, strict=False)
    rng = np.random.default_rng(seed)
    if n == 0:
        # Bank has none of the columns that rules read; with no column at all they answer the prior rate.
        model = untrained_model() if sample.in_time else train(features, sample.labels, None, rng=rng)
        scores = {"ours": model.predict(sample.test).p}
        scores[Member.RULES] = scores["ours"]
    else:
        problem = _problem(sample, features, seed)
        extras = {"times": problem.order, "settles_at": problem.settles_at} if sample.in_time else {"times": None}
        model = train(features, sample.labels, groups=problem.groups, judged=problem.judged, rng=rng, **extras)
        scores = {"ours": model.predict(sample.test).p, **_singles(problem, sample.test, rng)}
    p = scores["ours"]
    return _Run(
        ece=metrics.expected_calibration_error(p, sample.seen),
        ece_by_chance=metrics.ece_of_a_perfect_model(p, rng=rng),
        rung="no signal" if model.no_signal else model.rung,
        auc={name: _auc(score, sample.seen) for name, score in scores.items()},
        noise={name: _noise(p, score, sample.seen, rng) for name, score in scores.items() if name != "ours"},
    )


def _problem(sample: Sample, features: pl.DataFrame, seed: int) -> Problem:
    if not sample.in_time:
        order = np.arange(len(sample.labels), dtype=np.float64)
        return labelled_problem(features, sample.labels, order=order, seed=seed)
    times, settles = (sample.learn[name].dt.epoch("us").to_numpy() / 1e6 for name in ("as_of", "settles_at"))
    groups = sample.learn["lead_id"].rank("dense").to_numpy().astype(np.int64) - 1
    return labelled_problem(
        features, sample.labels,
        order=times, settles_at=settles, groups=groups, judged=sample.learn["judged"].to_numpy(), seed=seed,
    )  # fmt: skip


def _singles(problem: Problem, test: pl.DataFrame, rng: np.random.Generator) -> dict[str, FloatVector]:
    """Fit every rung that so many rows allow, by itself, on all rows."""
    matrix = encode(test, problem.schema)
    scores: dict[str, FloatVector] = {}
    for member in _RUNGS:
        rounds = 0
        if member is Member.GROUPED:
            if len(problem.labels) < _MIN_ROWS_FOR_TREES:
                continue
            rounds = max(1, predict_crossfit(problem, member, random_folds(problem.groups, rng=rng))[1])
        scores[member] = fit_member(problem, member, rounds=rounds).log_odds(matrix)
    return scores


def _noise(ours: FloatVector, rung: FloatVector, seen: BoolVector, rng: np.random.Generator) -> float:
    """Return the variance of the difference in AUC over resamples of the scored rows."""
    differences = []
    for _ in range(_RESAMPLES):
        rows = rng.integers(len(seen), size=len(seen))
        differences.append(_auc(ours[rows], seen[rows]) - _auc(rung[rows], seen[rows]))
    return float(np.var(differences))


# -- the two sets ------------------------------------------------------------------------------------------------


def _drawn(frame: pl.DataFrame, labels: BoolVector, n: int, seed: int) -> Sample:
    rows = np.random.default_rng(seed).permutation(len(labels))[: n + _TEST_ROWS]
    learn, test = rows[:n], rows[n:]
    return Sample(frame[learn], labels[learn], frame[test], labels[test], in_time=False)


def _simulated(n: int, seed: int, options: Options, logs: dict[int, FloorLog]) -> Sample:
    if seed not in logs:
        n_leads = 6_000 if options.quick else 20_000
        floor = simulate(load_market("insurance_partners"), n_leads=n_leads, seed=seed, start=_START, days=_DAYS)
        logs[seed] = floor_log(floor)
    log, end = logs[seed], _START + timedelta(days=_DAYS)
    ends_known = training_moments(log.outcomes(end), now=end)
    judged = settled(ends_known, now=end).filter("judged").sort("settles_at")
    now = judged["settles_at"][n - 1] if n else judged["as_of"][0]
    later = settled(scoring_moments(log.outcomes(end), now=end, days=(7,)), now=end).filter(pl.col("as_of") >= now)
    later = later.sort("as_of").head(4 * _TEST_ROWS).gather_every(4) if len(later) > 4 * _TEST_ROWS else later
    moments = settled(training_moments(log.outcomes(now), now=now), now=now)
    history = log.known_before(moments.select(KEYS))
    context = MarketContext.of(history, log.outcomes(now)) if n else MarketContext.unknown()
    test = later.join(build_features(log.known_before(later.select(KEYS)), context), on=KEYS).sort("as_of", "lead_id")
    learn = moments.join(build_features(history, context), on=KEYS).sort("as_of", "lead_id") if n else test.head(0)
    return Sample(learn, learn["converted"].to_numpy(), test, test["converted"].to_numpy(), in_time=True)


def _auc(p: FloatVector, labels: BoolVector) -> float:
    interval = metrics.auc_interval(p, labels)
    return 0.5 if interval is None else interval.value
