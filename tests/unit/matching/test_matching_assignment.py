from dataclasses import replace
from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from domain.errors import InvalidInputError
from tools.matching.assignment import assign, assign_leads
from tools.matching.flow import POOL
from tools.matching.places import lay_out_places, workload
from tools.matching.round_robin import assign_in_turn


@st.composite
def batches(draw, max_leads=5, max_reps=4):
    n_leads, n_reps = draw(st.integers(1, max_leads)), draw(st.integers(1, max_reps))
    utilities = draw(npst.arrays(np.float64, (n_leads, n_reps), elements=st.floats(-20, 100)))
    eligible = draw(npst.arrays(np.bool_, (n_leads, n_reps)))
    open_leads = draw(npst.arrays(np.int64, n_reps, elements=st.integers(0, 3)))
    capacities = draw(npst.arrays(np.int64, n_reps, elements=st.integers(0, 4)))
    return utilities, eligible, open_leads, capacities


@st.composite
def floors(draw, max_leads=5, max_reps=3):
    """A batch with VIPs, places kept for them, and places of others that they may take over."""
    utilities, eligible, open_leads, capacities = draw(batches(max_leads, max_reps))
    n_leads, n_reps = utilities.shape
    held_rep = draw(npst.arrays(np.int64, draw(st.integers(0, 2)), elements=st.integers(0, n_reps - 1)))
    places = lay_out_places(
        open_leads,
        capacities,
        n_leads=n_leads,
        weight=draw(st.sampled_from([0.0, 5.0])),
        reserve=draw(st.sampled_from([0.0, 0.5])),
        held_rep=held_rep,
        held_worth=draw(npst.arrays(np.float64, len(held_rep), elements=st.floats(0, 50))),
    )
    return utilities, eligible, places, draw(npst.arrays(np.bool_, n_leads))


def _value(rep, utilities, eligible, places, vip):
    """Return how many leads a way of assigning serves, and its worth; None where it breaks a rule."""
    total = 0.0
    for r in range(utilities.shape[1]):
        mine = [lead for lead, taken in enumerate(rep) if taken == r]
        if not all(eligible[lead, r] for lead in mine):
            return None
        n_vips = sum(bool(vip[lead]) for lead in mine)
        if len(mine) - n_vips > places.ordinary[r]:
            return None
        held = sorted(places.held_worth[places.held_rep == r])
        cost = places.cost[places.rep == r]
        ways = [
            cost[: len(mine) - over].sum() + sum(held[:over])
            for over in range(min(n_vips, len(held)) + 1)
            if len(mine) - over <= places.free[r]
        ]
        if not ways:
            return None
        total += sum(utilities[lead, r] for lead in mine) - min(ways)
    return sum(taken != POOL for taken in rep), total


def _best(utilities, eligible, places, vip):
    n_leads, n_reps = utilities.shape
    ways = product(range(-1, n_reps), repeat=n_leads)
    return max(value for way in ways if (value := _value(way, utilities, eligible, places, vip)) is not None)


def _is_lawful(rep, eligible, open_leads, capacities):
    served = [(lead, r) for lead, r in enumerate(rep) if r != POOL]
    load = np.bincount([r for _, r in served], minlength=len(capacities))
    return all(eligible[lead, r] for lead, r in served) and bool(np.all(load <= np.maximum(capacities - open_leads, 0)))


def _market(n_leads, n_reps, seed, *, share=1.0, slack=1.1):
    """Make a batch in which everybody wants the same few reps, too large to hand to the solver as it is."""
    rng = np.random.default_rng(seed)
    value, skill = rng.lognormal(0, 0.8, n_leads), rng.normal(0, 0.5, n_reps)
    utilities = value[:, None] * np.exp(skill + rng.normal(0, 0.3, (n_leads, n_reps)))
    eligible = rng.random((n_leads, n_reps)) < share
    capacities = rng.multinomial(int(slack * n_leads), np.full(n_reps, 1 / n_reps))
    return utilities, eligible, np.zeros(n_reps, dtype=np.int64), capacities


@settings(max_examples=80, deadline=None)
@given(floors(max_leads=4))
def test_equals_brute_force_on_small_batches(floor):
    served, worth = _best(*floor)
    utilities, eligible, places, vip = floor
    ours = assign(utilities, eligible, places, vip=vip)
    found = _value(ours.rep, utilities, eligible, places, vip)
    assert (int((ours.rep != POOL).sum()), found) == (served, (served, pytest.approx(worth, abs=1e-3)))
    assert ours.worth == pytest.approx(worth, abs=1e-3)


@settings(max_examples=80, deadline=None)
@given(floors(max_leads=4))
def test_the_bound_lies_above_the_optimum_and_close_to_it(floor):
    utilities, eligible, places, vip = floor
    ours = assign(utilities, eligible, places, vip=vip)
    best = _best(*floor)[1]
    assert best <= ours.bound + 1e-9 * max(1.0, ours.penalty)
    assert ours.bound == pytest.approx(best, abs=1e-2)


