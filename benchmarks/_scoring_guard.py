"""The leakage guard on four real tables: planted columns must be found, honest ones must not be refused.

Data: UCI Bank Marketing (Moro, Cortez and Rita 2014), UCI Online Shoppers (Sakar et al. 2018), IBM Telco churn,
Salvirt B2B (Bohanec et al. 2017); see the publishers' terms. Without `duration` and `PageValues`, which are known only
after the outcome and look honest: whether the guard finds them is printed beside, without a bar.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
from rich.progress import track

from benchmarks.harness import Figure, Options
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.dataset import encode, infer_schema
from tools.scoring.guarding.findings import GuardReport, Severity
from tools.scoring.guarding.guard import guard

_NOISES = (0.0, 0.01, 0.02, 0.05)
_DAY = 86_400.0
_START = 1.6e9
_BIG_ROWS, _BIG_COLUMNS = 200_000, 60
_SECONDS_BAR = 5.0


@dataclass(frozen=True)
class _Table:
    name: str
    frame: pl.DataFrame
    labels: BoolVector
    late: tuple[str, ...]
    ids: tuple[str, ...]


def measure(options: Options) -> list[Figure]:
    """Plant, guard and count; a data set that is absent gives no figure and says so."""
    figures = []
    seeds = range(options.seed, options.seed + (2 if options.quick else 10))
    for table in _tables(options.data):
        figures += _on_table(table, seeds)
    return [*figures, *_on_a_big_table(options)]


def _tables(data: Path) -> list[_Table]:
    sources = (
        ("bank", "bank_marketing/bank-additional-full.csv", ";", "y", "yes", ("duration",), ()),
        ("shoppers", "online_shoppers/online_shoppers_intention.csv", ",", "Revenue", "true", ("PageValues",), ()),
        ("telco", "telco_churn/WA_Fn-UseC_-Telco-Customer-Churn.csv", ",", "Churn", "yes", (), ("customerID",)),
        ("salvirt", "salvirt_b2b/Salvirt_B2B_ML_dataset.csv", ";", "Status", "won", (), ()),
    )
    tables = []
    for name, file, separator, target, yes, late, ids in sources:
        if not (data / file).exists():
            print(f"{name}: not measured, no file {data / file}")
            continue
        frame = pl.read_csv(data / file, separator=separator, infer_schema_length=None)
        labels = (frame[target].cast(pl.Utf8).str.to_lowercase() == yes).to_numpy()
        tables.append(_Table(name, frame.drop(target), labels, late, ids))
    return tables


def _on_table(table: _Table, seeds: range) -> list[Figure]:
    honest = table.frame.drop(table.late)
    times = _every_minute(len(table.labels))
    found = planted = refused = rightly = judged = 0
    for seed in track(seeds, description=f"guard on {table.name}"):
        rng = np.random.default_rng(seed)
        ended = table.labels | (_chance(len(table.labels), 0.8, rng))
        columns = _planted(table.labels, ended, times, rng)
        together = _guard(honest.with_columns(columns), table.labels, times, ended)
        excluded = set(together.excluded)
        found, planted = found + sum(c.name in excluded for c in columns), planted + len(columns)
        for column in columns if seed == seeds[0] else []:
            alone = _guard(honest.with_columns(column), table.labels, times, ended)
            found, planted = found + (column.name in alone.excluded), planted + 1
            excluded |= set(alone.excluded)
        own = excluded & set(honest.columns)
        refused, rightly = refused + len(own - set(table.ids)), rightly + len(own & set(table.ids))
        judged += honest.width - len(table.ids)
    late = _guard(table.frame, table.labels, times, None).excluded
    return [
        Figure(f"guard, {table.name}: planted columns found", found / planted, bar="all", holds=found == planted),
        Figure(
            f"guard, {table.name}: honest columns refused, of {judged}", refused, bar="none", holds=refused == 0
        ),
        *(
            Figure(f"guard, {table.name}: {name} found as an id", float(rightly == len(seeds)), bar="yes",
                   holds=rightly == len(seeds))
            for name in table.ids
        ),
        *(Figure(f"guard, {table.name}: {name} found (known late, looks honest)", name in late) for name in table.late),
        _beside_a_fit(table.name, honest, table.labels, times),
    ]  # fmt: skip


def _guard(frame: pl.DataFrame, labels: BoolVector, times: FloatVector, ended: BoolVector | None) -> GuardReport:
    return guard(frame, labels, times=times, ended=ended, decided_at=times)


def _planted(labels: BoolVector, ended: BoolVector, times: FloatVector, rng: np.random.Generator) -> list[pl.Series]:
    n = len(labels)
    accounts, reasons = rng.choice(["acme", "globex", "initech"], n), rng.choice(["price", "time"], n)
    contracts = rng.integers(1000, 9000, n)
    made = [
        _where("planted after: account", ended, accounts),
        _where("planted after: reason of loss", ended & ~labels, reasons),
        _where("planted after: contract", labels & _chance(n, 0.7, rng), contracts),
        pl.Series("planted id: text", [f"L-{i:07d}" for i in rng.permutation(n)]),
        pl.Series(
            "planted id: nearly unique text", [f"c{i}" for i in np.where(_chance(n, 0.02, rng), 1, np.arange(n))]
        ),
        pl.Series("planted id: counts up with gaps", 5_000 + np.cumsum(rng.integers(1, 40, n))),
        pl.Series("planted id: shuffled row numbers", rng.permutation(n)),
        pl.Series("planted constant: text", ["web"] * n),
        pl.Series("planted constant: number", np.full(n, 7.0)),
        pl.Series("planted constant: empty", [None] * n, dtype=pl.Utf8),
        *_later_dates(times, rng),
    ]
    for noise in _NOISES:
        wrong = labels ^ (_chance(n, noise, rng))
        made += [
            encode_target(wrong, rng).alias(f"planted copy {noise:.0%}: {name}") for name, encode_target in _COPIES
        ]
    return made


def _every_minute(n: int) -> FloatVector:
    return np.asarray(_START + np.arange(n) * 60.0, dtype=np.float64)


def _chance(n: int, share: float, rng: np.random.Generator) -> BoolVector:
    return np.asarray(rng.random(n) < share)


def _where(name: str, rows: BoolVector, values: Any) -> pl.Series:
    return pl.Series(name, values).set(pl.Series(~rows), None)


def _later_dates(times: FloatVector, rng: np.random.Generator) -> list[pl.Series]:
    later = times + np.where(_chance(len(times), 0.5, rng), 1.0, -1.0) * rng.uniform(2, 60, len(times)) * _DAY
    moments = pl.Series("planted date", (later * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC"))
    return [
        moments.alias("planted date: moment"),
        moments.dt.date().alias("planted date: day"),
        moments.dt.strftime("%Y-%m-%d %H:%M:%S").alias("planted date: text"),
        moments.dt.strftime("%d.%m.%Y").alias("planted date: day as text"),
        pl.Series("planted date: seconds", np.floor(later)),
        pl.Series("planted date: milliseconds", np.floor(later * 1e3)),
    ]


_COPIES: tuple[tuple[str, Callable[[BoolVector, np.random.Generator], pl.Series]], ...] = (
    ("flag", lambda y, _rng: pl.Series(y)),
    ("inverted flag", lambda y, _rng: pl.Series(~y)),
    ("yes or no", lambda y, _rng: pl.Series(np.where(y, "yes", "no"))),
    ("six stages", lambda y, rng: pl.Series(np.where(y, rng.choice(["a", "b", "c"], len(y)), rng.choice(["d", "e", "f"], len(y))))),
    ("amount", lambda y, rng: pl.Series(np.where(y, rng.lognormal(8, 1, len(y)), 0.0))),
    ("noisy number", lambda y, rng: pl.Series(-2.0 * y + 0.3 * rng.normal(size=len(y)))),
    ("odd or even", lambda y, rng: pl.Series(2 * rng.integers(0, 6, len(y)) + y)),
    ("presence", lambda y, _rng: pl.Series(np.where(y, 1.0, np.nan))),
    ("number as text", lambda y, _rng: pl.Series(np.where(y, "1.5", "0.5"))),
)  # fmt: skip


def _beside_a_fit(name: str, frame: pl.DataFrame, labels: BoolVector, times: FloatVector) -> Figure:
    schema = infer_schema(frame)
    began = time.perf_counter()
    matrix = encode(frame, schema)
    lgb.LGBMClassifier(verbose=-1, n_jobs=1).fit(matrix, labels, categorical_feature=schema.categorical or "auto")
    fit = time.perf_counter() - began
    began = time.perf_counter()
    _guard(frame, labels, times, None)
    ours = time.perf_counter() - began
    return Figure(f"guard, {name}: time of one run", ours, "s", peer="encode + LightGBM fit, 1 thread", peer_value=fit)


def _on_a_big_table(options: Options) -> list[Figure]:
    n = _BIG_ROWS // (4 if options.quick else 1)
    rng = np.random.default_rng(options.seed)
    labels = _chance(n, 0.1, rng)
    levels = [f"level {k}" for k in range(30)]
    columns = [pl.Series(f"x{i}", rng.normal(size=n)) for i in range(40)]
    columns += [pl.Series(f"c{i}", rng.choice(levels, n)) for i in range(12)]
    columns += [pl.Series(f"t{i}", rng.normal(size=n)).round(3).cast(pl.Utf8).alias(f"t{i}") for i in range(6)]
    columns += [pl.Series("id", [f"L-{i}" for i in range(n)]), pl.Series("copy", labels ^ (_chance(n, 0.03, rng)))]
    frame, times = pl.DataFrame(columns), _every_minute(n)
    assert frame.width == _BIG_COLUMNS, "the size that is promised"
    began = time.perf_counter()
    report = _guard(frame, labels, times, _chance(n, 0.8, rng))
    seconds = time.perf_counter() - began
    leaks = [found.column for found in report.findings if found.severity is Severity.LEAK]
    name = f"guard, {n:,} x {frame.width}"
    bar = f"under {_SECONDS_BAR:g} s"
    return [
        Figure(f"{name}: time of one run", seconds, "s", bar=bar, holds=seconds < _SECONDS_BAR),
        Figure(f"{name}: leaks found, one planted", len(leaks), bar="that one", holds=leaks == ["copy"]),
    ]
