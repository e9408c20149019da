"""A compiled model answers a row as the trained model answers a matrix."""

import gc
import threading
import weakref
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domain.errors import InvalidInputError
from domain.scores import Rung
from tools.scoring.calibration import Calibrator, Method, Tilt, fit_calibrator, identity
from tools.scoring.coverage import RateInterval, fit_interval
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.evidence import Evidence
from tools.scoring.gbm import GbmModel
from tools.scoring.learning.abstention import abstention
from tools.scoring.learning.ranges import Ranges
from tools.scoring.learning.stack import Ranker, StackModel
from tools.scoring.linear import fit_linear
from tools.scoring.model import BaseRate, TrainedModel, untrained_model
from tools.scoring.rules import RulesModel, rules_schema
from tools.scoring.serving.compiled import CompiledModel
from tools.scoring.serving.fast_booster import FastBooster, has_fast_call
from tools.scoring.serving.row_abstention import row_abstention
from tools.scoring.serving.row_maps import interpolate, knotted_bounds, tilted_bounds, tilted_map, trained_map
from tools.scoring.serving.row_rankers import prepare

WIDTH = 7
SCHEMA = Schema(
    columns=(
        *(
            Column(name=name, kind=Kind.NUMBER)
            for name in ("number", "replies_7d", "talk_seconds", "days_since_inbound")
        ),
        Column(name="flag", kind=Kind.FLAG),
        *(Column(name=f"level{i}", kind=Kind.CATEGORY, levels=("a", "b", "c")) for i in range(2)),
    )
)


def table(rows: int, seed: int):
    rng = np.random.default_rng(seed)
    numbers = np.column_stack([rng.normal(size=(rows, 2)), rng.exponential(5, size=(rows, 2)) ** 2])
    matrix = np.column_stack([numbers, rng.random(rows) < 0.4, rng.integers(0, 4, size=(rows, 2))]).astype(float)
    log_odds = matrix[:, 0] - 0.02 * matrix[:, 2] + (matrix[:, 5] == 2)
    labels = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return matrix, labels


MATRIX, LABELS = table(600, 1)
BOOSTER = lgb.train(
    {"objective": "binary", "num_leaves": 6, "min_data_in_leaf": 10, "verbosity": -1, "num_threads": 1},
    lgb.Dataset(MATRIX, LABELS.astype(float), categorical_feature=SCHEMA.categorical, params={"verbosity": -1}),
    30,
)
GBM = GbmModel(BOOSTER)
LINEAR = fit_linear(MATRIX, LABELS, SCHEMA)[0]
RULES = RulesModel(rules_schema(), 0.3)


class Constant:
    def log_odds(self, matrix):
        return np.full(len(matrix), 0.25)

    def contributions(self, matrix):
        return np.pad(np.zeros_like(matrix), ((0, 0), (0, 1)), constant_values=0.25)

    def to_plain(self):
        return {}


STACK = StackModel((GBM, LINEAR), (0.7, 0.4), -0.1)
RANKERS = {"gbm": GBM, "linear": LINEAR, "stack": STACK, "unknown": Constant()}

_numbers = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([np.nan, 0.0, -0.0, 1.0, 2.0, 3.0, 4.0, 1e-300, 1e300, np.inf, -np.inf])
)
rows = arrays(np.float64, WIDTH, elements=_numbers)


def trained(ranker: Ranker, calibrator: Calibrator, interval: RateInterval | None, **changes: object) -> TrainedModel:
    parts = {
        "schema": SCHEMA, "rung": Rung.GBM, "ranker": ranker, "calibrator": calibrator, "interval": interval,
        "base_rate": BaseRate.of(200, 600), "no_signal": None,
        "evidence": Evidence(rows=0, won=0, folds=0, why="", calibration=""),
    }  # fmt: skip
    return TrainedModel(**(parts | changes))


@given(row=rows)
@settings(max_examples=60, deadline=None)
def test_a_fast_score_has_the_bits_of_the_slow_one(row):
    fast = FastBooster(BOOSTER)
    assert fast.raw_score(row) == BOOSTER.predict(row[None], raw_score=True, num_threads=1)[0]
    assert fast.raw_score(row.tolist()) == fast.raw_score(row)


@given(row=rows)
@settings(max_examples=30, deadline=None)
def test_fast_contributions_have_the_bits_of_the_slow_ones(row):
    expected = BOOSTER.predict(row[None], pred_contrib=True, num_threads=1)[0]
    np.testing.assert_array_equal(FastBooster(BOOSTER).contributions(row.tolist()), expected)


