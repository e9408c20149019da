"""Does the interval of a probability hold the rate of leads that score alike as often as its level says.

Where the truth is planted, labels are drawn again and again from the planted probabilities of leads that a model has
scored, an interval is fitted, and the planted mean of other leads that score alike is looked up in it. On UCI Bank
Marketing (Moro, Cortez and Rita 2014; see the publisher's terms) the rate of many other customers stands in for the
truth.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import lightgbm as lgb
import numpy as np
import polars as pl
from rich.progress import track
from scipy.stats import norm

from benchmarks._scoring_floor import floor_log
from benchmarks.harness import Figure, Options
from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tools.scoring.activity import KEYS
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.calibration import Method, fit_calibrator
from tools.scoring.context import MarketContext
from tools.scoring.coverage import fit_interval
from tools.scoring.dataset import encode, infer_schema
from tools.scoring.intervals import fit_venn_abers
from tools.scoring.moments import scoring_moments
from tools.scoring.table import build_features

_START = datetime(2023, 1, 2, tzinfo=UTC)
_MARKETS = ("insurance_partners", "real_estate", "roofing")
_DAYS, _KNOWN_DAYS, _LATER_DAYS = 365, 240.0, 300.0
_AGE = 3
_HURRY = -0.15
"""How urgency shortens a win, as in `simulation/endings.py`; the planted probability of a window needs it."""

_BAR = 0.02
_LEVEL = 0.9
_SIDES = float(norm.ppf(0.5 + _LEVEL / 2))
_BINS = 10
_CALIBRATED_ON = (300, 1000, 4000)
_FEWEST_PROMISED = 1000
"""With a few dozen wins the interval is wider than its level says; that is shown and not promised."""


@dataclass(frozen=True)
class _Pool:
    """Leads that a model had not seen when it scored them, with the probability that their labels are drawn from.

    Attributes:
        log_odds: Shape (n_leads,). The model's score.
        p: Shape (n_leads,). Planted probability, or the label itself where nothing is planted.
        days: Shape (n_leads,). When each was scored.
        is_planted: Whether labels can be drawn afresh from `p`.
    """

    log_odds: FloatVector
    p: FloatVector
    days: FloatVector
    is_planted: bool


def rate_figures(options: Options) -> list[Figure]:
    """Measure on pools of several floors and on the bank."""
    markets = _MARKETS[:1] if options.quick else _MARKETS * 4
    # A seed of its own for each floor: two markets of one seed share their draws, and so their luck.
    plans = [(market, options.seed + i) for i, market in enumerate(markets)]
    pools = [_simulated_pool(market, seed=seed) for market, seed in track(plans, description="floors")]
    n_draws = 30 if options.quick else 60
    name = f"probability, {len(pools)} simulated floors"
    figures = []
    for n in _CALIBRATED_ON:
        draws = [_same_period(pool, n, n_draws, options.seed) for pool in track(pools, description=f"{n} outcomes")]
        figures += _beside_venn_abers(
            f"{name}, {n} outcomes", draws, is_promised=n >= _FEWEST_PROMISED and len(draws) > 1
        )
    draws = [_later(pool, n_draws, options.seed) for pool in track(pools, description="later")]
    figures += _beside_venn_abers(f"{name}, leads of two to four months later, drift allowed for", draws)
    bank = _bank_pool(options)
    if bank is not None:
        draws = [_same_period(bank, 2000, 2 * n_draws, options.seed)]
        figures += _beside_venn_abers("probability, bank, 2000 outcomes", draws)
    return figures


def _beside_venn_abers(name: str, draws: list[FloatMatrix], *, is_promised: bool = False) -> list[Figure]:
    """Compare the share of tenths held, and the width, of our interval and of Venn-Abers, with the error over floors."""
    floors = np.array([draw.mean(axis=0) for draw in draws])
    error = float(floors[:, 0].std() / np.sqrt(max(1, len(floors) - 1)))
    ours, peer, width, peer_width = floors.mean(axis=0).tolist()
    return [
        Figure(
            f"{name}: {_LEVEL:.0%} interval holds the rate (se {error:.3f})",
            ours,
            peer="Venn-Abers",
            peer_value=peer,
            bar=f"{_LEVEL} ± {_BAR}" if is_promised else "",
            holds=abs(ours - _LEVEL) <= _BAR if is_promised else None,
        ),
        Figure(f"{name}: mean width", width, peer="Venn-Abers", peer_value=peer_width),
    ]


def _same_period(pool: _Pool, n: int, n_draws: int, seed: int) -> FloatMatrix:
    """Calibrate on n leads, again and again; look up the others. Returns shape (n_draws, 4), as `_held`."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_draws):
        order = rng.permutation(len(pool.p))
        rows.append(_held(pool, order[:n], order[n:], rng))
    return np.array(rows)


def _later(pool: _Pool, n_draws: int, seed: int) -> FloatMatrix:
    """Calibrate on the first eight months; look up the leads of the last two. Returns shape (n_draws, 4)."""
    rng = np.random.default_rng(seed)
    first, last = (np.flatnonzero(kept) for kept in (pool.days < _KNOWN_DAYS, pool.days >= _LATER_DAYS))
    day = float(pool.days[last].mean())
    return np.array([_held(pool, rng.choice(first, 4000, replace=False), last, rng, day=day) for _ in range(n_draws)])


