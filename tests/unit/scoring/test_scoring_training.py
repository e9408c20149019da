"""The ladder is climbed on evidence only, forward in time, and says so when there is nothing to climb on."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.scores import Rung
from tools.scoring.calibration import sigmoid
from tools.scoring.dataset import encode
from tools.scoring.evidence import RungEvidence, no_signal_statement
from tools.scoring.folds import forward_folds, random_folds, rows_to_fit
from tools.scoring.metrics import auc_interval
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.rules import fit_rules, rules_schema
from tools.scoring.training import train


def problem(n: int, *, seed: int = 1, linear: float = 0.0, bent: float = 0.0):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.normal(size=n)
    frame = pl.DataFrame(
        {"x": x, "z": z, "colour": rng.choice(["red", "blue"], n), "gap": np.where(x > 1.5, np.nan, z)}
    )
    logit = -1 + linear * x + bent * ((np.abs(x) > 1) * 2.0 - 0.6) * np.sign(z)
    return frame.with_columns(pl.col("gap").fill_nan(None)), rng.random(n) < sigmoid(logit)


def fitted(n: int, **kwargs) -> TrainedModel:
    frame, labels = problem(n, **kwargs)
    return train(frame, labels, np.arange(float(n)), rng=np.random.default_rng(5))


def test_a_handful_of_labels_gives_the_bayesian_rung_and_says_that_nothing_is_proved():
    model = fitted(60, linear=2)
    assert (model.rung, model.no_signal, model.fallback.rung) == (Rung.LINEAR, None, Rung.RULES)
    assert "not proved" in model.evidence.why
    assert model.evidence.sufficiency.more == 50 - model.evidence.sufficiency.minority


def test_a_handful_of_noise_is_answered_with_nearly_one_probability():
    p = fitted(60, seed=4).predict(problem(500, seed=9)[0]).p
    assert p.std() < 0.05


def test_labels_of_one_result_only_give_the_rules():
    frame, _ = problem(80)
    model = train(frame, np.zeros(80, dtype=bool), None, rng=np.random.default_rng(1))
    assert model.rung is Rung.RULES
    assert model.evidence.sufficiency.more == 1


def test_no_labels_at_all_gives_the_rules():
    model = train(pl.DataFrame({"x": []}), np.zeros(0, dtype=bool), None, rng=np.random.default_rng(1))
    assert (model.rung, model.base_rate.value) == (Rung.RULES, 0.12)


def test_a_straight_relation_is_answered_by_the_linear_rung():
    assert fitted(1500, linear=1.2).rung is Rung.LINEAR


def test_a_bent_relation_is_answered_by_the_trees():
    assert fitted(3000, bent=1.5).rung in {Rung.GBM, Rung.STACK}


def test_a_rung_of_trees_keeps_the_linear_rung_and_the_rules_below_it():
    model = fitted(2500, bent=1.5)
    frame, labels = problem(2500, seed=12, bent=1.5)
    assert [model.fallback.rung, model.fallback.fallback.rung] == [Rung.LINEAR, Rung.RULES]
    assert model.fallback.fallback.fallback is None
    below = model.fallback.predict(frame)
    assert below.p.mean() == pytest.approx(labels.mean(), abs=0.05)


def test_a_matrix_is_predicted_as_its_table_is():
    model = fitted(700, linear=1.2)
    frame, _ = problem(40, seed=3)
    assert np.array_equal(model.predict_matrix(encode(frame, model.schema)).p, model.predict(frame).p)


def test_the_caller_is_told_how_far_training_is():
    frame, labels = problem(700, linear=1.2)
    told = []
    train(frame, labels, None, rng=np.random.default_rng(5), progress=lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[-1], told[-1][0]) == (1.0, "done")


def test_segments_are_measured_where_they_have_rows_enough():
    frame, labels = problem(1500, linear=1.5)
    sources = np.where(np.arange(1500) % 10 == 0, "rare", "web")
    model = train(frame.with_columns(source=pl.Series(sources)), labels, None, rng=np.random.default_rng(5))
    assert [(s.column, s.level) for s in model.evidence.segments] == [("source", "web")]
    assert model.evidence.segments[0].auc_low > 0.6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_called_no_signal_and_everyone_gets_the_base_rate(seed):
    model = fitted(1500, seed=seed)
    prediction = model.predict(problem(50, seed=9)[0])
    assert "contains 0.5" in model.no_signal
    assert set(prediction.p) == {model.base_rate.value}
    assert model.base_rate.low < model.base_rate.value < model.base_rate.high
    assert model.evidence.importance == {}


def test_predictions_rank_later_leads_and_are_calibrated():
    model = fitted(4000, linear=1.2)
    frame, labels = problem(4000, seed=77, linear=1.2)
    p = model.predict(frame).p
    assert auc_interval(p, labels).value > 0.75
    assert p.mean() == pytest.approx(labels.mean(), abs=0.03)


@pytest.mark.parametrize("kwargs", [{"linear": 1.2}, {"bent": 1.5}, {}])
def test_a_model_predicts_the_same_after_its_plain_form(kwargs):
    model = fitted(2000, **kwargs)
    copy = TrainedModel.from_plain(model.to_plain())
    frame, _ = problem(100, seed=8)
    one, other = model.predict(frame), copy.predict(frame)
    assert np.array_equal([one.p, one.low, one.high], [other.p, other.low, other.high])


def test_the_same_seed_gives_the_same_model():
    assert fitted(700, linear=1.2).to_plain() == fitted(700, linear=1.2).to_plain()


def test_labels_of_another_length_are_refused():
    with pytest.raises(InvalidInputError, match="one entry for each of the 2 rows"):
        train(pl.DataFrame({"x": [1, 2]}), np.zeros(3, dtype=bool), None, rng=np.random.default_rng(1))


def test_without_labels_the_rules_keep_the_prior_rate():
    schema = rules_schema()
    nothing = np.full((1, len(schema.columns)), np.nan)
    model = fit_rules(nothing[:0], np.zeros(0, dtype=bool), schema)
    assert sigmoid(model.log_odds(nothing))[0] == pytest.approx(0.12)


def test_labels_pull_the_rules_to_the_level_seen():
    schema = rules_schema()
    nothing = np.full((400, len(schema.columns)), np.nan)
    model = fit_rules(nothing, np.arange(400) % 20 == 0, schema)
    assert sigmoid(model.log_odds(nothing[:1]))[0] == pytest.approx(0.05, abs=0.01)


def test_untrained_rules_answer_and_admit_a_wide_interval():
    frame = pl.DataFrame({"replies_7d": [0.0, 2.0], "meetings_attended_total": [None, 1.0]})
    prediction = untrained_model().predict(frame)
    assert prediction.p[0] < 0.12 < prediction.p[1]
    assert (prediction.high - prediction.low > 0.1).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), n=st.integers(30, 150), delay=st.floats(0, 40))
def test_forward_folds_learn_only_from_what_was_settled_before_they_begin(seed, n, delay):
    rng = np.random.default_rng(seed)
    times, groups = rng.random(n) * 100, np.unique(rng.integers(0, n, n), return_inverse=True)[1]
    tested = np.zeros(n)
    for fold in forward_folds(times, times + delay, groups):
        assert (times[fold.train] + delay).max() <= times[fold.test].min()
        assert not set(groups[fold.train]) & set(groups[fold.test])
        tested += fold.test
    assert tested.max(initial=0) <= 1


def test_random_folds_test_every_row_once_and_keep_groups_together():
    groups = np.repeat(np.arange(50), 3)
    folds = random_folds(groups, rng=np.random.default_rng(1))
    assert np.array_equal(np.sum([fold.test for fold in folds], axis=0), np.ones(150))
    assert all(not set(groups[fold.train]) & set(groups[fold.test]) for fold in folds)


def test_the_newest_rows_decide_when_fitting_stops():
    assert rows_to_fit(np.array([5.0, 1, 2, 3, 4, 0, 6, 7, 8, 9])).tolist() == [True] * 8 + [True, False]


def test_one_rung_above_chance_is_signal():
    weak = RungEvidence(rung=Rung.LINEAR, auc=0.51, auc_low=0.49, auc_high=0.53, log_loss=0.5)
    strong = RungEvidence(rung=Rung.GBM, auc=0.6, auc_low=0.55, auc_high=0.65, log_loss=0.5)
    assert no_signal_statement((weak, strong), 100) is None
    assert "0.510" in no_signal_statement((weak,), 100)