def test_without_the_fast_call_the_package_answers():
    slow, fast = FastBooster(BOOSTER, is_fast=False), FastBooster(BOOSTER)
    for row in MATRIX[:20]:
        assert slow.raw_score(row) == fast.raw_score(row)
        np.testing.assert_array_equal(slow.contributions(row), fast.contributions(row))


def test_a_library_without_the_call_is_recognised():
    assert has_fast_call()
    assert not has_fast_call(object())


def test_a_booster_stopped_early_is_cut_where_the_package_cuts_it():
    stopped = lgb.Booster(model_str=BOOSTER.model_to_string())
    stopped.best_iteration = 7
    expected = stopped.predict(MATRIX[:5], raw_score=True)
    assert [FastBooster(stopped).raw_score(row) for row in MATRIX[:5]] == expected.tolist()


def test_a_row_of_the_wrong_length_is_refused():
    for ask in (FastBooster(BOOSTER).raw_score, FastBooster(BOOSTER).contributions):
        with pytest.raises(InvalidInputError, match=r"row: 3 values; the model reads 7"):
            ask([0.0] * 3)


def test_a_booster_of_several_classes_is_refused():
    three = lgb.train(
        {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1},
        lgb.Dataset(MATRIX, np.arange(600) % 3, params={"verbosity": -1}), 1,
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="trees a round"):
        FastBooster(three)


def test_threads_do_not_mix_up_their_rows():
    fast = FastBooster(BOOSTER)
    expected = BOOSTER.predict(MATRIX, raw_score=True)
    shares = BOOSTER.predict(MATRIX[:60], pred_contrib=True)
    wrong = []

    def ask(seed: int) -> None:
        for i in np.random.default_rng(seed).permutation(len(MATRIX)):
            if fast.raw_score(MATRIX[i]) != expected[i]:
                wrong.append(i)
            if i < 60 and not np.array_equal(fast.contributions(MATRIX[i]), shares[i]):
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_prepared_calls_are_freed_with_their_thread_and_let_the_booster_go():
    held = {"fast": FastBooster(lgb.Booster(model_str=BOOSTER.model_to_string()))}
    alive, lanes = weakref.ref(held["fast"].booster), []

    def ask() -> None:
        held["fast"].raw_score(MATRIX[0])
        lanes.append(weakref.ref(held["fast"]._lanes.raw))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    ask()
    gc.collect()
    assert [lane() is None for lane in lanes] == [True, False]
    held.clear()
    gc.collect()
    assert (alive(), lanes[1]()) == (None, None)


@given(row=rows, name=st.sampled_from(sorted(RANKERS)))
@settings(max_examples=150, deadline=None)
def test_a_prepared_ranker_equals_the_matrix(row, name):
    ranker = RANKERS[name]
    prepared = prepare(ranker)
    assert prepared.log_odds(row.tolist()) == pytest.approx(ranker.log_odds(row[None])[0], abs=1e-12, rel=1e-12)
    np.testing.assert_allclose(
        prepared.contributions(row.tolist()), ranker.contributions(row[None])[0], atol=1e-12, rtol=1e-12
    )


@given(row=arrays(np.float64, len(RULES.schema.columns), elements=_numbers))
@settings(max_examples=50, deadline=None)
def test_prepared_rules_equal_the_matrix(row):
    prepared = prepare(RULES)
    assert prepared.log_odds(row.tolist()) == pytest.approx(RULES.log_odds(row[None])[0], abs=1e-12)
    np.testing.assert_allclose(prepared.contributions(row.tolist()), RULES.contributions(row[None])[0], atol=1e-12)


CALIBRATORS = [fit_calibrator(method, GBM.log_odds(MATRIX), LABELS) for method in Method]
BOUNDS = fit_interval(GBM.log_odds(MATRIX), LABELS)
_log_odds = st.one_of(st.floats(-60, 60), st.sampled_from([knot[0] for knot in (*BOUNDS.knots, *CALIBRATORS[2].knots)]))


TILT = Tilt(level=-0.4, slope=0.8, centre=-1.0, level_sd=0.1, slope_sd=0.05, rows=300)


@given(x=_log_odds, calibrator=st.sampled_from([*CALIBRATORS, identity()]))
@settings(max_examples=150, deadline=None)
def test_a_scalar_map_equals_the_calibrator(x, calibrator):
    p = calibrator.as_trained(np.array([x]))
    assert trained_map(calibrator)(x) == pytest.approx(p[0], abs=1e-12)
    moved = calibrator.model_copy(update={"tilt": TILT})
    assert tilted_map(moved, TILT)(float(p[0])) == pytest.approx(moved(np.array([x]))[0], abs=1e-12)


