"""How a past period is handed out again: what fills reps, who waits and for how long."""

from datetime import timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from tools.matching.replay.choosers import InTurn, Planner
from tools.matching.replay.course import hand_out
from tools.matching.replay.replaying import plan_course
from tools.matching.what_if import FloorChange

POLICY = RoutingPolicy(vip_reserve=0.0)
NOTHING = FloorChange()


def run(period, change=NOTHING, policy=POLICY, **options):
    return plan_course(period, change, policy, **options)


def test_a_lead_waits_until_a_place_comes_free(past, make):
    leads = [past.came("first", 0.5, stays=5), past.came("second", 0.7)]
    course = run(past.period(leads, [make.rep("a", capacity=1)]))
    assert course.rep.tolist() == [0, 0]
    assert course.given_hour.tolist() == [1.0, 6.0]
    assert course.hours_waited.tolist() == [0.0, 5.0]


def test_a_lead_that_nobody_gets_waits_until_the_end(past, make):
    course = run(past.period([past.came("a"), past.came("b")], [make.rep("r", capacity=1)], hours=10))
    assert sorted(course.rep.tolist()) == [-1, 0]
    assert sorted(course.hours_waited.tolist()) == [0.0, 9.0]
    assert np.isnan(course.given_hour).sum() == 1


def test_leads_of_one_step_are_handed_out_together(past, make):
    """The later lead is worth more in the hands of the only rep with a place."""
    leads = [past.came("poor", 0.2, p=0.1), past.came("rich", 0.9, p=0.6)]
    period = past.period(leads, [make.rep("r", capacity=1)])
    assert run(period).rep.tolist() == [-1, 0]
    assert run(period, step=timedelta(minutes=15)).rep.tolist() == [0, -1]


def test_leads_that_reps_had_fill_them_until_they_end(past, make):
    held = [past.held("r", until=3), past.held("r"), past.held("gone")]
    course = run(past.period([past.came("l")], [make.rep("r", capacity=2)], held=held))
    assert course.given_hour.tolist() == [3.0]


def test_who_is_away_gets_nothing_meanwhile(past, make):
    period = past.period([past.came("l")], [make.rep("r")], away=[past.away("r", 0, 7.5)])
    assert run(period).given_hour.tolist() == [8.0]


def test_a_lead_that_ended_though_nobody_had_it_waits_no_longer(past, make):
    held = [past.held("r", until=20)]
    period = past.period([past.came("l", gone=12, stays=12)], [make.rep("r", capacity=1)], held=held)
    course = run(period)
    assert (course.rep.tolist(), course.hours_waited.tolist()) == ([-1], [11.0])


def test_what_a_lead_waited_before_the_period_counts(past, make):
    course = run(past.period([past.came("l", -30)], [make.rep("r")]))
    assert (course.given_hour.tolist(), course.hours_waited.tolist()) == ([1.0], [30.0])


def test_a_lead_that_nobody_may_ever_take_does_not_hold_up_others(past, make):
    leads = [*(past.came(f"odd-{i}", 0.1, language="fi") for i in range(600)), past.came("l", 0.5)]
    course = run(past.period(leads, [make.rep("r", capacity=3)]))
    assert course.rep.tolist() == [-1] * 600 + [0]


def test_many_who_wait_for_somebody_else_keep_nobody_waiting(past, make):
    leads = [*(past.came(f"x-{i:03}", 0.1, region="north") for i in range(900)), past.came("y", 0.9, region="south")]
    reps = [make.rep("n", capacity=1, regions=("north",)), make.rep("s", capacity=1, regions=("south",))]
    held = [past.held("n"), past.held("s", until=5)]
    course = run(past.period(leads, reps, held=held))
    assert course.given_hour[-1] == pytest.approx(5.0)
    assert (course.rep[:-1] == -1).all()


def test_more_than_one_batch_waits(past, make):
    """All places come free at once, and are filled at once."""
    leads = [past.came(f"l-{i:03}", 0.1) for i in range(700)]
    period = past.period(leads, [make.rep("r", capacity=650)], held=[past.held("r", until=3)] * 650, hours=6)
    course = run(period)
    assert (course.given_hour == 3.0).sum() == 650


def test_whose_deadline_has_passed_wins_the_tie(past, make):
    leads = [past.came("patient", 0.1, due=2_000), past.came("urgent", 0.1, due=3)]
    period = past.period(leads, [make.rep("r", capacity=1)], held=[past.held("r", until=4)])
    assert run(period).rep.tolist() == [-1, 0]


def test_a_vip_finds_the_place_that_is_kept_for_him(past, make):
    rules = RoutingPolicy(vip_reserve=0.5, vip_value=1e9)
    leads = [past.came("plain", 0.1), past.came("more", 0.2), past.came("vip", 5, fields={"vip": True})]
    course = run(past.period(leads, [make.rep("r", capacity=2)]), policy=rules)
    assert course.rep[2] == 0
    assert (course.rep[:2] == -1).sum() == 1


def test_leads_go_round_the_reps_in_turn(past, make):
    leads = [past.came(f"l-{i}", 0.1 + i) for i in range(5)]
    period = past.period(leads, [make.rep("a"), make.rep("b"), make.rep("c", capacity=1)])
    turns = hand_out(period, period.floor.reps, InTurn(POLICY), patience=timedelta(hours=1))
    assert turns.rep.tolist() == [0, 1, 2, 0, 1]


def test_progress_rises_to_the_whole(past, make):
    told = []
    run(past.period([past.came("l")], [make.rep("r")], hours=4), on_step=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_a_step_of_no_length_is_refused(past, make):
    period = past.period([past.came("l")], [make.rep("r")])
    with pytest.raises(InvalidInputError, match="step"):
        hand_out(period, period.floor.reps, Planner(POLICY), patience=timedelta(hours=1), step=timedelta(0))
