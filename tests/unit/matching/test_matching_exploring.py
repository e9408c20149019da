from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from domain.errors import InvalidInputError
from tools.matching.assignment import assign_leads
from tools.matching.exploring import LEAST_PLANS, MOST_PLANS, explore_alone, explore_within, plans_for


@dataclass(frozen=True)
class Scene:
    """A small floor whose reps are known up to a spread."""

    mean: np.ndarray
    spread: np.ndarray
    kind: np.ndarray
    base: np.ndarray
    eligible: np.ndarray
    capacities: np.ndarray

    def worth_of(self, shifts):
        return expit(self.base[:, None] + shifts.T[self.kind])

    def solve(self, worth):
        nobody = np.zeros(len(self.capacities), dtype=np.int64)
        return assign_leads(worth, self.eligible, nobody, self.capacities)

    def explore(self, seed=0, budget=1.0, *, settled=0.0, **options):
        return explore_within(
            self.mean,
            self.spread,
            self.worth_of,
            self.solve,
            kind=self.kind,
            budget=budget,
            rng=np.random.default_rng(seed),
            settled=settled,
            **options,
        )


def _scene(seed=0, *, n_leads=20, n_reps=5, spread=0.5, capacity=6):
    rng = np.random.default_rng(seed)
    return Scene(
        mean=rng.normal(0, 0.3, (n_reps, 2)),
        spread=np.full((n_reps, 2), spread),
        kind=rng.integers(0, 2, n_leads),
        base=rng.normal(-1, 0.7, n_leads),
        eligible=rng.random((n_leads, n_reps)) < 0.8,
        capacities=np.full(n_reps, capacity),
    )


def _value(scene, rep):
    served = np.flatnonzero(rep >= 0)
    return scene.worth_of(scene.mean)[served, rep[served]].sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.3))
def test_never_costs_more_than_the_budget_and_keeps_every_rule(seed, budget):
    scene = _scene(seed)
    found = scene.explore(seed, budget)
    best = _value(scene, scene.solve(scene.worth_of(scene.mean)).rep)
    assert _value(scene, found.rep) >= (1 - budget) * best - 1e-9
    served = np.flatnonzero(found.rep >= 0)
    assert scene.eligible[served, found.rep[served]].all()
    assert (np.bincount(found.rep[served], minlength=5) <= scene.capacities).all()
    assert ((found.propensity > 0) & (found.propensity <= 1)).all()


def test_without_a_budget_the_plan_on_the_mean_is_made_for_certain():
    scene = _scene()
    found = scene.explore(budget=0.0)
    assert found.scale == 0
    assert found.rep.tolist() == scene.solve(scene.worth_of(scene.mean)).rep.tolist()
    assert found.propensity.tolist() == [1.0] * 20


def test_where_all_is_known_there_is_nothing_to_explore():
    found = _scene(spread=0.0).explore()
    assert (found.scale, found.cost) == (0.0, 0.0)


def test_a_team_that_is_known_alike_is_not_doubted_every_day():
    assert _scene().explore(settled=1.25).scale == 0


def test_beside_settled_reps_only_the_new_one_is_tried():
    scene = _scene(n_leads=1, capacity=1)
    scene.eligible[:] = True
    scene.mean[:] = [[0.0], [-0.05], [-0.05], [-0.05], [-0.2]]
    scene.spread[:] = [[0.15], [0.15], [0.15], [0.15], [0.5]]
    counts = np.bincount([scene.explore(seed, settled=1.25, n_plans=1).rep[0] for seed in range(100)], minlength=5)
    assert counts[0] + counts[4] == 100
    assert counts[4] > 15


def test_a_small_budget_explores_less_boldly_than_a_great_one():
    scene = _scene(spread=1.0, n_leads=24)
    scales = [[scene.explore(seed, budget, n_plans=1).scale for seed in range(20)] for budget in (0.02, 0.2)]
    assert np.mean(scales[0]) < np.mean(scales[1])


def test_the_same_seed_gives_the_same_plan():
    first, second = (_scene().explore(seed=4) for _ in range(2))
    assert first.rep.tolist() == second.rep.tolist()
    assert first.propensity.tolist() == second.propensity.tolist()


def test_a_lead_that_only_one_rep_may_have_goes_to_him_for_certain():
    scene = _scene()
    scene.eligible[0] = [True, False, False, False, False]
    found = scene.explore()
    assert found.scale > 0
    assert found.propensity[0] == 1.0


def test_an_unknown_rep_gets_leads_that_the_mean_would_never_give_him():
    scene = _scene(n_leads=1, capacity=1)
    scene.eligible[:] = True
    scene.mean[:] = [[0.0], [-0.1], [-2.0], [-2.0], [-2.0]]
    scene.spread[:] = [[0.05], [0.4], [0.05], [0.05], [0.05]]
    counts = np.bincount([scene.explore(seed, n_plans=1).rep[0] for seed in range(300)], minlength=5)
    assert counts[1] > 60
    assert counts[2:].sum() == 0


