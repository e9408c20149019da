"""Features: the engine beside DuckDB's FILTER aggregates on the same events, and one lead beside the bulk path.

Both engines read the same Parquet file of integer columns, ordered by lead and time as a history is, each in a process
of its own; the best of the rounds counts. The bar is on the aggregates that both compute; what all behaviour features
take stands beside it.
"""

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks.harness import Figure, Options
from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind
from domain.values import Market
from simulation.catalogue import load_market
from simulation.floor import simulate
from tools.scoring.arrays import FloatVector
from tools.scoring.behaviour import count_activities, engagement, generate_behavioral_features, newest
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode, encode_row, infer_schema
from tools.scoring.event_log import ingest_lead_data
from tools.scoring.events import DAY_US, KINDS, PAIRS_AT_ONCE, Events, no_measures
from tools.scoring.families.activities import HALF_LIFE_DAYS, INBOUND_KINDS, counts
from tools.scoring.local_time import microseconds
from tools.scoring.table import build_features, build_row

_AS_OF = datetime(2025, 6, 30, 12, tzinfo=UTC)
_AS_OF_US = microseconds(_AS_OF)
_LIFE_DAYS = 200
_PEAK_BAR_MB = 2048
_ROUNDS = 3
_EVENTS_OF_ONE = (40, 60)


def measure(options: Options) -> list[Figure]:
    """Measure the bulk engine, one lead, and the encoding of its row."""
    return [*_beside_duckdb(options), *_one_lead(options)]


# -- bulk: 40 aggregates of every lead ---------------------------------------------------------------------------


def _beside_duckdb(options: Options) -> list[Figure]:
    n_events, n_leads = (1_000_000, 20_000) if options.quick else (10_000_000, 200_000)
    engines = ["ours", "ours_all"]
    if importlib.util.find_spec("duckdb") is None:
        print("features beside DuckDB: not measured, duckdb is not installed; `make bench` installs it")
    else:
        engines.append("duckdb")
    with tempfile.TemporaryDirectory(prefix="leadline-features-") as folder:
        path = Path(folder) / "events.parquet"
        _write_events(path, n_events, n_leads, np.random.default_rng(options.seed))
        runs = [
            _run_apart(engine, path, n_leads)
            for _, engine in track(
                [(n, engine) for n in range(_ROUNDS) for engine in engines], description="features in bulk"
            )
        ]
        best = {
            engine: {
                name: min(float(run[name]) for run in runs if run["engine"] == engine)
                for name in ("wall_s", "cpu_s", "peak_mb")
            }
            for engine in engines
        }
        name = f"{n_leads:,} leads, {n_events:,} events"
        ours, everything, peer = best["ours"], best["ours_all"], best.get("duckdb")
        if peer is None:
            return [Figure(f"{name}: all behaviour features, wall", everything["wall_s"], "s")]
        difference, shared = _compare(path.parent)
    return [
        Figure(f"{name}: {shared} aggregates, wall", ours["wall_s"], "s", "DuckDB", peer["wall_s"],
               "not slower", ours["wall_s"] <= peer["wall_s"]),
        Figure(f"{name}: {shared} aggregates, processor time", ours["cpu_s"], "s", "DuckDB", peer["cpu_s"]),
        Figure(f"{name}: all behaviour features, wall", everything["wall_s"], "s", f"DuckDB, {shared}", peer["wall_s"]),
        Figure(f"{name}: all behaviour features, processor time", everything["cpu_s"], "s", f"DuckDB, {shared}", peer["cpu_s"]),
        Figure(f"{name}: peak memory", everything["peak_mb"], "MB", "DuckDB", peer["peak_mb"], f"< {_PEAK_BAR_MB} MB",
               everything["peak_mb"] < _PEAK_BAR_MB),
        Figure(f"{name}: largest relative difference to DuckDB's results", difference, bar="<= 1e-9",
               holds=difference <= 1e-9),  # noqa: PLR2004 - the bar
    ]  # fmt: skip


