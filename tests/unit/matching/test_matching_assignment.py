from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from domain.errors import InvalidInputError
from tools.matching.assignment import POOL, assign_leads, workload_cost
from tools.matching.round_robin import assign_in_turn


@st.composite
def batches(draw, max_leads=5, max_reps=4):
    n_leads, n_reps = draw(st.integers(1, max_leads)), draw(st.integers(1, max_reps))
    utilities = draw(npst.arrays(np.float64, (n_leads, n_reps), elements=st.floats(0, 100)))
    eligible = draw(npst.arrays(np.bool_, (n_leads, n_reps)))
    open_leads = draw(npst.arrays(np.int64, n_reps, elements=st.integers(0, 3)))
    capacities = draw(npst.arrays(np.int64, n_reps, elements=st.integers(0, 4)))
    return utilities, eligible, open_leads, capacities


def _is_lawful(rep, eligible, open_leads, capacities):
    served = [(lead, r) for lead, r in enumerate(rep) if r != POOL]
    load = np.bincount([r for _, r in served], minlength=len(capacities))
    return all(eligible[lead, r] for lead, r in served) and bool(np.all(load <= np.maximum(capacities - open_leads, 0)))


def _objective(rep, utilities, open_leads, capacities, weight):
    total, load = 0.0, open_leads.copy()
    for lead, r in enumerate(rep):
        if r != POOL:
            total += utilities[lead, r] - weight * workload_cost(load, capacities)[r]
            load[r] += 1
    return sum(r != POOL for r in rep), total


@settings(max_examples=60, deadline=None)
@given(batches(), st.sampled_from([0.0, 5.0]))
def test_equals_brute_force_on_small_batches(batch, weight):
    utilities, eligible, open_leads, capacities = batch
    n_leads, n_reps = utilities.shape
    ways = product(range(-1, n_reps), repeat=n_leads)
    lawful = (way for way in ways if _is_lawful(way, eligible, open_leads, capacities))
    best = max(_objective(way, utilities, open_leads, capacities, weight) for way in lawful)
    ours = assign_leads(utilities, eligible, open_leads, capacities, workload_weight=weight).rep
    served, total = _objective(ours, utilities, open_leads, capacities, weight)
    assert (served, total) == (best[0], pytest.approx(best[1], abs=2e-3))


@settings(max_examples=60, deadline=None)
@given(batches(max_leads=12, max_reps=6), st.sampled_from([0.0, 5.0]))
def test_never_breaks_capacity_or_eligibility(batch, weight):
    utilities, eligible, open_leads, capacities = batch
    ours = assign_leads(utilities, eligible, open_leads, capacities, workload_weight=weight)
    assert _is_lawful(ours.rep, eligible, open_leads, capacities)


@settings(max_examples=40, deadline=None)
@given(batches(max_leads=12, max_reps=6))
def test_round_robin_never_breaks_capacity_or_eligibility(batch):
    _, eligible, open_leads, capacities = batch
    assert _is_lawful(assign_in_turn(eligible, open_leads, capacities), eligible, open_leads, capacities)


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


def test_refuses_a_utility_that_is_not_a_number():
    ones = np.ones(1, dtype=np.int64)
    with pytest.raises(InvalidInputError, match="finite"):
        assign_leads(np.array([[np.nan]]), np.ones((1, 1), dtype=bool), 0 * ones, ones)


def test_refuses_shapes_that_do_not_fit():
    with pytest.raises(InvalidInputError, match="one number per rep"):
        assign_leads(
            np.ones((1, 2)), np.ones((1, 2), dtype=bool), np.zeros(2, dtype=np.int64), np.ones(3, dtype=np.int64)
        )


def test_round_robin_takes_reps_in_turn():
    turns = assign_in_turn(np.ones((4, 3), dtype=bool), np.zeros(3, dtype=np.int64), np.full(3, 9), first=1)
    assert turns.tolist() == [1, 2, 0, 1]
