"""One score in process and many at once, beside LightGBM's own calls, in ratios taken side by side."""

import ctypes
import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._scoring_floor import floor_log
from benchmarks._served_model import LEAVES, TREES, OneModel, Served, served_model
from benchmarks.harness import Figure, Options
from domain.values import Market
from simulation.catalogue import load_market
from simulation.floor import simulate
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode, encode_row
from tools.scoring.history import MOMENTS_SCHEMA
from tools.scoring.model import TrainedModel
from tools.scoring.reasons import points_by_feature, reason_plan
from tools.scoring.serving.budget import Budget
from tools.scoring.serving.bulk import score_table
from tools.scoring.serving.compiled import CompiledModel
from tools.scoring.serving.fast_booster import FastBooster
from tools.scoring.serving.feature_input import FeatureReader
from tools.scoring.serving.feature_scorer import FeatureScorer
from tools.scoring.serving.prediction_log import PredictionLog
from tools.scoring.serving.score_cache import ScoreCache
from tools.scoring.serving.shelf import ModelShelf
from tools.scoring.table import build_row

_MARKET = Market("insurance_partners")
_FAST_BAR, _REASONS_BAR_MS, _BULK_BAR = 1.5, 3.0, 0.9
_START = datetime(2025, 1, 6, tzinfo=UTC)
_US, _MS = 1e3, 1e6


def measure(options: Options) -> list[Figure]:
    """Measure everything; ratios are medians of contenders called in turn."""
    served = served_model(seed=options.seed)
    size = f"{TREES} trees x {LEAVES} leaves x {served.matrix.shape[1]} features"
    return [
        *_single(served, size, rounds=2 if options.quick else 12),
        *_with_reasons(served, options),
        *_bulk(served, rows=40_000 if options.quick else 200_000, rounds=3 if options.quick else 9),
    ]


# -- one score ---------------------------------------------------------------------------------------------------


def _single(served: Served, size: str, *, rounds: int) -> list[Figure]:
    rows = served.matrix[:200]
    plain, told = rows.tolist(), [served.features(i) for i in range(len(rows))]
    compiled, reader = CompiledModel.of(served.model), FeatureReader(served.model.schema)
    with ThreadPoolExecutor(2) as pool:
        whole = _answering(served.model, pool)
        calls: dict[str, Sequence[Callable[[], Any]]] = {
            "C API": _bare_calls(served, rows),
            "Booster.predict, NumPy row": [_package_call(served, row[None]) for row in rows],
            "ours, row": [_bound(compiled.score, row) for row in plain],
            "ours, dict": [_bound(_read_and_score(reader, compiled), each) for each in told],
            "ours, whole answer": [_bound(whole, each) for each in told],
            "C API, contributions": [_bound(FastBooster(served.booster).contributions, row) for row in plain],
        }
        medians = _in_turn(calls, rounds)
    pandas = _in_turn({"pandas": _pandas_calls(served, rows[:50])}, 1)["pandas"] / _US
    bare, package, row, given, answer, shares = (medians[name] / _US for name in calls)
    return [
        Figure(f"one score, {size}: encoded row", row, "μs", "LightGBM C API, single-row fast", bare,
               f"<= {_FAST_BAR}x", row <= _FAST_BAR * bare),
        Figure("one score: features as a dict, checked", given, "μs", "LightGBM C API, single-row fast", bare),
        Figure("one score: checked, hashed, cached, temperature, abstention", answer, "μs",
               "LightGBM C API, single-row fast", bare),
        Figure("one score: encoded row", row, "μs", "Booster.predict, NumPy row", package),
        Figure("one score: encoded row", row, "μs", "Booster.predict, pandas row", pandas),
        Figure("exact SHAP of one row (C API)", shares, "μs", "LightGBM C API, single-row fast", bare),
    ]  # fmt: skip


def _bound(call: Callable[[Any], Any], argument: Any) -> Callable[[], Any]:
    return lambda: call(argument)


