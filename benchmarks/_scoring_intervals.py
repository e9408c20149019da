"""Do intervals hold what they say: deal value, days to close, probability. Beside plain peers in the same run.

Worth is judged on the simulation by deals of later leads and on Maven Analytics' CRM opportunities (fictitious data;
see the publisher's terms) split in time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import lightgbm as lgb
import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._scoring_floor import FloorLog, floor_log
from benchmarks._scoring_rate_intervals import rate_figures
from benchmarks.harness import Figure, Options
from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tools.scoring.activity import KEYS
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.context import MarketContext
from tools.scoring.dataset import Schema, encode, infer_schema
from tools.scoring.history import OUTCOMES_SCHEMA
from tools.scoring.moments import scoring_moments
from tools.scoring.table import build_features
from tools.scoring.worth.deals import followed_days, won_deals
from tools.scoring.worth.model import WorthModel, fit_worth
from tools.scoring.worth.weighted import LEVELS

_START = datetime(2023, 1, 2, tzinfo=UTC)
_MARKETS = ("insurance_partners", "real_estate", "roofing")
_LONGEST_DAYS = 170
"""Of the planted wins 99.9 % take less: leads that came so long before the floor's last day have all ended."""

_BAR = 0.02


def measure(options: Options) -> list[Figure]:
    """Measure everything; a data set that is absent gives no figure and says so."""
    return [*_worth_on_simulation(options), *_worth_on_maven(options), *rate_figures(options)]


# -- worth: later deals of simulated floors ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spell:
    """A floor at a moment: the deals known then with their features, and what fits them."""

    floor: SalesFloor
    log: FloorLog
    now: datetime
    deals: pl.DataFrame
    context: MarketContext
    schema: Schema
    matrix: FloatMatrix

    def fit(self, *, is_weighted: bool = True) -> WorthModel:
        """Fit our model; unweighted it believes that the wins known are the wins there will be."""
        believed = {"weight": pl.lit(1.0), "took_days": pl.lit(0.0)}
        deals = self.deals if is_weighted else self.deals.with_columns(**believed)
        followed = followed_days(self.log.outcomes(self.now), now=self.now)
        return fit_worth(self.matrix, self.schema, deals, followed=followed, rng=np.random.default_rng(1))

    def later(self, ages: tuple[int, ...]) -> tuple[FloatMatrix, FloatVector, FloatVector]:
        """Return features, days and values of leads that came later and were won, at one moment each."""
        whole = self.floor.end - timedelta(days=_LONGEST_DAYS)
        won = self.log.ends.filter(
            (pl.col("created_at") >= self.now) & (pl.col("created_at") < whole) & (pl.col("outcome") == "won")
        )
        moments = scoring_moments(won, now=self.floor.end, days=ages)
        table = build_features(self.log.known_before(moments.select(KEYS)), self.context)
        table = table.join(won.select("lead_id", "outcome_at", "value"), on="lead_id", how="left")
        days = (table["outcome_at"] - table["as_of"]).dt.total_microseconds().to_numpy() / 86_400e6
        return encode(table, self.schema), days, table["value"].to_numpy()


def _spell(market: str, *, seed: int, n_leads: int, days: int, known_days: float) -> _Spell:
    floor = simulate(load_market(market), n_leads=n_leads, seed=seed, start=_START, days=days)
    log, now = floor_log(floor), _START + timedelta(days=known_days)
    deals = won_deals(log.outcomes(now), now=now)
    history = log.known_before(deals.select(KEYS))
    context = MarketContext.of(history, log.outcomes(now))
    table = deals.select(KEYS).join(build_features(history, context), on=KEYS, how="left", maintain_order="left")
    schema = infer_schema(table.drop(KEYS))
    return _Spell(floor, log, now, deals, context, schema, encode(table, schema))