@pytest.mark.parametrize("capacity", [2, 3, 8], ids=["scarce", "just enough", "ample"])
def test_propensities_are_how_often_the_choice_falls(capacity):
    """Where a rep is chosen with chance p, the plan carried out agrees with itself and the others with p each."""
    scene = _scene(n_leads=8, n_reps=4, capacity=capacity)
    counts, said, n = np.zeros((8, 5)), np.zeros((8, 5)), 300
    lead = np.arange(8)
    for seed in range(n):
        found = scene.explore(seed, budget=0.2)
        counts[lead, found.rep] += 1
        said[lead, found.rep] += found.propensity
    often = counts >= 30
    expected = (1 + (MOST_PLANS - 1) * counts / n) / MOST_PLANS
    gap = (said[often] / counts[often]) - expected[often]
    assert np.abs(gap).max() < 0.12
    assert abs(gap.mean()) < 0.02


def test_inverse_propensities_count_what_was_tried():
    """The mean of 1 / propensity is the number of different choices among the plans, so no weight can run away."""
    scene = _scene(n_leads=10, n_reps=3, capacity=4)
    found = [scene.explore(seed, n_plans=8) for seed in range(200)]
    assert min(each.propensity.min() for each in found) >= 1 / 8
    kinds = np.array(
        [[len({each.rep[lead] for each in found[i : i + 8]}) for lead in range(10)] for i in range(0, 200, 8)]
    )
    assert np.mean([1 / each.propensity for each in found]) == pytest.approx(kinds.mean(), rel=0.05)


def test_one_plan_by_itself_tells_nothing_about_others():
    assert _scene().explore(n_plans=1).propensity.tolist() == [1.0] * 20


def test_a_large_batch_is_planned_a_few_times_and_a_small_one_often():
    assert plans_for(20) == MOST_PLANS
    assert plans_for(10_000_000) == LEAST_PLANS
    assert LEAST_PLANS < plans_for(80_000) < MOST_PLANS


@dataclass(frozen=True)
class Alone:
    """One lead, and reps of whom some are new."""

    mean: np.ndarray
    spread: np.ndarray
    price: np.ndarray

    def worth_of(self, shifts, reps):
        del reps
        return expit(shifts - 1)

    def explore(self, seed, budget=0.05, **options):
        return explore_alone(
            self.mean,
            self.spread,
            self.worth_of,
            self.price,
            budget=budget,
            rng=np.random.default_rng(seed),
            settled=0.0,
            **options,
        )


def _alone(n_reps=6, *, spread=0.4):
    rng = np.random.default_rng(2)
    mean = rng.normal(0, 0.2, n_reps)
    return Alone(mean, np.full(n_reps, spread), np.abs(rng.normal(0, 0.03, n_reps)))


def test_one_lead_goes_where_its_own_draws_say_prices_included():
    scene, n = _alone(), 400
    found = [scene.explore(seed, budget=0.3)[1] for seed in range(n)]
    often = np.bincount([each.rep[0] for each in found], minlength=6) / n
    for rep in np.flatnonzero(often > 0.1):
        said = [each.propensity[0] for each in found if each.rep[0] == rep]
        assert np.mean(said) == pytest.approx(often[rep], abs=0.07)


def test_one_lead_is_chosen_for_on_the_shifts_that_are_returned():
    scene = _alone()
    for seed in range(50):
        shift, found = scene.explore(seed, budget=0.3)
        assert found.rep[0] == (scene.worth_of(shift, None) - scene.price).argmax()
        assert found.cost <= 0.3 * (scene.worth_of(scene.mean, None) - scene.price).max()


def test_one_lead_never_goes_to_a_rep_without_a_place():
    scene = _alone()
    scene.price[:4] = np.inf
    assert {int(scene.explore(seed, budget=0.5)[1].rep[0]) for seed in range(60)} == {4, 5}


def test_one_lead_that_nobody_may_have_is_not_explored_with():
    scene = _alone()
    scene.price[:] = np.inf
    assert scene.explore(0)[1].scale == 0


@pytest.mark.parametrize("budget", [-0.1, 1.5])
def test_one_lead_needs_a_budget_in_its_range(budget):
    with pytest.raises(InvalidInputError, match="budget"):
        _alone().explore(0, budget)


def test_the_budget_can_be_held_against_another_objective():
    scene = _scene()
    best = scene.solve(scene.worth_of(scene.mean)).rep
    found = scene.explore(budget=0.05, value_of=lambda rep: 1.0 if rep.tolist() == best.tolist() else 0.0)
    assert found.rep.tolist() == best.tolist()


def test_kinds_of_one_cell_move_together():
    scene = _scene(n_leads=2, n_reps=3, capacity=2)
    scene.eligible[:] = True
    scene.mean[:] = 0.0
    scene.kind[:] = [0, 1]
    together = [scene.explore(seed, cells=np.array([0, 0]), n_plans=1).rep for seed in range(100)]
    apart = [scene.explore(seed, n_plans=1).rep for seed in range(100)]
    assert all(rep[0] == rep[1] for rep in together)
    assert not all(rep[0] == rep[1] for rep in apart)


@pytest.mark.parametrize(("field", "value"), [("spread", np.ones((2, 2))), ("spread", -np.ones((5, 2)))])
def test_shapes_and_spreads_that_cannot_be_are_refused(field, value):
    scene = Scene(**(vars(_scene()) | {field: value}))
    with pytest.raises(InvalidInputError, match=field):
        scene.explore()


def test_a_budget_outside_its_range_is_refused():
    with pytest.raises(InvalidInputError, match="budget"):
        _scene().explore(budget=1.5)