def _bare_calls(served: Served, rows: np.ndarray[Any, Any]) -> list[Callable[[], Any]]:
    """The C call alone: every pointer is made beforehand, nothing is checked or copied."""
    booster = FastBooster(served.booster)
    booster.raw_score(rows[0])
    lane = booster._lanes.raw  # noqa: SLF001 - the peer is the call inside
    call, (handle, _, length, result) = lane._call, lane._arguments  # noqa: SLF001 - the peer is the call inside

    def bare(row: np.ndarray[Any, Any]) -> Callable[[], Any]:
        held = np.ascontiguousarray(row)
        pointer = held.ctypes.data_as(ctypes.c_void_p)
        if call(handle, pointer, length, result) or lane.result[0] != booster.raw_score(row):
            raise AssertionError("the bare call does not answer what the booster does")
        alive = (held, lane)  # what the call reads lives as long as the call

        def again() -> Any:
            return call(handle, pointer, length, result), alive

        return again

    return [bare(row) for row in rows]


def _package_call(served: Served, matrix: np.ndarray[Any, Any]) -> Callable[[], Any]:
    return lambda: served.booster.predict(matrix, raw_score=True, num_threads=1)


def _pandas_calls(served: Served, rows: np.ndarray[Any, Any]) -> list[Callable[[], Any]]:
    import pandas as pd  # type: ignore[import-untyped]  # the peer, which has no stubs here

    names = [f"f{i}" for i in range(rows.shape[1])]
    dicts = [dict(zip(names, row.tolist(), strict=True)) for row in rows]
    return [_bound(lambda row: served.booster.predict(pd.DataFrame([row]), num_threads=1), row) for row in dicts]


def _read_and_score(reader: FeatureReader, compiled: CompiledModel) -> Callable[[dict[str, Any]], Any]:
    return lambda features: compiled.score(reader.read(features).row)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - a benchmark is its own entry point


def _answering(model: TrainedModel, pool: ThreadPoolExecutor) -> Callable[[dict[str, Any]], Any]:
    """Everything the endpoint does but HTTP, on features that no cache knows."""
    clock = _Clock()
    no_log: Any = None  # features of no lead are not recorded
    scorer = FeatureScorer(
        shelf=ModelShelf(OneModel(model)),
        cache=ScoreCache(clock, capacity=0),
        budget=Budget(pool),
        reasons_budget=Budget(pool),
        log=PredictionLog(no_log, on_refused=lambda _decision, _error: None),
        clock=clock,
    )
    scorer.shelf.open(_MARKET)

    def answer(features: dict[str, Any]) -> Any:
        # Without reasons nothing waits: the coroutine ends at its first step.
        try:
            scorer.score_features(_MARKET, features, with_reasons=False).send(None)
        except StopIteration as ended:
            return ended.value
        raise AssertionError("a score without reasons waited for something")

    return answer