@settings(max_examples=60, deadline=None)
@given(batches(max_leads=12, max_reps=6), st.sampled_from([0.0, 5.0]))
def test_never_breaks_capacity_or_eligibility(batch, weight):
    utilities, eligible, open_leads, capacities = batch
    ours = assign_leads(utilities, eligible, open_leads, capacities, workload_weight=weight)
    assert _is_lawful(ours.rep, eligible, open_leads, capacities)


@settings(max_examples=60, deadline=None)
@given(floors(max_leads=10, max_reps=5))
def test_ordinary_leads_never_take_a_place_that_is_kept_for_vips(floor):
    utilities, eligible, places, vip = floor
    rep = assign(utilities, eligible, places, vip=vip).rep
    taken = np.bincount(rep[(rep != POOL) & ~vip], minlength=utilities.shape[1])
    assert np.all(taken <= places.ordinary)


@settings(max_examples=80, deadline=None)
@given(floors(max_leads=5), st.integers(0, 2))
def test_the_price_of_a_place_is_what_one_more_would_add(floor, which):
    utilities, eligible, places, vip = floor
    r = which % utilities.shape[1]
    before = assign(utilities, eligible, places, vip=vip)
    at = int(places.starts[r] + places.free[r])
    more = replace(
        places,
        rep=np.insert(places.rep, at, r),
        cost=np.insert(places.cost, at, places.extra_cost[r]),
        ordinary=places.ordinary + (np.arange(len(places.ordinary)) == r),
    )
    after = assign(utilities, eligible, more, vip=vip)
    note((utilities, eligible, places, vip, r, before, after))
    served = int((after.rep != POOL).sum()) - int((before.rep != POOL).sum())
    assert (served > 0) == bool(before.serves_more[r])
    assert max(0.0, after.worth - before.worth) == pytest.approx(before.one_more[r], abs=2e-2)


@settings(max_examples=40, deadline=None)
@given(batches(max_leads=12, max_reps=6))
def test_round_robin_never_breaks_capacity_or_eligibility(batch):
    _, eligible, open_leads, capacities = batch
    assert _is_lawful(assign_in_turn(eligible, open_leads, capacities), eligible, open_leads, capacities)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), npst.arrays(np.int64, 5, elements=st.integers(0, 4)), st.integers(10, 30))
def test_leads_of_equal_worth_even_out_the_load_to_within_one(n_leads, open_leads, capacity):
    capacities = np.full(5, capacity)
    n_leads = min(n_leads, int((capacities - open_leads).sum()))
    every = np.ones((n_leads, 5), dtype=np.bool_)
    rep = assign_leads(np.ones((n_leads, 5)), every, open_leads, capacities, workload_weight=0.1).rep
    load = open_leads + np.bincount(rep, minlength=5)
    newly = load > open_leads
    assert load[newly].max() - load.min() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_equals_network_simplex_on_mid_size_batches(seed):
    rng = np.random.default_rng(seed)
    utilities = rng.integers(0, 10**6 + 1, (60, 12)).astype(np.float64)
    utilities[0, 0], utilities[0, 1] = 0.0, 1e6
    eligible = rng.random((60, 12)) < 0.5
    eligible[0, :2] = True
    capacities = rng.integers(2, 6, 12)
    network = nx.DiGraph()
    network.add_node("sink", demand=60)
    for lead in range(60):
        network.add_node(("lead", lead), demand=-1)
        network.add_edge(("lead", lead), "sink", capacity=1, weight=10**9)
        for rep in np.flatnonzero(eligible[lead]):
            weight = 10**6 - int(utilities[lead, rep])
            network.add_edge(("lead", lead), ("rep", int(rep)), capacity=1, weight=weight)
    for rep in range(12):
        network.add_edge(("rep", rep), "sink", capacity=int(capacities[rep]), weight=0)
    cost, _ = nx.network_simplex(network)
    ours = assign_leads(utilities, eligible, np.zeros(12, dtype=np.int64), capacities)
    pooled = int((ours.rep == POOL).sum())
    assert 10**6 * (60 - pooled) - int(ours.utility) + 10**9 * pooled == cost