def _held(
    pool: _Pool, learn: IntVector, test: IntVector, rng: np.random.Generator, *, day: float | None = None
) -> list[float]:
    """Fit both intervals and look up tenths that score alike.

    Returns:
        Share of the tenths whose mean rate lies in the mean interval, ours and Venn-Abers', and the mean widths.
    """
    labels: BoolVector = rng.random(len(learn)) < pool.p[learn] if pool.is_planted else pool.p[learn] > 0
    log_odds, asked = pool.log_odds[learn], pool.log_odds[test]
    p = fit_calibrator(Method.SIGMOID, log_odds, labels)(asked)
    tenths = np.array_split(np.argsort(asked, kind="stable"), _BINS)
    days = None if day is None else pool.days[learn]
    ours = fit_interval(log_odds, labels, level=_LEVEL, days=days, day=day).bounds(asked, p)
    both = (ours, fit_venn_abers(log_odds, labels).bounds(asked, p))
    truth = pool.p[test]
    rate = np.array([truth[t].mean() for t in tenths])
    # A tenth's mean is that of some hundreds of leads: their luck is added to the interval's half width.
    luck = _SIDES**2 * np.array([truth[t].var() / len(t) for t in tenths])
    held = []
    for low, high in both:
        bounds = np.array([(low[t].mean(), high[t].mean()) for t in tenths])
        middle, half = bounds.mean(axis=1), (bounds[:, 1] - bounds[:, 0]) / 2
        held.append(float((np.abs(rate - middle) <= np.sqrt(half**2 + luck)).mean()))
    return [*held, *(float((high - low).mean()) for low, high in both)]


def _simulated_pool(market: str, *, seed: int) -> _Pool:
    """Score the leads of one floor, three days old and still open, by a model of the leads of another."""
    table, p = _labelled(market, seed=seed, n_leads=16_000)
    learn, _ = _labelled(market, seed=seed + 1000, n_leads=4_000)
    schema = infer_schema(learn.drop(*KEYS, "converted"))
    model = lgb.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 12, "learning_rate": 0.05},
        lgb.Dataset(encode(learn, schema), learn["converted"].to_numpy().astype(np.float64)),
        80,
    )
    days = (table["as_of"] - _START).dt.total_microseconds().to_numpy() / 86_400e6
    return _Pool(np.asarray(model.predict(encode(table, schema), raw_score=True)), p, days, is_planted=True)


def _labelled(market: str, *, seed: int, n_leads: int) -> tuple[pl.DataFrame, FloatVector]:
    floor = simulate(load_market(market), n_leads=n_leads, seed=seed, start=_START, days=_DAYS)
    log = floor_log(floor)
    moments = scoring_moments(log.ends, now=floor.end + timedelta(days=_DAYS), days=(_AGE,))
    history = log.known_before(moments.select(KEYS))
    features = build_features(history, MarketContext.of(history, log.ends.clear()))
    table = moments.join(features, on=KEYS).drop("settles_at").filter(pl.col("as_of") < floor.end)
    return table, _planted(floor, table["lead_id"], float(_AGE))


def _planted(floor: SalesFloor, lead_ids: pl.Series, age: float) -> FloatVector:
    """Return the planted probability that a lead still open at an age is won within the 90 days after."""
    truth, spec = floor.truth, floor.market.outcomes
    p = truth.p_convert(lead_ids)
    hurry = np.array([_HURRY * truth.latents(lead_id)["urgency"] for lead_id in lead_ids])

    def won_by(days: float) -> FloatVector:
        return np.asarray(norm.cdf((np.log(days / spec.won_median_days) - hurry) / spec.won_spread))

    lost = norm.cdf(np.log(age / spec.lost_median_days) / spec.lost_spread)
    is_open = p * (1 - won_by(age)) + (1 - p) * (1 - lost)
    return np.asarray(p * (won_by(age + 90.0) - won_by(age)) / is_open)


def _bank_pool(options: Options) -> _Pool | None:
    path = options.data / "bank_marketing" / "bank-additional-full.csv"
    if not path.exists():
        print(f"bank_marketing: not measured, no file {path}")
        return None
    table = pl.read_csv(path, separator=";", infer_schema_length=None).drop("duration")
    labels = (table["y"] == "yes").to_numpy()
    frame = table.drop("y")
    learn = np.random.default_rng(options.seed).random(len(labels)) < 0.2  # noqa: PLR2004 - a fifth fits the model
    schema = infer_schema(frame.filter(pl.Series(learn)))
    x = encode(frame, schema)
    data = lgb.Dataset(x[learn], labels[learn].astype(np.float64), categorical_feature=schema.categorical)
    model = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 12}, data, 60)
    y = labels[~learn].astype(np.float64)
    return _Pool(
        np.asarray(model.predict(x[~learn], raw_score=True)), y, np.arange(len(y), dtype=np.float64), is_planted=False
    )