def _in_turn(calls: dict[str, Sequence[Callable[[], Any]]], rounds: int) -> dict[str, float]:
    """Call every contender in turn and return the median nanoseconds of each."""
    taken: dict[str, list[int]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for _ in track(range(rounds), description="one score"):
            for name, each in calls.items():
                for call in each:
                    began = time.perf_counter_ns()
                    call()
                    taken[name].append(time.perf_counter_ns() - began)
    finally:
        gc.enable()
    return {name: float(np.median(times)) for name, times in taken.items()}


# -- one score with reasons, from a history at hand ----------------------------------------------------------------


def _with_reasons(served: Served, options: Options) -> list[Figure]:
    histories, as_of, context = _histories(options)
    compiled, plan = CompiledModel.of(served.model), reason_plan(served.model.schema.names)
    model = served.model
    taken: list[int] = []
    worked: list[int] = []
    for _ in range(2 if options.quick else 6):
        for lead_id, records in histories.items():
            began, work_began = time.perf_counter_ns(), time.thread_time_ns()
            features = build_row(records, as_of, context)
            row = encode_row(features, model.schema).tolist()
            score = compiled.score(row)
            parts = compiled.contributions(row)[None]
            points = points_by_feature(parts, model.calibrator, np.array([score.p]))
            plan.reasons(points.by_feature[0], features, lead_id=lead_id, as_of=as_of, interactions=records)
            taken.append(time.perf_counter_ns() - began)
            worked.append(time.thread_time_ns() - work_began)
    p50, p95 = (float(np.percentile(taken, q)) / _MS for q in (50, 95))
    events = sum(map(len, histories.values())) / len(histories)
    return [
        Figure(f"one score with reasons from {events:.0f} records: p50", p50, "ms", bar=f"<= {_REASONS_BAR_MS:g} ms",
               holds=p50 <= _REASONS_BAR_MS),
        Figure("one score with reasons: p95", p95, "ms"),
        Figure("one score with reasons: processor time, p50", float(np.median(worked)) / _MS, "ms"),
    ]  # fmt: skip


def _histories(options: Options) -> tuple[dict[str, list[dict[str, Any]]], datetime, MarketContext]:
    """Return the records of 200 leads, the moment, and what the market's past says by then."""
    floor = simulate(load_market(_MARKET), n_leads=600, seed=options.seed, start=_START, days=120)
    log = floor_log(floor)
    as_of = _START + timedelta(days=115)
    moments = pl.DataFrame({"lead_id": floor.leads["id"], "as_of": [as_of] * floor.leads.height}, schema=MOMENTS_SCHEMA)
    history = log.known_before(moments)
    rows = history.partition_by("lead_id", as_dict=True)
    told = {str(key[0]): part.to_dicts() for key, part in islice(rows.items(), 200)}
    return told, as_of, MarketContext.of(history, log.outcomes(as_of))


# -- many scores -------------------------------------------------------------------------------------------------


def _bulk(served: Served, *, rows: int, rounds: int) -> list[Figure]:
    matrix = np.tile(served.matrix, (-(-rows // len(served.matrix)), 1))[:rows]
    frame = _frame(served, matrix)
    rates: dict[str, list[float]] = {}
    for _ in track(range(rounds), description="many scores"):
        for threads in (1, 2):
            ways: dict[str, Callable[[], Any]] = {
                f"LightGBM {threads}": partial(served.booster.predict, matrix, raw_score=True, num_threads=threads),
                f"ours {threads}": partial(score_table, served.model, frame, threads=threads),
            }  # fmt: skip
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                rates.setdefault(name, []).append(rows / (time.perf_counter() - began))
    figures = []
    for threads in (1, 2):
        ours, raw = np.array(rates[f"ours {threads}"]), np.array(rates[f"LightGBM {threads}"])
        ratio = float(np.median(ours / raw))
        name = f"bulk, {rows} leads, features to bounds, {threads} thread{'s' if threads > 1 else ''}"
        peer = "raw predict of a matrix"
        figures.append(
            Figure(name, float(np.median(ours)), "leads/s", peer, float(np.median(raw)), f">= {_BULK_BAR}x", ratio >= _BULK_BAR)
        )  # fmt: skip
    return figures


def _frame(served: Served, matrix: np.ndarray[Any, Any]) -> pl.DataFrame:
    """The matrix as the feature table has it: categories as text, flags as booleans, null for not measured."""
    series = []
    for i, column in enumerate(served.model.schema.columns):
        numbers = pl.Series(column.name, matrix[:, i]).fill_nan(None)
        if column.levels:
            names = dict(enumerate(("rare", *column.levels)))
            numbers = numbers.cast(pl.Int64).replace_strict(names, return_dtype=pl.Utf8)
        series.append(numbers.cast(pl.Boolean) if column.kind == "flag" else numbers)
    frame = pl.DataFrame(series)
    np.testing.assert_array_equal(encode(frame[:500], served.model.schema), matrix[:500])
    return frame


if __name__ == "__main__":
    from benchmarks.harness import run

    run("_scoring_speed", measure)
