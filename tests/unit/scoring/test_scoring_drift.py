"""Drift is named where it was planted, and not by chance."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from domain.errors import InvalidInputError
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.guarding.drift import Verdict, detect_drift, judge_outcomes
from tools.scoring.guarding.reference import Reference
from tools.scoring.guarding.shapes import homogeneity, kolmogorov_smirnov, population_stability_index

LEVELS = ("fair", "referral", "web")
SCHEMA = Schema(
    columns=(
        *(Column(name=f"field.x{i}", kind=Kind.NUMBER) for i in range(6)),
        Column(name="source", kind=Kind.CATEGORY, levels=LEVELS),
        Column(name="has_email", kind=Kind.FLAG),
        Column(name="month", kind=Kind.NUMBER),
    )
)
SOURCE, HAS_EMAIL, MONTH = 6, 7, 8


def leads(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    x[:, 1] = np.round(np.exp(x[:, 1]))
    x[:, 2] = np.where(rng.random(n) < 0.2, np.nan, x[:, 2])
    source, email = rng.choice([0.0, 1.0, 2.0, 3.0], n, p=[0.02, 0.2, 0.28, 0.5]), (rng.random(n) < 0.7).astype(float)
    matrix = np.column_stack([x, source, email, np.full(n, 1.0)])
    p = 1 / (1 + np.exp(2 - x[:, 0]))
    return matrix, p, rng.random(n) < p


MATRIX, SCORES, LABELS = leads(4000, 0)
REFERENCE = Reference.of(MATRIX, SCHEMA, SCORES, LABELS)


def later(n=2000, seed=1, **told):
    matrix, scores, labels = leads(n, seed)
    return detect_drift(REFERENCE, matrix, scores, settled_scores=scores, settled_labels=labels, **told)


@pytest.mark.parametrize("n", [30, 300, 2000])
def test_leads_of_the_same_kind_alarm_in_less_than_one_of_twenty_looks(n):
    alarms = sum(later(n, seed).verdict is not Verdict.NONE for seed in range(1, 121))
    assert alarms / 120 < 0.05


def shifted(column: int, values, **told):
    matrix, scores, _ = leads(2000, 3)
    matrix[:, column] = values(matrix[:, column], np.random.default_rng(4))
    return detect_drift(REFERENCE, matrix, scores, **told)


SHIFTS = {
    "up": (0, lambda x, _rng: x + 0.8, Verdict.DRIFT),
    "wider": (0, lambda x, _rng: 2 * x, Verdict.DRIFT),
    "a little": (0, lambda x, _rng: x + 0.35, Verdict.WATCH),
    "missing": (3, lambda x, rng: np.where(rng.random(len(x)) < 0.3, np.nan, x), Verdict.DRIFT),
    "filled": (2, lambda x, _rng: np.where(np.isnan(x), 0.1, x), Verdict.DRIFT),
    "other sources": (SOURCE, lambda x, rng: np.where(rng.random(len(x)) < 0.4, 1.0, x), Verdict.DRIFT),
    "new level": (SOURCE, lambda x, rng: np.where(rng.random(len(x)) < 0.2, 0.0, x), Verdict.DRIFT),
    "flag": (HAS_EMAIL, lambda x, rng: np.where(rng.random(len(x)) < 0.6, 0.0, x), Verdict.DRIFT),
}


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_planted_shift_is_named_and_nothing_else_is(shift):
    column, values, verdict = SHIFTS[shift]
    report = shifted(column, values)
    assert report.changed == (SCHEMA.names[column],)
    assert report.verdict is report.columns[0].verdict is verdict
    assert report.why.startswith(SCHEMA.names[column])


def test_a_shift_that_a_small_sample_cannot_show_is_not_claimed():
    matrix, scores, _ = leads(12, 5)
    matrix[:, 0] += 0.8
    assert detect_drift(REFERENCE, matrix, scores).verdict is Verdict.NONE


def test_a_large_sample_makes_no_alarm_of_a_tiny_shift():
    matrix, scores, _ = leads(60_000, 6)
    matrix[:, 0] += 0.05
    report = detect_drift(REFERENCE, matrix, scores)
    assert (report.changed, report.columns[0].verdict) == ((), Verdict.NONE)


def test_the_calendar_moves_without_an_alarm():
    def october(x, _rng):
        return np.full(len(x), 10.0)

    assert shifted(MONTH, october).verdict is Verdict.NONE
    assert shifted(MONTH, october, expected=()).changed == ("month",)


def test_a_feature_that_the_model_hardly_reads_is_at_most_watched():
    weights = dict.fromkeys(SCHEMA.names, 1.0) | {"field.x0": 0.001}
    assert shifted(0, lambda x, _rng: x + 2, importance=weights).verdict is Verdict.WATCH


def test_unknown_levels_are_named():
    matrix, scores, _ = leads(1000, 7)
    matrix[:300, SOURCE] = 0.0
    table = pl.DataFrame({"source": ["podcast"] * 200 + ["kiosk"] * 100 + ["web"] * 700})
    (found,) = [c for c in detect_drift(REFERENCE, matrix, scores, table=table).columns if c.name == "source"]
    assert found.new_levels == ("podcast", "kiosk")
    assert found.unknown_now == pytest.approx(0.3, abs=0.03)


def test_scores_that_moved_are_drift_though_no_column_did():
    matrix, scores, _ = leads(2000, 8)
    report = detect_drift(REFERENCE, matrix, scores**2)
    assert (report.verdict, report.score.verdict, report.changed) == (Verdict.DRIFT, Verdict.DRIFT, ())


def test_outcomes_tell_a_level_that_is_off():
    _, p, labels = leads(2000, 9)
    drift = judge_outcomes(p * 0.5, labels, base_rate=0.17)
    assert drift.verdict is Verdict.DRIFT
    assert drift.seen_low > drift.said


def test_outcomes_tell_a_shape_that_is_off_though_the_level_holds():
    _, p, labels = leads(6000, 10)
    assert judge_outcomes(np.full(6000, labels.mean()) + 0.2 * (p.mean() - p), labels, base_rate=None).verdict is (
        Verdict.WATCH
    )


def test_a_reference_survives_json():
    again = Reference.model_validate_json(REFERENCE.model_dump_json())
    assert again == REFERENCE


def test_another_matrix_is_refused():
    with pytest.raises(InvalidInputError, match="must have the 9 columns"):
        detect_drift(REFERENCE, MATRIX[:, :4], SCORES)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 400))
def test_every_row_is_counted_once(seed, n):
    matrix, scores, _ = leads(n, seed)
    reference = Reference.of(matrix, SCHEMA, scores)
    assert {column.rows for column in reference.columns} == {n}
    other, _, _ = leads(70, seed + 1)
    assert {column.count(other[:, i]).rows for i, column in enumerate(reference.columns)} == {70}


@settings(max_examples=30, deadline=None)
@given(before=st.lists(st.integers(0, 50), min_size=2, max_size=12), seed=st.integers(0, 1000))
def test_distances_are_zero_for_the_same_shape_and_never_negative(before, seed):
    old = np.array(before, dtype=float)
    new = np.random.default_rng(seed).permutation(old)
    assert population_stability_index(old, old) == 0.0
    assert population_stability_index(old, new) >= 0.0
    assert 0.0 <= kolmogorov_smirnov(old, new)[0] <= 1.0
    assert 0.0 <= homogeneity(old, new) <= 1.0


def test_the_distance_from_counts_is_that_of_the_values_where_each_value_has_a_cell():
    rng = np.random.default_rng(1)
    before, now = rng.integers(0, 20, 500), rng.integers(2, 21, 400)
    counts = [np.bincount(side, minlength=21).astype(float) for side in (before, now)]
    assert kolmogorov_smirnov(*counts)[0] == pytest.approx(ks_2samp(before, now).statistic)
