"""Routes of a day: the rules they keep, the optimum on small days, and what is said about them."""

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tests.unit.territory.conftest import MakeDay
from tools.matching.territory.planning import Division, plan_day
from tools.matching.territory.roads import survey
from tools.matching.territory.solving import Effort
from tools.matching.territory.travel import Travel

QUICK = Effort(steps=60, seconds=5.0)


def best_by_brute_force(roads, allowed):
    """Try every division and order: most visits first, then most value, then least driving."""
    n_reps, n_visits = allowed.shape
    best = {}
    for rep in range(n_reps):
        for served in product((False, True), repeat=n_visits):
            stops = [stop for stop in range(n_visits) if served[stop]]
            if not all(allowed[rep, stop] for stop in stops):
                continue
            costs = [roads.driving(rep, o).minutes for o in permutations(stops) if roads.timetable(rep, o) is not None]
            if costs:
                best[rep, served] = min(costs)
    found = []
    for who in product(range(-1, n_reps), repeat=n_visits):
        sets = [tuple(owner == rep for owner in who) for rep in range(n_reps)]
        if all((rep, served) in best for rep, served in enumerate(sets)):
            value = sum(roads.appointments[stop].value for stop in range(n_visits) if who[stop] >= 0)
            driving = sum(best[rep, served] for rep, served in enumerate(sets))
            found.append((sum(owner >= 0 for owner in who), value, -driving))
    return max(found)


@st.composite
def small_days(draw, most_visits=4, most_reps=2):
    coordinate = st.integers(-60, 60)
    visits = []
    for number in range(draw(st.integers(1, most_visits))):
        opens = draw(st.sampled_from([0, 540, 600, 720, 900]))
        closes = opens + draw(st.sampled_from([0, 60, 120, 400]))
        length = draw(st.sampled_from([15, 60, 180]))
        value = draw(st.sampled_from([0, 0, 100]))
        window = {"opens": opens, "closes": closes} if opens else {}
        visits.append(
            MakeDay.visit(f"v{number}", draw(coordinate), draw(coordinate), minutes=length, value=value, **window)
        )
    reps = []
    for number in range(draw(st.integers(1, most_reps))):
        rep = MakeDay.rep(f"r{number}", draw(coordinate), draw(coordinate), work_end=draw(st.sampled_from([800, 1080])))
        reps.append(rep.model_copy(update={"end": None}) if draw(st.booleans()) else rep)
    allowed = [[draw(st.sampled_from([True, True, True, False])) for _ in visits] for _ in reps]
    return visits, reps, np.array(allowed)


@given(small_days())
@settings(max_examples=40, deadline=None)
def test_a_small_day_is_as_good_as_brute_force(day):
    visits, reps, allowed = day
    plan = plan_day(visits, reps, travel_times=MakeDay.hilly, allowed=allowed, effort=QUICK)
    value = {visit.id: visit.value for visit in visits}
    served = [visit.appointment_id for route in plan.routes for visit in route.visits]
    count, most_value, driving = best_by_brute_force(survey(visits, reps, MakeDay.hilly), allowed)
    assert len(served) == count
    assert sum(value[id_] for id_ in served) == most_value
    assert plan.driving.minutes == pytest.approx(-driving, abs=1e-6)


@given(small_days(most_visits=9, most_reps=4), st.sampled_from(Division))
@settings(max_examples=40, deadline=None)
def test_no_route_breaks_a_window_working_hours_or_a_hard_rule(day, division):
    visits, reps, allowed = day
    plan = plan_day(
        visits, reps, travel_times=MakeDay.hilly, allowed=allowed, division=division, effort=Effort(20, 5.0)
    )
    by_id = {visit.id: (number, visit) for number, visit in enumerate(visits)}
    numbers = {rep.id: number for number, rep in enumerate(reps)}
    for route in plan.routes:
        rep = reps[numbers[route.rep_id]]
        assert rep.work_start <= route.leaves_at <= route.ends_at <= rep.work_end
        for stop in route.visits:
            number, visit = by_id[stop.appointment_id]
            assert allowed[numbers[route.rep_id], number]
            assert visit.opens <= stop.begins <= visit.closes
            assert stop.arrives <= stop.begins
            assert stop.leaves == pytest.approx(stop.begins + visit.minutes)
    routed = [stop.appointment_id for route in plan.routes for stop in route.visits]
    assert sorted(routed + [left.appointment_id for left in plan.unserved]) == sorted(by_id)