@given(low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_scalar_bounds_move_with_the_tilt(low, high):
    moved = CALIBRATORS[0].model_copy(update={"tilt": TILT})
    expected = moved.move(np.array([low]), np.array([high]))
    assert tilted_bounds(moved, TILT)(low, high) == pytest.approx((expected[0][0], expected[1][0]), abs=1e-12)


@given(x=_log_odds, p=st.floats(0.001, 0.999))
@settings(max_examples=80, deadline=None)
def test_scalar_bounds_equal_the_interval(x, p):
    low, high = BOUNDS.bounds(np.array([x]), np.array([p]))
    mine = knotted_bounds(BOUNDS)(x)
    assert (min(mine[0], p), max(mine[1], p)) == pytest.approx((low[0], high[0]), abs=1e-12)


@given(
    knots=st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 1)), min_size=1, max_size=9, unique_by=lambda knot: knot[0]),
    x=st.floats(-10, 10),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_interpolation_equals_numpy(knots, x):
    xs, ys = zip(*sorted(knots), strict=True)
    assert interpolate(x, xs, ys) == pytest.approx(np.interp(x, xs, ys), abs=1e-12)


MODELS = {
    "gbm, isotonic": trained(GBM, CALIBRATORS[2], BOUNDS),
    "gbm, beta": trained(GBM, CALIBRATORS[1], BOUNDS),
    "linear, sigmoid": trained(LINEAR, CALIBRATORS[0], BOUNDS),
    "stack, no interval": trained(STACK, identity(), None),
    "linear, no interval": trained(LINEAR, identity(), None),
    "gbm, tilted": trained(GBM, CALIBRATORS[1].model_copy(update={"tilt": TILT}), BOUNDS),
    "linear, tilted": trained(LINEAR, CALIBRATORS[2].model_copy(update={"tilt": TILT}), BOUNDS),
    "no signal": trained(GBM, identity(), BOUNDS, no_signal="nothing known tells winners from losers"),
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_compiled_model_equals_the_trained_one(name):
    model = MODELS[name]
    compiled, prediction = CompiledModel.of(model), model.predict_matrix(MATRIX[:80])
    for i, row in enumerate(MATRIX[:80].tolist()):
        score = compiled.score(row)
        expected = (prediction.p[i], prediction.low[i], prediction.high[i])
        assert (score.p, score.low, score.high) == pytest.approx(expected, abs=1e-12)
        assert score.low <= score.p <= score.high


def test_the_hand_set_rules_compile_too():
    model = untrained_model()
    matrix = np.random.default_rng(3).choice([0.0, 0.7, 1.0, 20.0, np.nan], size=(40, len(model.schema.columns)))
    compiled, prediction = CompiledModel.of(model), model.predict_matrix(matrix)
    scores = [compiled.score(row) for row in matrix.tolist()]
    np.testing.assert_allclose([s.p for s in scores], prediction.p, atol=1e-12)
    np.testing.assert_allclose([s.low for s in scores], prediction.low, atol=1e-12)
    np.testing.assert_allclose([s.high for s in scores], prediction.high, atol=1e-12)


RANGED = replace(MODELS["gbm, beta"], ranges=Ranges.of(MATRIX))
WEIGHED = replace(RANGED, evidence=RANGED.evidence.model_copy(update={"importance": {"number": 3.0, "level1": 1.0}}))
ABSTAINING = {"ranged": RANGED, "weighed": WEIGHED, **MODELS}


encoded = rows.filter(lambda row: not np.isinf(row).any())
"""A row as a schema encodes it: finite, or not measured."""


@given(
    row=encoded, name=st.sampled_from(sorted(ABSTAINING)), bounds=st.tuples(st.floats(0.001, 0.999), st.floats(0, 1))
)
@settings(max_examples=100, deadline=None)
def test_a_row_is_abstained_from_in_the_same_words(row, name, bounds):
    model, low = ABSTAINING[name], bounds[0]
    high = low + (0.999 - low) * bounds[1]
    assert row_abstention(model)(row.tolist(), low, high) == abstention(low, high, row, model)


def test_an_ordinary_row_is_acted_on_and_an_odd_one_is_not():
    abstains = row_abstention(WEIGHED)
    usual = np.nan_to_num(MATRIX[0]).tolist()
    assert abstains(usual, 0.2, 0.3) is None
    assert "anything from" in (abstains(usual, 0.02, 0.6) or "")
    assert "Unlike" in (abstains([1e9, *usual[1:]], 0.2, 0.3) or "")
    assert "Too little" in (abstains([np.nan] * WIDTH, 0.2, 0.3) or "")