@pytest.mark.parametrize(("share", "slack"), [(1.0, 1.1), (0.3, 1.1), (1.0, 0.9), (1.0, 2.0)])
def test_large_batches_come_within_a_ten_thousandth_of_the_best_with_few_candidates(monkeypatch, share, slack):
    problem = _market(1200, 150, seed=3, share=share, slack=slack)
    monkeypatch.setattr("tools.matching.assignment.DENSE", 1_000)
    ours = assign_leads(*problem, workload_weight=0.1)
    monkeypatch.setattr("tools.matching.assignment.DENSE", 10**9)
    exact = assign_leads(*problem, workload_weight=0.1)
    assert (ours.rep == POOL).sum() == (exact.rep == POOL).sum()
    assert ours.gap <= 1e-4
    assert ours.bound >= exact.worth - 1e-6 * exact.worth
    assert ours.worth == pytest.approx(exact.worth, rel=1e-4)
    assert ours.n_candidates < exact.n_candidates / 2


def test_a_single_lead_gets_what_the_solver_would_give_it():
    rng = np.random.default_rng(5)
    utilities, eligible = rng.random((1, 40)), rng.random((1, 40)) < 0.6
    places = lay_out_places(rng.integers(0, 6, 40), np.full(40, 5), n_leads=1, weight=0.4)
    alone = assign(utilities, eligible, places)
    nobody = np.zeros((1, 40), dtype=np.bool_)
    among = assign(np.vstack([utilities, utilities]), np.vstack([eligible, nobody]), places)
    assert (alone.rep[0], alone.worth) == (among.rep[0], pytest.approx(among.worth))


def test_a_vip_takes_the_place_of_a_lead_that_is_worth_less():
    full = np.array([2], dtype=np.int64)
    places = lay_out_places(full, full, n_leads=2, held_rep=np.array([0, 0]), held_worth=np.array([30.0, 5.0]))
    vip = np.array([True, False])
    ours = assign(np.array([[20.0], [90.0]]), np.ones((2, 1), dtype=bool), places, vip=vip)
    assert (ours.rep.tolist(), ours.displaced.tolist(), ours.worth) == ([0, POOL], [False, True], 15.0)


def test_a_rep_without_places_has_the_price_of_what_his_leads_would_gain():
    utilities = np.array([[10.0, 4.0], [9.0, 5.0]])
    ours = assign_leads(utilities, np.ones((2, 2), dtype=bool), np.array([3, 0]), np.array([3, 5]))
    assert (ours.rep.tolist(), ours.one_more.tolist()) == ([1, 1], [6.0, 0.0])


def test_takes_the_second_best_rep_where_another_lead_needs_the_best_more():
    utilities = np.array([[10.0, 9.0], [10.0, 1.0]])
    ones = np.ones(2, dtype=np.int64)
    ours = assign_leads(utilities, np.ones((2, 2), dtype=bool), 0 * ones, ones)
    assert ours.rep.tolist() == [1, 0]


def test_workload_spreads_equal_leads_evenly():
    zeros, capacities = np.zeros(3, dtype=np.int64), np.full(3, 20)
    ours = assign_leads(np.ones((30, 3)), np.ones((30, 3), dtype=bool), zeros, capacities, workload_weight=0.1)
    assert np.bincount(ours.rep).tolist() == [10, 10, 10]


def test_nobody_eligible_leaves_every_lead_in_the_pool():
    ones = np.ones(2, dtype=np.int64)
    ours = assign_leads(np.ones((3, 2)), np.zeros((3, 2), dtype=bool), 0 * ones, ones)
    assert ours.rep.tolist() == [POOL, POOL, POOL]


def test_no_leads_and_no_reps_are_a_batch_too():
    none = np.zeros(0, dtype=np.int64)
    assert assign_leads(np.ones((0, 0)), np.ones((0, 0), dtype=bool), none, none).rep.tolist() == []
    assert assign_leads(np.ones((2, 0)), np.ones((2, 0), dtype=bool), none, none).rep.tolist() == [POOL, POOL]


def test_refuses_a_utility_that_is_not_a_number():
    ones = np.ones(1, dtype=np.int64)
    with pytest.raises(InvalidInputError, match="finite"):
        assign_leads(np.array([[np.nan]]), np.ones((1, 1), dtype=bool), 0 * ones, ones)


def test_refuses_shapes_that_do_not_fit():
    with pytest.raises(InvalidInputError, match="one number per rep"):
        assign_leads(
            np.ones((1, 2)), np.ones((1, 2), dtype=bool), np.zeros(2, dtype=np.int64), np.ones(3, dtype=np.int64)
        )


def test_refuses_a_cost_of_workload_below_nothing():
    with pytest.raises(InvalidInputError, match="at least 0"):
        lay_out_places(np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64), n_leads=1, weight=-1.0)


def test_workload_counts_a_rep_without_capacity_as_full():
    assert workload(np.array([0, 1]), np.array([0, 4])).tolist() == [1.0, 0.25]


def test_round_robin_takes_reps_in_turn():
    turns = assign_in_turn(np.ones((4, 3), dtype=bool), np.zeros(3, dtype=np.int64), np.full(3, 9), first=1)
    assert turns.tolist() == [1, 2, 0, 1]
