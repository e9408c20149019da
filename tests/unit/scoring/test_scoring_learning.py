"""The Bayesian rung stands on the rules, a stack adds up, and the ladder is climbed on paired evidence."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from domain.scores import Rung
from tools.scoring.calibration import sigmoid
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.learning.ladder import choose_rung, rungs_to_try, sufficiency
from tools.scoring.learning.posterior import Prior, choose_posterior, fit_posterior
from tools.scoring.learning.problem import labelled_problem
from tools.scoring.learning.stack import Blend, StackModel, fit_blend, flattened
from tools.scoring.linear import LinearModel, fit_linear
from tools.scoring.metrics import log_losses
from tools.scoring.rules import RulesModel, rules_schema


def design(n: int, seed: int, *, weights=(1.0, -0.5)):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(weights)))
    return x, rng.random(n) < sigmoid(x @ np.array(weights) - 1.0)


def flat(n_terms: int, sd: float = 1.0) -> Prior:
    return Prior(np.zeros(n_terms + 1), np.full(n_terms + 1, sd))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(0, 80), sd=st.floats(0.05, 3.0))
def test_the_mode_is_where_the_posterior_is_highest(seed, n, sd):
    x, labels = design(n, seed)
    ones = np.column_stack([x, np.ones(n)])
    found = fit_posterior(ones, labels, flat(2, sd), start=np.zeros(3))

    def minus_log(weights):
        return log_losses(sigmoid(ones @ weights), labels).sum() + 0.5 * (weights**2).sum() / sd**2

    assert minus_log(found.mode) <= minimize(minus_log, np.zeros(3)).fun + 1e-5


def test_rows_left_out_are_predicted_nearly_as_by_a_fit_without_them():
    x, labels = design(60, 3)
    ones = np.column_stack([x, np.ones(60)])
    found = fit_posterior(ones, labels, flat(2), start=np.zeros(3))
    kept = np.arange(60) != 7
    without = fit_posterior(ones[kept], labels[kept], flat(2), start=np.zeros(3))
    assert found.without[7] == pytest.approx(float(ones[7] @ without.mode), abs=0.02)


def test_noise_gets_the_narrowest_prior_and_signal_a_wider_one():
    prior = Prior(np.zeros(3), np.array([np.nan, np.nan, 1.0]))
    noise, _ = design(400, 4)
    labels = np.random.default_rng(9).random(400) < 0.2
    x, real = design(400, 4)
    assert choose_posterior(noise, labels, prior).width < choose_posterior(x, real, prior).width


def test_rows_of_one_lead_do_not_count_as_many_leads():
    x, labels = design(100, 5)
    once = choose_posterior(x, labels, flat(2))
    thrice = choose_posterior(np.repeat(x, 3, axis=0), np.repeat(labels, 3), flat(2), copies=3)
    assert thrice.mode == pytest.approx(once.mode, abs=1e-4)
    assert thrice.covariance == pytest.approx(once.covariance, abs=1e-4)


def test_without_labels_the_bayesian_rung_says_what_the_rules_say():
    schema = rules_schema()
    matrix = np.random.default_rng(1).integers(0, 4, size=(30, len(schema.columns))).astype(float)
    model, _ = fit_linear(matrix[:0], np.zeros(0, dtype=bool), schema)
    assert model.log_odds(matrix) == pytest.approx(RulesModel(schema).log_odds(matrix))


def test_the_posterior_narrows_as_labels_come():
    schema = Schema(columns=(Column(name="x", kind=Kind.NUMBER), Column(name="z", kind=Kind.NUMBER)))
    spreads = []
    for n in (20, 2000):
        x, labels = design(n, 6)
        spreads.append(fit_linear(x, labels, schema)[0].spread(x[:20]).mean())
    assert 0 < spreads[1] < spreads[0] / 3


def test_a_linear_model_survives_its_plain_form():
    schema = rules_schema()
    matrix = np.random.default_rng(2).integers(0, 3, size=(60, len(schema.columns))).astype(float)
    model, _ = fit_linear(matrix, np.arange(60) % 4 == 0, schema)
    copy = LinearModel.from_plain(model.to_plain())
    assert np.array_equal(copy.log_odds(matrix), model.log_odds(matrix))
    assert np.array_equal(copy.spread(matrix), model.spread(matrix))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), weights=st.lists(st.floats(0, 2), min_size=2, max_size=2), shift=st.floats(-2, 2))
def test_a_stacks_contributions_add_up_to_its_log_odds(seed, weights, shift):
    schema = rules_schema()
    matrix = np.random.default_rng(seed).integers(0, 3, size=(25, len(schema.columns))).astype(float)
    linear, _ = fit_linear(matrix, np.arange(25) % 3 == 0, schema)
    stack = StackModel((RulesModel(schema, 0.3), linear), tuple(weights), shift)
    assert stack.contributions(matrix).sum(axis=1) == pytest.approx(stack.log_odds(matrix), abs=1e-9)


def test_a_bag_inside_a_stack_is_opened_without_changing_the_sum():
    schema = rules_schema()
    matrix = np.ones((3, len(schema.columns)))
    rules = RulesModel(schema, 0.2)
    bag = StackModel((rules, RulesModel(schema, 0.4)), (0.5, 0.5), 0.1)
    nested = StackModel((rules, bag), (0.3, 0.7), -0.2)
    opened = flattened([rules, bag, rules], Blend((0.3, 0.7, 0.0), -0.2))
    assert len(opened.members) == 3
    assert opened.log_odds(matrix) == pytest.approx(nested.log_odds(matrix))


def test_a_blend_leaves_out_a_member_that_knows_nothing_and_gives_no_negative_weight():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=5000)
    labels = rng.random(5000) < sigmoid(truth)
    blend = fit_blend(np.column_stack([truth, rng.normal(size=5000), -truth]), labels)
    assert blend.weights[0] > 0.8
    assert blend.weights[1] < 0.1
    assert blend.weights[2] >= 0


def scores_of(n: int, *noises: float, seed: int = 1):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, size=n)
    labels = rng.random(n) < sigmoid(truth - 1)
    return [truth + noise * rng.normal(size=n) for noise in noises], labels


def test_a_higher_rung_within_noise_is_not_taken_and_the_report_says_what_it_lacks():
    (rules, linear), labels = scores_of(3000, 3.0, 0.5)
    close = linear + 0.01 * np.random.default_rng(2).normal(size=3000)
    choice = choose_rung({Rung.RULES: rules, Rung.LINEAR: linear, Rung.GBM: close}, labels, np.zeros(3000, dtype=int))
    report = sufficiency(choice, int(labels.sum()), 3000)
    assert (choice.rung, report.next_rung) == (Rung.LINEAR, Rung.GBM)
    assert report.more is None or report.more > 0


def test_a_rung_that_saves_log_loss_beyond_noise_is_taken():
    (rules, linear, trees), labels = scores_of(3000, 3.0, 1.5, 0.2)
    choice = choose_rung({Rung.RULES: rules, Rung.LINEAR: linear, Rung.GBM: trees}, labels, np.zeros(3000, dtype=int))
    assert choice.rung is Rung.GBM
    assert "standard error" in choice.why


def test_many_leads_without_signal_are_called_so_and_few_are_called_unproved():
    rng = np.random.default_rng(5)
    for n, says in ((4000, True), (60, False)):
        labels = rng.random(n) < 0.5
        scores = {Rung.RULES: rng.normal(size=n), Rung.LINEAR: rng.normal(size=n)}
        choice = choose_rung(scores, labels, np.zeros(n, dtype=int))
        assert (choice.no_signal is not None) is says
    assert "not proved" in choice.why


def test_few_rows_try_no_trees():
    assert rungs_to_try(199, 5) == (Rung.RULES, Rung.LINEAR)
    assert rungs_to_try(200, 5)[-1] is Rung.STACK
    assert rungs_to_try(5000, 0) == (Rung.RULES,)


def test_a_sample_keeps_whole_leads():
    groups = np.repeat(np.arange(100), 3)
    problem = labelled_problem(
        pl.DataFrame({"x": np.arange(300.0)}), np.arange(300) % 2 == 0, order=np.arange(300.0), seed=1, groups=groups
    )
    part = problem.sample(90, rng=np.random.default_rng(1))
    assert (np.bincount(part.groups) == 3).all()
    assert np.array_equal(part.matrix[:, 0], part.index.astype(float))