def _write_events(path: Path, n_events: int, n_leads: int, rng: np.random.Generator) -> None:
    lead = np.sort(rng.integers(0, n_leads, n_events, dtype=np.int32))
    at = _AS_OF_US - 1 - (rng.exponential(20.0, n_events) % _LIFE_DAYS * DAY_US).astype(np.int64)
    at = at[np.lexsort((at, lead))]
    table = pl.DataFrame(
        {
            "lead": lead,
            "kind": rng.integers(0, len(KINDS), n_events, dtype=np.int8),
            "at": at,
            "value": rng.exponential(60.0, n_events),
        }
    )
    table.write_parquet(path, compression="zstd", row_group_size=500_000)


def _run_apart(engine: str, path: Path, n_leads: int) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmarks._scoring_features", engine, str(path), str(n_leads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    run: dict[str, float | str] = json.loads(done.stdout)
    return run


def _compare(folder: Path) -> tuple[float, int]:
    """Return the largest relative difference of the results, and how many columns both have."""
    ours, peer = (np.load(folder / f"{engine}.npz") for engine in ("ours", "duckdb"))
    largest = 0.0
    for name in peer.files:
        mine, theirs = np.nan_to_num(ours[name], nan=-1.0), np.nan_to_num(peer[name], nan=-1.0)
        largest = max(largest, float(np.max(np.abs(mine - theirs) / (1 + np.abs(theirs)))))
    return largest, len(peer.files)


def _chunks(path: Path, n_leads: int) -> Iterator[Events]:
    """Read the file and yield its events, some leads at a time: nothing of the size of the file is made besides."""
    table = pl.read_parquet(path)
    pair, kind, at, value = (table[name].to_numpy() for name in ("lead", "kind", "at", "value"))
    firsts = range(0, n_leads, PAIRS_AT_ONCE)
    edges = np.searchsorted(pair, np.array([*firsts, n_leads], dtype=pair.dtype))
    nothing = np.empty(0, dtype=np.int64)
    for n, first in enumerate(firsts):
        part = slice(edges[n], edges[n + 1])
        n_pairs, n_events = min(PAIRS_AT_ONCE, n_leads - first), int(edges[n + 1] - edges[n])
        yield Events(
            lead_age=np.full(n_pairs, float(_LIFE_DAYS)),
            utc_offset=np.zeros(n_pairs),
            pair=pair[part] - first,
            kind=kind[part],
            at=at[part],
            age=(_AS_OF_US - at[part]) / DAY_US,
            value=value[part],
            about=np.full(n_events, np.nan),
            on_prices=np.zeros(n_events, dtype=np.bool_),
            said=nothing,
            measures=no_measures(),
            row=nothing,
        )


def _shared(events: Events) -> dict[str, FloatVector]:
    return count_activities(events) | newest(events) | engagement(events)