def _worth_on_simulation(options: Options) -> list[Figure]:
    markets = _MARKETS[:1] if options.quick else _MARKETS * 4
    # A seed of its own for each floor: two markets of one seed share their draws, and so their luck.
    plans = [(market, options.seed + i) for i, market in enumerate(markets)]
    held: dict[str, list[FloatVector]] = {}
    totals = []
    for market, seed in track(plans, description="worth"):
        spell = _spell(market, seed=seed, n_leads=8_000 if options.quick else 16_000, days=730, known_days=438)
        model, (x, days, value) = spell.fit(), spell.later((0, 1, 3, 7, 14))
        said = model.predict(x)
        assert said.value is not None, "there are deals enough"
        assert said.days is not None, "the log is long enough"
        assert said.mean_value is not None, "it comes with the value"
        _note(held, "value", _below(said.value, value))
        _note(held, "days", _below(said.days, days))
        known = spell.deals["value"].is_not_null().to_numpy()
        plain = _plain_quantiles(
            spell.matrix[known], np.log(spell.deals["value"].drop_nulls().to_numpy()), spell.schema, x
        )
        _note(held, "value, peer", _below(np.exp(plain), value))
        plain = _plain_quantiles(spell.matrix, np.log1p(spell.deals["days"].to_numpy()), spell.schema, x)
        _note(held, "days, peer", _below(np.expm1(plain), days))
        totals.append(said.mean_value.sum() / value.sum())
        x, days, _ = spell.later((30,))
        old = model.predict(x).days
        assert old is not None, "it is the same model"
        _note(held, "days at age 30", _below(old, days))
        young = _spell(market, seed=seed, n_leads=4_500 if options.quick else 9_000, days=400, known_days=150)
        x, days, _ = young.later((0,))
        for name, weighted in (("days, log of 150 days", True), ("days, log of 150 days, peer", False)):
            said_days = young.fit(is_weighted=weighted).predict(x).days
            assert said_days is not None, "the log is long enough"
            _note(held, name, _below(said_days, days))
    where = f"{len(plans)} simulated floors"
    figures = [
        *_judged(f"value, {where}", held["value"], "plain LightGBM quantiles", held["value, peer"]),
        *_judged(f"days to close, {where}", held["days"], "plain LightGBM quantiles", held["days, peer"]),
        *_judged(f"days to close at age 30, {where}", held["days at age 30"], "", None)[:1],
        *_judged(
            f"days to close from a log of 150 days, {where}",
            held["days, log of 150 days"],
            "won deals only",
            held["days, log of 150 days, peer"],
        ),
    ]
    error = float(np.std(totals) / np.sqrt(len(totals)))
    return [
        *figures,
        Figure(f"value, {where}: predicted means over true total (se {error:.3f})", float(np.mean(totals))),
    ]


def _plain_quantiles(x: FloatMatrix, y: FloatVector, schema: Schema, asked: FloatMatrix) -> FloatMatrix:
    """Fit LightGBM's quantile objective at its defaults, one booster a quantile, nothing corrected."""
    columns = []
    for level in LEVELS:
        params = {"objective": "quantile", "alpha": level, "verbosity": -1, "num_threads": 1}
        data = lgb.Dataset(x, y, categorical_feature=schema.categorical, params={"verbosity": -1})
        columns.append(lgb.train(params, data).predict(asked))
    return np.column_stack(columns)


def _below(quantiles: FloatMatrix, truth: FloatVector, weights: FloatVector | None = None) -> FloatVector:
    """Return the share of the truths at or below each quantile, shape (3,)."""
    return np.asarray(np.average(truth[:, None] <= quantiles, axis=0, weights=weights), dtype=np.float64)


def _note(held: dict[str, list[FloatVector]], name: str, share: FloatVector) -> None:
    held.setdefault(name, []).append(share)


