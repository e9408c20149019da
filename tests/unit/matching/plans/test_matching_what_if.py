import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from tools.matching.what_if import FloorChange, gini, what_if

POLICY = RoutingPolicy(vip_reserve=0.0)


def test_a_rep_who_leaves_costs_what_the_others_cannot_take(stage, ask, make):
    requests = [ask(f"lead-{i}", p=0.1 * (i + 1)) for i in range(4)]
    floor = stage([make.rep("a", capacity=2), make.rep("b", capacity=2)])
    found = what_if(requests, floor, FloorChange(leave=frozenset({"b"})), POLICY, make.now)
    assert (found.before.n_waiting, found.after.n_waiting) == (0, 2)
    assert found.before.expected_wins == pytest.approx(1.0)
    assert found.after.expected_wins == pytest.approx(0.7)
    assert {move.to_rep_id for move in found.moves} <= {None, "a"}
    assert found.summary.startswith("-0.30 expected wins;")
    assert found.summary.endswith("2 more would wait.")


def test_a_place_more_adds_what_its_price_said(stage, ask, make):
    requests = [ask(f"lead-{i}", p=0.1 * (i + 1), value=1000.0) for i in range(3)]
    floor = stage([make.rep("a", capacity=2)])
    policy = RoutingPolicy(vip_reserve=0.0, fairness=0.0)
    found = what_if(requests, floor, FloorChange(capacity={"a": 1}), policy, make.now)
    assert found.after.expected_value - found.before.expected_value == pytest.approx(100.0)
    assert [(move.lead_id, move.from_rep_id, move.to_rep_id) for move in found.moves] == [("lead-0", None, "a")]


def test_more_fairness_evens_out_the_load(stage, ask, make):
    requests = [ask(f"lead-{i}", product_id="slate") for i in range(12)]
    floor = stage([make.rep("a"), make.rep("b")], shifts={"a": 1.0})
    even = FloorChange(policy=RoutingPolicy(fairness=10.0))
    found = what_if(requests, floor, even, RoutingPolicy(fairness=0.0), make.now)
    assert found.before.gini == pytest.approx(0.5)
    assert found.after.gini == pytest.approx(0.0)


def test_changing_nothing_moves_nobody(stage, ask, make):
    requests = [ask(f"lead-{i}") for i in range(5)]
    found = what_if(requests, stage([make.rep("a"), make.rep("b")]), FloorChange(), POLICY, make.now)
    assert (found.moves, found.before) == ((), found.after)


def test_a_change_of_an_unknown_rep_is_refused(stage, ask, make):
    with pytest.raises(InvalidInputError, match="'nobody' is not a rep"):
        what_if([ask("lead-1")], stage([make.rep("a")]), FloorChange(leave=frozenset({"nobody"})), POLICY, make.now)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_gini_is_a_share_and_does_not_depend_on_order_or_unit(load):
    found = gini(np.array(load))
    assert 0 <= found < 1
    assert gini(np.array(load[::-1]) * 3) == pytest.approx(found, abs=1e-9)