def _ours(path: Path, n_leads: int, compute: Callable[[Events], dict[str, FloatVector]]) -> dict[str, FloatVector]:
    parts = [compute(events) for events in _chunks(path, n_leads)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _query(path: Path) -> str:
    """Write the same features as FILTER aggregates, in the way DuckDB's documentation does."""

    def among(kinds: frozenset[InteractionKind]) -> str:
        return f"kind IN ({', '.join(str(KINDS.index(kind)) for kind in sorted(kinds))})"

    columns = [
        f"count(*) FILTER (WHERE {among(feature.kinds)}{f' AND age <= {feature.days}' if feature.days else ''})"
        f"::DOUBLE AS {feature.name}"
        for feature in counts()
    ]
    inbound = among(INBOUND_KINDS)
    for name, kinds in (("inbound", INBOUND_KINDS), ("reply", REPLY_KINDS), ("outbound", OUTBOUND_KINDS)):
        columns.append(f"min(age) FILTER (WHERE {among(kinds)}) AS days_since_{name}")
    talk = among(frozenset({InteractionKind.CALL_ANSWERED, InteractionKind.MEETING_ATTENDED}))
    columns += [
        f"coalesce(sum(0.5 ** (age / {HALF_LIFE_DAYS})) FILTER (WHERE {inbound}), 0) AS engagement",
        f"coalesce(sum(value) FILTER (WHERE {talk}), 0) AS talk_seconds",
        (
            f"(count(*) FILTER (WHERE {inbound} AND age <= 7) "
            f"- count(*) FILTER (WHERE {inbound} AND age > 7 AND age <= 14))::DOUBLE AS inbound_trend"
        ),
    ]
    return (
        f"SELECT lead, {', '.join(columns)} FROM "  # noqa: S608 - our own numbers and a path of ours
        f"(SELECT lead, kind, value, ({_AS_OF_US} - \"at\") / {DAY_US}::DOUBLE AS age FROM read_parquet('{path}')) GROUP BY lead"
    )


def _theirs(path: Path, n_leads: int) -> dict[str, FloatVector]:
    import duckdb

    found = duckdb.connect().execute(_query(path)).fetchnumpy()
    lead = found.pop("lead")
    columns = {}
    for name, values in found.items():
        column = np.full(n_leads, np.nan if name.startswith("days_") else 0.0)
        column[lead] = np.ma.filled(values, np.nan)
        columns[name] = column
    return columns


def _measure_here(engine: str, path: Path, n_leads: int) -> None:
    """Run one engine in this process and print its figures; the parent reads them."""
    works: dict[str, Callable[[Path, int], dict[str, FloatVector]]] = {
        "ours": partial(_ours, compute=_shared),
        "ours_all": partial(_ours, compute=generate_behavioral_features),
        "duckdb": _theirs,
    }
    work = works[engine]
    wall, cpu = time.perf_counter(), time.process_time()
    columns = work(path, n_leads)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(path.parent / f"{engine}.npz", **columns)  # type: ignore[arg-type]  # NumPy's stub takes the names for options
    print(json.dumps({"engine": engine, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak_mb, "columns": len(columns)}))


# -- one lead ----------------------------------------------------------------------------------------------------


def _one_lead(options: Options) -> list[Figure]:
    n_leads = 2_000 if options.quick else 10_000
    floor = simulate(
        load_market("insurance_partners"),
        n_leads=n_leads,
        seed=options.seed,
        start=_AS_OF - timedelta(days=400),
        days=400,
    )
    log = ingest_lead_data(floor.leads, floor.interactions, floor.assignments, floor.outcomes)
    as_of = _AS_OF - timedelta(hours=1)
    moments = floor.leads.select(lead_id="id", as_of=pl.lit(as_of).cast(pl.Datetime("us", "UTC")))
    history = log.known_before(moments)
    context = MarketContext.of(history, log.outcomes(Market("insurance_partners"), before=as_of))
    began = time.perf_counter()
    table = build_features(history, context)
    bulk_us = (time.perf_counter() - began) / table.height * 1e6
    sizes = history.group_by("lead_id", maintain_order=True).len().filter(pl.col("len").is_between(*_EVENTS_OF_ONE))
    one = history.filter(pl.col("lead_id") == sizes["lead_id"][0])
    records, schema = one.to_dicts(), infer_schema(table.drop("lead_id", "as_of"))
    row = build_row(records, as_of, context)
    line = table.filter(pl.col("lead_id") == row["lead_id"])
    same = line.row(0, named=True) == row and np.array_equal(
        encode_row(row, schema), encode(line, schema)[0], equal_nan=True
    )
    name = f"one lead, {one.height} records, {table.width - 2} features"
    n = 100 if options.quick else 500
    alone = _median_us(lambda: build_row(records, as_of, context), n)
    encoded, in_bulk = _median_us(lambda: encode_row(row, schema), n), _median_us(lambda: encode(line, schema), 30)
    return [
        Figure(f"{name}: features", alone, "us", "bulk path on it", _median_us(lambda: build_features(one, context), 30),
               "< 1000 us", alone < 1000),  # noqa: PLR2004 - the bar
        Figure(f"{name}: from a frame", _median_us(lambda: build_row(one, as_of, context), n), "us"),
        Figure(f"{name}: encoding, {len(schema.columns)} columns", encoded, "us", "encode on it", in_bulk),
        Figure(f"{name}: the same as in bulk", float(same), bar="to the last bit", holds=same),
        Figure(f"{table.height:,} leads, {history.height:,} records: all features, a lead", bulk_us, "us"),
    ]  # fmt: skip


def _median_us(work: Callable[[], object], n: int) -> float:
    times = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1e6


if __name__ == "__main__":
    _measure_here(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