def _judged(name: str, ours: list[FloatVector], peer: str, theirs: list[FloatVector] | None) -> list[Figure]:
    """Judge P10 to P90 and each quantile by the mean over floors, with the standard error between them.

    One floor is luck and is not judged.
    """
    mine = _with_middle(ours)
    other = None if theirs is None else _with_middle(theirs).mean(axis=0)
    error = mine.std(axis=0) / np.sqrt(max(1, len(mine) - 1))
    nominal = {"P10 to P90": 0.8, "below P10": 0.1, "below P50": 0.5, "below P90": 0.9}
    return [
        Figure(
            f"{name}: {what} (se {error[i]:.3f})",
            float(mine[:, i].mean()),
            peer=peer,
            peer_value=None if other is None else float(other[i]),
            bar=f"{level:.2f} ± {_BAR}",
            holds=bool(abs(mine[:, i].mean() - level) <= _BAR) if len(mine) > 1 else None,
        )
        for i, (what, level) in enumerate(nominal.items())
    ]


def _with_middle(shares: list[FloatVector]) -> FloatMatrix:
    below = np.array(shares)
    return np.column_stack([below[:, 2] - below[:, 0], below])


# -- worth: Maven's deals, split in time ---------------------------------------------------------------------------


def _worth_on_maven(options: Options) -> list[Figure]:
    path = options.data / "maven_crm" / "sales_pipeline.csv"
    if not path.exists():
        print(f"maven_crm: not measured, no file {path}")
        return []
    raw = pl.read_csv(path, try_parse_dates=True).drop_nulls("engage_date")
    moment = pl.Datetime("us", "UTC")
    outcomes = raw.select(
        lead_id="opportunity_id",
        created_at=pl.col("engage_date").cast(moment),
        product_id=pl.col("product").replace("GTXPro", "GTX Pro"),
        region=pl.lit(None, pl.Utf8),
        source=pl.lit(None, pl.Utf8),
        rep_id="sales_agent",
        outcome=pl.col("deal_stage").replace_strict({"Won": "won", "Lost": "lost"}, default=None),
        outcome_at=pl.col("close_date").cast(moment),
        value=pl.col("close_value").cast(pl.Float64),
        currency=pl.lit("USD"),
    ).select(OUTCOMES_SCHEMA.keys())
    now, end = datetime(2017, 7, 1, tzinfo=UTC), datetime(2017, 10, 1, tzinfo=UTC)
    deals = won_deals(outcomes, now=now)
    table = _maven_table(deals, outcomes)
    schema = infer_schema(table)
    followed, rng = followed_days(outcomes, now=now), np.random.default_rng(1)
    model = fit_worth(encode(table, schema), schema, deals, followed=followed, rng=rng)
    # A whole quarter, because closing follows the quarters here. Its late slow wins are not on file: weights again.
    quarter = outcomes.filter((pl.col("created_at") >= now) & (pl.col("created_at") < end))
    last = outcomes["outcome_at"].max()
    assert isinstance(last, datetime), "deals have closed"
    later = won_deals(quarter, now=last).filter(pl.col("age_days") == 0)
    said = model.predict(encode(_maven_table(later, outcomes), schema))
    figures = []
    for name, quantiles, column, why in (
        ("value", said.value, "value", model.evidence.no_value),
        ("days to close", said.days, "days", model.evidence.no_days),
    ):
        if quantiles is None:
            print(f"maven_crm, {name}: not measured, {why}")
            continue
        below = _below(quantiles, later[column].to_numpy(), later["weight"].to_numpy())
        label = f"maven_crm, {later.height} deals of the next quarter, {name}"
        error = float(np.sqrt(0.16 / later.height))
        figures.append(
            Figure(f"{label}: P10 to P90 (se {error:.3f})", float(below[2] - below[0]), peer="nominal", peer_value=0.8)
        )
    return figures


def _maven_table(deals: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    known = outcomes.select("lead_id", "rep_id", product="product_id")
    quarter_end = pl.col("as_of").dt.truncate("1q").dt.offset_by("1q")
    return deals.join(known, on="lead_id", how="left", maintain_order="left").select(
        "product",
        "rep_id",
        lead_age_days="age_days",
        days_to_quarter_end=(quarter_end - pl.col("as_of")).dt.total_days().cast(pl.Float64),
    )
