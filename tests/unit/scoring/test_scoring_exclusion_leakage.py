"""A person who leaves a field out sees what it costs, and what stands in for it."""

import numpy as np
import polars as pl

from tools.scoring.guarding.exclusion import find_proxies, preview_exclusion

RNG = np.random.default_rng(1)
N = 2000
NEED, OTHER = RNG.normal(size=N), RNG.normal(size=N)
LOGIT = -1.5 + 1.2 * NEED + 0.4 * OTHER
LABELS = RNG.random(N) < 1 / (1 + np.exp(-LOGIT))


def p(logit):
    return 1 / (1 + np.exp(-logit))


def test_leaving_out_what_scores_rest_on_costs():
    seen = preview_exclusion(["need"], p(LOGIT), p(-1.3 + 0.4 * OTHER), LABELS, rng=RNG)
    assert seen.costs
    assert seen.comparison.auc_gain.high < 0
    assert seen.why.startswith("without need: log loss +")


def test_leaving_out_noise_costs_nothing():
    seen = preview_exclusion(["a", "b"], p(LOGIT + 0.02 * RNG.normal(size=N)), p(LOGIT), LABELS, rng=RNG)
    assert not seen.costs
    assert seen.why.startswith("without a, b:")
    assert "no loss beyond noise" in seen.why


def test_a_column_that_stands_in_for_an_attribute_is_named():
    attribute = RNG.random(N) < 0.3
    postcode = np.where(RNG.random(N) < 0.15, ~attribute, attribute)
    table = pl.DataFrame({"need": NEED, "postcode": np.where(postcode, "north", "south"), "other": OTHER})
    (proxy,) = find_proxies(table, attribute)
    assert proxy.column == "postcode"
    assert 0.8 < proxy.right_low < proxy.right < 0.9


def test_nothing_is_said_of_an_attribute_that_few_have():
    assert find_proxies(pl.DataFrame({"x": np.arange(N) < 5}), np.arange(N) < 5) == ()
