"""Draws of what history leaves open about reps: as wide as the posterior says, and together where it is common."""

import numpy as np
import pytest

from tools.matching.affinities.drawing import EffectDraws
from tools.matching.affinity import LeadKind, fit_affinity
from tools.matching.history import judged_leads

N = 4_000


def test_draws_are_as_wide_as_the_posterior_and_a_new_rep_as_the_prior(make):
    reps = [make.rep(f"rep-{i:02}", skills=(make.skill("product-0", 0.1 + 0.07 * i),)) for i in range(12)]
    judged = judged_leads(make.outcomes(), now=make.now)
    model = fit_affinity(judged, reps, rng=np.random.default_rng(0))
    kinds = [LeadKind("product-0", "region-0", "web"), LeadKind("product-1", "region-1", "web"), LeadKind("unknown")]
    asked = [*reps[:2], make.rep("new")]
    rep, kind = (each.ravel() for each in np.meshgrid(np.arange(3), np.arange(3), indexing="ij"))
    drawn = model.effect_draws(asked, kinds).at(rep, kind, N, rng=np.random.default_rng(1))
    assert model.no_signal is None
    assert drawn.std(axis=0) == pytest.approx(model.spreads(asked, kinds)[rep, kind], rel=0.06)
    assert np.abs(drawn.mean(axis=0)).max() < 0.03


def test_where_history_is_silent_there_is_nothing_to_draw(make):
    judged = judged_leads(make.outcomes(n_leads=0), now=make.now)
    model = fit_affinity(judged, [make.rep("a")], rng=np.random.default_rng(0))
    draws = model.effect_draws([make.rep("a")], [LeadKind("p")])
    assert not draws.at(np.array([0]), np.array([0]), 5, rng=np.random.default_rng(0)).any()


def test_a_rep_moves_with_himself_and_what_is_declared_moves_for_all():
    """Two reps, two kinds: one effect of the rep, one of each product; both declare as much on the second kind."""
    covariance = np.tile(np.diag([1.0, 0.25, 0.25]), (2, 1, 1))
    columns = np.array([[0, 1], [0, 2]])
    content = np.array([[[0.0, 2.0], [0.0, 2.0]]])
    pairs = (np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    alone = EffectDraws.of(covariance, columns, content, np.zeros(1))
    told = EffectDraws.of(covariance, columns, content, np.ones(1))
    apart, together = (np.cov(d.at(*pairs, N * 5, rng=np.random.default_rng(2)).T) for d in (alone, told))
    assert apart == pytest.approx(np.kron(np.eye(2), [[1.25, 1.0], [1.0, 1.25]]), abs=0.06)
    assert together[1, 3] == pytest.approx(4.0, abs=0.25)
    assert together[0, 2] == pytest.approx(0.0, abs=0.06)


def test_a_pair_asked_for_twice_has_the_same_draws():
    draws = EffectDraws.of(np.ones((1, 1, 1)), np.array([[0, -1]]), np.zeros((0, 1, 1)), np.zeros(0))
    twice = draws.at(np.array([0, 0]), np.array([0, 0]), 7, rng=np.random.default_rng(3))
    assert (twice[:, 0] == twice[:, 1]).all()