@given(small_days(most_visits=7, most_reps=3))
@settings(max_examples=20, deadline=None)
def test_the_driving_of_a_plan_is_the_sum_of_its_legs(day):
    visits, reps, allowed = day
    plan = plan_day(visits, reps, travel_times=MakeDay.roads, allowed=allowed, effort=Effort(20, 5.0))
    places = {visit.id: visit.place for visit in visits}
    home = {rep.id: rep for rep in reps}
    for route in plan.routes:
        rep = home[route.rep_id]
        stops = [rep.start, *(places[v.appointment_id] for v in route.visits), *([rep.end] if rep.end else [])]
        minutes = MakeDay.roads.between(stops).minutes
        assert route.driving.minutes == pytest.approx(sum(minutes[i, i + 1] for i in range(len(stops) - 1)))
    assert plan.driving.minutes == pytest.approx(sum(route.driving.minutes for route in plan.routes))


def test_a_route_says_what_it_saves(day):
    zigzag = [day.visit(f"v{i}", north, 0) for i, north in enumerate([50, 10, 40, 20, 30])]
    plan = plan_day(zigzag, [day.rep("ana", name="Ana")], travel_times=day.roads, effort=QUICK)
    (route,) = plan.routes
    assert route.driving.minutes == pytest.approx(100)
    assert route.booking_order.minutes == pytest.approx(50 + 40 + 30 + 20 + 10 + 30)
    assert route.summary == "Route of Ana: 5 visits, 100 km, 1 h 40 driving, 1 h 20 less than in order of booking."
    assert plan.minutes_saved == pytest.approx(80)
    assert plan.summary == (
        "5 of 5 appointments in 1 route: 100 km, 1 h 40 driving, 1 h 20 less than in order of booking (44%)."
    )


def test_nearest_first_is_measured_beside_the_route(day):
    around = [day.visit(f"v{i}", north, 0) for i, north in enumerate([-5, 4, -15, 14])]
    plan = plan_day(around, [day.rep("ana", end=None)], travel_times=day.roads, effort=QUICK)
    assert plan.nearest_first.minutes == pytest.approx(4 + 9 + 10 + 29)
    assert plan.driving.minutes == pytest.approx(14 + 29)
    assert plan.minutes_saved_nearest == pytest.approx(9)


def test_a_time_window_may_cost_driving_and_the_plan_says_so(day):
    far_then_near = [day.visit("near", 10, 0, opens=900), day.visit("far", 50, 0, opens=540, closes=600)]
    back_by_noon = [day.visit("near", 10, 0, opens=540, closes=560), day.visit("left", 0, -40, opens=600, closes=700)]
    plan = plan_day(far_then_near, [day.rep("ana")], travel_times=day.roads, effort=QUICK)
    assert [v.appointment_id for v in plan.routes[0].visits] == ["far", "near"]
    assert plan.minutes_saved == pytest.approx(0)
    assert "as much as in order of booking" in plan.routes[0].summary
    windows = [*back_by_noon, day.visit("near again", 10, 1, opens=800)]
    dear = plan_day(windows, [day.rep("ana")], travel_times=day.roads, effort=QUICK)
    assert dear.minutes_saved_nearest < 0


def test_one_way_roads_are_respected(day):
    """Going north takes three times as long, so the loop that climbs where it is shortest wins."""
    square = [day.visit("a", 0, 30), day.visit("b", 30, 30), day.visit("c", 30, 0)]
    plan = plan_day(square, [day.rep("ana", 10, 0, end=None)], travel_times=day.hilly, effort=QUICK)
    assert [v.appointment_id for v in plan.routes[0].visits] == ["c", "b", "a"]
    assert plan.driving.minutes == pytest.approx(20 * 3 + 30 + 30)


def test_an_appointment_that_nobody_may_take_is_listed_with_that_reason(day):
    allowed = np.array([[True, False]])
    plan = plan_day(
        [day.visit("a", 1, 1), day.visit("b", 2, 2)], [day.rep("ana")], travel_times=day.roads, allowed=allowed
    )
    assert [(left.appointment_id, left.reason) for left in plan.unserved] == [("b", "no rep of this day may take it")]


