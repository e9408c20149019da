"""What a replay says of a draft: three columns, the difference and how sure it is."""

import numpy as np
import pytest
from scipy.special import expit, logit

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from tools.matching.affinities.drawing import EffectDraws
from tools.matching.flow import POOL
from tools.matching.replay.difference import compare_courses
from tools.matching.replay.replaying import replay_period
from tools.matching.replay.totals import ELSEWHERE, Stakes
from tools.matching.what_if import FloorChange

POLICY = RoutingPolicy(vip_reserve=0.0, fairness=0.0)


def replay(period, change, policy=POLICY):
    return replay_period(period, change, policy, rng=np.random.default_rng(1))


def shifted(p, shift):
    return expit(logit(p) + shift)


def test_the_three_columns_are_what_was_and_what_would_have_been(past, make):
    leads = [
        past.came("x", p=0.2, rep_id="bad", given=4.5, won=True),
        past.came("y", p=0.2, rep_id="gone", given=0.5, won=False),
        past.came("z", p=0.2),
    ]
    reps = [make.rep("bad", capacity=4), make.rep("good", capacity=2)]
    period = past.period(leads, reps, shifts={"bad": -0.5, "good": 0.5}, hours=10)
    found = replay(period, FloorChange(leave=frozenset({"good"})))
    assert found.real.expected_wins == pytest.approx(shifted(0.2, -0.5) + 0.2)
    assert found.present.expected_wins == pytest.approx(2 * shifted(0.2, 0.5) + shifted(0.2, -0.5))
    assert found.draft.expected_wins == pytest.approx(3 * shifted(0.2, -0.5))
    assert (found.real.never_served, found.real.overdue, found.real.mean_hours_waited) == (
        1,
        2,
        pytest.approx(13.5 / 3),
    )
    assert (found.won, found.still_open, found.moved, found.leads) == (1, 1, 2, 3)
    assert [each.leads_by_rep for each in (found.real, found.present, found.draft)] == [
        {"bad": 1}, {"bad": 1, "good": 2}, {"bad": 3},
    ]  # fmt: skip
    assert [each.gini for each in (found.present, found.draft)] == pytest.approx([0.3, 0.0])


def test_a_rep_who_leaves_costs_wins_within_the_interval(past, make):
    leads = [past.came(f"l-{i}", i) for i in range(12)]
    period = past.period(
        leads, [make.rep("a"), make.rep("b")], shifts={"a": 0.6, "b": -0.2}, spread={"a": 0.2, "b": 0.2}
    )
    found = replay(period, FloorChange(leave=frozenset({"a"})))
    expected = 12 * (shifted(0.2, -0.2) - shifted(0.2, 0.6))
    assert found.wins.value == pytest.approx(expected)
    assert found.wins.low < expected < found.wins.high < 0
    assert found.wins.p_more < 0.02
    assert "would win 1.7 fewer (80% interval -" in found.summary


def test_what_is_not_known_of_reps_widens_the_interval(past, make):
    def width(spread):
        leads = [past.came(f"l-{i}", i) for i in range(12)]
        period = past.period(
            leads, [make.rep("a"), make.rep("b")], shifts={"a": 0.1}, spread=dict.fromkeys("ab", spread)
        )
        gain = replay(period, FloorChange(leave=frozenset({"a"}))).wins
        return gain.high - gain.low

    assert width(0.0) == 0.0
    assert 0 < width(0.1) < width(0.4)


def test_a_draft_that_cannot_be_told_from_the_present_says_so(past, make):
    leads = [past.came(f"l-{i}", i) for i in range(12)]
    reps = [make.rep("a"), make.rep("b")]
    period = past.period(leads, reps, shifts={"a": 0.05}, spread=dict.fromkeys("ab", 0.4))
    found = replay(period, FloorChange(leave=frozenset({"a"})))
    assert found.wins.low < 0 < found.wins.high
    assert "is too close to call" in found.summary


def test_without_a_signal_only_who_is_served_makes_a_difference(past, make):
    leads = [past.came(f"l-{i}", i) for i in range(6)]
    period = past.period(
        leads, [make.rep("a", capacity=3), make.rep("b", capacity=3)], silent="Rep history is too thin."
    )
    found = replay(period, FloorChange(leave=frozenset({"b"})))
    assert found.wins.value == pytest.approx(-0.6)
    assert found.wins.low == found.wins.high == pytest.approx(-0.6)
    assert found.no_signal == "Rep history is too thin."
    assert "only who is served" in found.summary
    assert "3 fewer would get a rep" in found.summary


def test_value_is_unknown_where_no_lead_has_one_and_the_mean_where_some_have(past, make):
    reps = [make.rep("a")]
    assert replay(past.period([past.came("x")], reps), FloorChange()).present.expected_value is None
    leads = [past.came("x", value=100.0), past.came("y", value=300.0), past.came("z")]
    found = replay(past.period(leads, reps), FloorChange(leave=frozenset({"a"})))
    assert found.present.expected_value == pytest.approx(0.2 * 600)
    assert found.value.value == pytest.approx(-0.2 * 600)


def test_how_a_lead_ended_changes_no_plan(past, make):
    """An end frees a place when it happens; whether it was a win is nothing that a plan may know."""

    def courses(won):
        leads = [past.came(f"l-{i}", i / 2, stays=3, given=i, rep_id="a", won=won(i)) for i in range(20)]
        period = past.period(leads, [make.rep("a", capacity=2), make.rep("b", capacity=2)], shifts={"a": 0.3})
        found = replay(period, FloorChange(capacity={"b": -1}))
        return found.present, found.draft, found.wins

    assert courses(lambda i: i % 2 == 0) == courses(lambda _: False)


def stakes_of(p, n_reps, *, shift=0.0, variance=0.25):
    one = np.zeros((1, 1), dtype=np.int64)
    unknown = EffectDraws.of(np.full((n_reps, 1, 1), variance), one, np.zeros((0, n_reps, 1)), np.zeros(0))
    p = np.array(p)
    return Stakes(p, None, np.zeros(len(p), dtype=np.int64), np.full((n_reps, 1), shift), unknown)


def test_leads_that_stay_do_not_count():
    stakes = stakes_of([0.3] * 40, 3)
    before = np.zeros(40, dtype=np.int64)
    after = before.copy()
    after[:2] = 1
    few, _ = compare_courses(stakes, before, after, rng=np.random.default_rng(0))
    all_move, _ = compare_courses(stakes, before, before + 1, rng=np.random.default_rng(0))
    assert few.high - few.low == pytest.approx((all_move.high - all_move.low) / 20)


def test_who_is_not_of_this_floor_any_more_counts_with_the_leads_own_chance():
    stakes = stakes_of([0.3], 1, shift=1.0)
    assert stakes.chance(np.array([ELSEWHERE])) == pytest.approx([0.3])
    assert stakes.chance(np.array([POOL])) == [0.0]


def test_what_is_out_of_range_is_refused(past, make):
    period = past.period([past.came("x")], [make.rep("a")])
    with pytest.raises(InvalidInputError, match="'nobody' is not a rep"):
        replay(period, FloorChange(leave=frozenset({"nobody"})))
    with pytest.raises(InvalidInputError, match="hold no lead of roofing that needed a rep"):
        replay(past.period([], [make.rep("a")]), FloorChange())
    with pytest.raises(InvalidInputError, match="level"):
        replay_period(period, FloorChange(), POLICY, rng=np.random.default_rng(0), level=1.0)
