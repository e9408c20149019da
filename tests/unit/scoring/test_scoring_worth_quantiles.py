"""Quantiles of deals: offsets cover as they say, groups are shrunk, and a rung must pay."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.worth.grouping import Grouping, shrink
from tools.scoring.worth.location import Middle, fit_gbm_location, fit_groups, fit_linear_location, location_from_plain
from tools.scoring.worth.quantiles import QuantileModel, Sample, fit_quantiles
from tools.scoring.worth.weighted import LEVELS, conformal_quantiles, mean_by_deal, pinball, weighted_median

SCHEMA = Schema(
    columns=(
        Column(name="size", kind=Kind.NUMBER),
        Column(name="product", kind=Kind.CATEGORY, levels=("roof", "gutter")),
        Column(name="noise", kind=Kind.NUMBER),
    )
)
FLOATS = st.floats(-100, 100)


def sample_of(n, *, seed=0, slope=0.0, by_product=0.0, sd=1.0):
    rng = np.random.default_rng(seed)
    size, product, noise = rng.normal(size=n), rng.integers(1, 3, n).astype(float), rng.normal(size=n)
    size[rng.random(n) < 0.1] = np.nan
    y = 8 + slope * np.nan_to_num(size) + by_product * (product == 1) + sd * rng.normal(size=n)
    return Sample(
        np.column_stack([size, product, noise]), y, np.ones(n), np.arange(n), np.ones(n), 10.0 + np.arange(n)[::-1],
        10.0 + np.arange(n), SCHEMA, Grouping.by_level(SCHEMA, "product"),
    )  # fmt: skip


@given(st.lists(FLOATS, min_size=1, max_size=40), st.integers(0, 2**31))
def test_offsets_ascend_stay_among_the_residuals_and_know_no_order(residuals, seed):
    r = np.array(residuals)
    shuffled = np.random.default_rng(seed).permutation(len(r))
    w = np.ones(len(r))
    offsets = conformal_quantiles(r, w, np.arange(len(r)))
    assert (np.diff(offsets) >= 0).all()
    assert offsets.min() >= r.min()
    assert offsets.max() <= r.max()
    assert np.allclose(offsets, conformal_quantiles(r[shuffled], w, np.arange(len(r))))


def test_the_kth_of_n_residuals_is_the_quantile_k_over_n_plus_one():
    assert conformal_quantiles(np.arange(1.0, 10.0), np.ones(9), np.arange(9)) == pytest.approx([1, 5, 9])


def test_a_deal_in_many_rows_counts_once():
    r = np.arange(1.0, 20.0)
    once = conformal_quantiles(r, np.ones(19), np.arange(19))
    thrice = conformal_quantiles(np.repeat(r, 3), np.ones(57), np.repeat(np.arange(19), 3))
    assert np.allclose(thrice, once, atol=0.4)


@given(n=st.integers(2, 30), heavier=st.floats(1.5, 10))
def test_the_median_moves_towards_the_heavier_end(n, heavier):
    values = np.arange(float(n))
    weights = np.where(values >= n / 2, heavier, 1.0)
    assert weighted_median(values, weights) > weighted_median(values, np.ones(n)) - 1e-9


@given(truth=FLOATS, shift=st.floats(0.01, 5))
def test_pinball_loss_is_least_where_the_truth_is(truth, shift):
    exact, off = np.full((1, 3), truth), np.full((1, 3), truth + shift)
    assert pinball(exact, np.array([truth]))[0] == 0
    assert pinball(off, np.array([truth]))[0] == pytest.approx(shift * np.mean(1 - np.array(LEVELS)))


def test_losses_by_deal_average_to_the_weighted_mean_of_the_rows():
    rng = np.random.default_rng(0)
    losses, weights, deals = rng.random(50), rng.random(50) + 0.1, rng.integers(0, 9, 50)
    assert mean_by_deal(losses, weights, deals).mean() == pytest.approx(np.average(losses, weights=weights))


@given(n=st.floats(0, 1e6), own=FLOATS, pooled=FLOATS)
def test_a_group_lies_between_its_own_figure_and_that_of_all(n, own, pooled):
    got = shrink(np.array([[own]]), np.array([pooled]), np.array([n]))[0, 0]
    assert min(own, pooled) - 1e-9 <= got <= max(own, pooled) + 1e-9


def test_groups_keep_levels_edges_and_the_unknown_apart():
    matrix = np.array([[0.0, 1.0, 0.5], [10.0, 2.0, 0.5], [np.nan, np.nan, 0.5], [1e9, 0.0, 0.5]])
    by_level = Grouping.by_level(SCHEMA, "product")
    by_edges = Grouping.by_edges(SCHEMA, "size", (1.0, 20.0))
    assert by_level.of(matrix).tolist() == [1, 2, 3, 0]
    assert by_edges.of(matrix).tolist() == [0, 1, 3, 2]
    assert Grouping.by_level(SCHEMA, "no such column").of(matrix).tolist() == [0, 0, 0, 0]


def test_every_rung_recovers_what_was_planted_and_survives_being_stored():
    s = sample_of(1500, slope=0.5, by_product=1.0, sd=0.3)
    fit_rows = np.arange(1500) % 5 != 0
    rungs = {
        Middle.GROUPS: fit_groups(s.matrix, s.y, s.weights, s.grouping),
        Middle.LINEAR: fit_linear_location(s.matrix, s.y, s.weights, SCHEMA, fit_rows=fit_rows),
        Middle.GBM: fit_gbm_location(s.matrix, s.y, s.weights, SCHEMA, fit_rows=fit_rows, seed=1),
    }
    asked = np.array([[0.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 2.0, 0.0], [np.nan, np.nan, np.nan]])
    for middle, rung in rungs.items():
        at = rung.at(asked)
        assert at[0] - at[1] == pytest.approx(1.0, abs=0.15)
        assert np.isfinite(at).all()
        if middle is not Middle.GROUPS:
            assert at[2] - at[1] == pytest.approx(0.5, abs=0.15)
        assert np.array_equal(location_from_plain(middle, rung.to_plain()).at(asked), at)


def test_a_rung_is_climbed_only_where_it_pays():
    flat, _, _ = fit_quantiles(sample_of(400), rng=np.random.default_rng(0))
    sloped, evidence, _ = fit_quantiles(sample_of(400, slope=1.0), rng=np.random.default_rng(0))
    assert flat.middle is Middle.OVERALL
    assert sloped.middle is Middle.LINEAR
    assert evidence.pinball < evidence.pinball_of_overall


def test_intervals_of_twenty_deals_hold_four_fifths_of_new_ones():
    covered = []
    for seed in range(60):
        model, _, _ = fit_quantiles(sample_of(20, seed=seed), rng=np.random.default_rng(seed))
        low, _, high = model.at(np.array([[0.0, 2.0, 0.0]]))[1][0] - 8
        covered.append(norm.cdf(high) - norm.cdf(low))
    assert np.mean(covered) == pytest.approx(0.8, abs=0.04)


def test_without_the_early_leads_slow_wins_weigh_less():
    s = sample_of(100)
    s = replace(s, took_days=np.linspace(0.0, 40.0, 100)[::-1].copy(), leads_followed=np.sort(s.followed_days))
    early = s.deals < 50
    rest = s.without(early)
    assert set(rest.deals) == set(range(50, 100))
    assert (rest.weights >= 1).all()
    slow = rest.took_days.argmax()
    followed = (rest.followed_days >= rest.took_days[slow]).mean()
    assert rest.weights[slow] == pytest.approx(1 / followed)


def test_a_stored_model_says_the_same():
    s = sample_of(300, by_product=1.0)
    model, _, _ = fit_quantiles(s, rng=np.random.default_rng(0))
    again = QuantileModel.from_plain(model.to_plain())
    assert np.array_equal(again.at(s.matrix)[1], model.at(s.matrix)[1])