def test_an_appointment_that_nobody_can_reach_in_time_is_listed_with_its_window(day):
    early = day.visit("early", 50, 50, opens=540, closes=600)
    plan = plan_day([early], [day.rep("ana")], travel_times=day.roads)
    (left,) = plan.unserved
    assert "begin between 09:00 and 10:00" in left.reason
    assert plan.routes == ()
    assert plan.summary == ("0 of 1 appointments in 0 routes: 0 km, 0 min driving, as much as in order of booking.")


def test_of_two_that_do_not_both_fit_the_more_valuable_one_stays(day):
    short = day.rep("ana", name="Ana", work_end=640)
    cheap, dear = day.visit("cheap", 5, 0, minutes=60, value=1), day.visit("dear", 20, 0, minutes=60, value=900)
    plan = plan_day([cheap, dear], [short], travel_times=day.roads, effort=QUICK)
    assert [v.appointment_id for v in plan.routes[0].visits] == ["dear"]
    assert plan.unserved[0].reason == "no place for it was found beside the other visits of Ana"


def test_value_never_pays_for_fewer_visits(day):
    short = day.rep("ana", work_end=640)
    long = day.visit("long", 0, 0, minutes=95, value=1e6)
    brief = [day.visit(f"brief-{i}", 0, 0, minutes=30) for i in range(3)]
    plan = plan_day([long, *brief], [short], travel_times=day.roads, effort=QUICK)
    assert len(plan.routes[0].visits) == 3


def test_a_rep_waits_for_a_window_and_sets_out_no_earlier_than_needed(day):
    plan = plan_day([day.visit("a", 20, 0, opens=700, closes=800)], [day.rep("ana")], travel_times=day.roads)
    (route,) = plan.routes
    assert (route.leaves_at, route.visits[0].begins, route.ends_at) == (680, 700, 750)


def test_the_same_day_gives_the_same_plan(day):
    rng = np.random.default_rng(3)
    visits = [day.visit(f"v{i}", *rng.integers(-40, 40, 2)) for i in range(14)]
    reps = [day.rep(f"r{i}", *rng.integers(-40, 40, 2)) for i in range(3)]
    first, second = (plan_day(visits, reps, travel_times=day.roads, effort=Effort(40, 60.0)) for _ in range(2))
    assert first == second


def test_a_day_without_appointments_or_without_reps_is_planned(day):
    assert plan_day([], [day.rep("ana")], travel_times=day.roads).routes == ()
    assert len(plan_day([day.visit("a", 0, 0)], [], travel_times=day.roads).unserved) == 1


@dataclass(frozen=True)
class BrokenRoads:
    """A provider that answers with nonsense."""

    minutes: float

    def between(self, places):
        table = np.full((len(places), len(places)), self.minutes)
        return Travel(np.ones((len(places), len(places))), table)


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -1.0])
def test_travel_times_that_are_no_times_are_refused(day, minutes):
    with pytest.raises(InvalidInputError, match=r"travel\.minutes"):
        plan_day([day.visit("a", 0, 0)], [day.rep("ana")], travel_times=BrokenRoads(minutes))


def test_an_id_named_twice_is_refused(day):
    with pytest.raises(InvalidInputError, match="'a' is named more than once"):
        plan_day([day.visit("a", 0, 0), day.visit("a", 1, 1)], [day.rep("ana")], travel_times=day.roads)


def test_a_mask_of_the_wrong_shape_is_refused(day):
    with pytest.raises(InvalidInputError, match="reps by appointments"):
        plan_day([day.visit("a", 0, 0)], [day.rep("ana")], travel_times=day.roads, allowed=np.ones((2, 2), dtype=bool))


@pytest.mark.parametrize("effort", [{"steps": 0}, {"seconds": 0}, {"seconds": float("nan")}])
def test_a_search_without_end_or_beginning_is_refused(effort):
    with pytest.raises(InvalidInputError, match="must be"):
        Effort(**effort)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda day: day.visit("a", 0, 0, opens=700, closes=600),
        lambda day: day.visit("a", 0, 0, minutes=0),
        lambda day: day.visit("a", 0, 0, value=-1),
        lambda day: day.rep("ana", work_start=700, work_end=700),
    ],
)
def test_an_impossible_appointment_or_rep_is_refused(day, wrong):
    with pytest.raises(ValueError, match=r"must|greater"):
        wrong(day)
