"""Laws of every replay, whatever the floor: places, hard rules, and that the same plan makes no difference."""

from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.routing import Presence, RoutingPolicy, availability_at
from tools.matching.replay.choosers import InTurn
from tools.matching.replay.course import hand_out
from tools.matching.replay.replaying import plan_course, replay_period
from tools.matching.what_if import FloorChange

HOUR = timedelta(hours=1)
LANGUAGES = ("en", "es")

leads = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.floats(0, 29.9),
            "p": st.floats(0.01, 0.9),
            "stays": st.one_of(st.none(), st.floats(0, 20)),
            "gone": st.one_of(st.none(), st.floats(5, 40)),
            "language": st.sampled_from(LANGUAGES),
        }
    ),
    min_size=1,
    max_size=14,
)
teams = st.lists(
    st.fixed_dictionaries(
        {
            "capacity": st.integers(0, 4),
            "languages": st.sampled_from([("en",), ("es",), LANGUAGES]),
            "active": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)
absences = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 20), st.floats(0.1, 15)), max_size=3)
holdings = st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.floats(0.1, 30))), max_size=6)
effects = st.lists(st.floats(-1, 1), min_size=4, max_size=4)
fairness = st.sampled_from([0.0, 0.1, 2.0])
as_often = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def a_period(past, make, leads, team, absent, held, effects):
    names = [f"rep-{i}" for i in range(len(team))]
    known = [(names[i % len(names)], *rest) for i, *rest in absent]
    arrivals = [
        past.came(f"lead-{i:02}", **{**facts, "gone": None if i % 3 else facts["gone"]})
        for i, facts in enumerate(leads)
    ]
    return past.period(
        arrivals,
        [make.rep(name, **facts) for name, facts in zip(names, team, strict=True)],
        hours=30,
        held=[past.held(names[i % len(names)], until) for i, until in held],
        away=[past.away(name, since, since + length) for name, since, length in known],
        shifts=dict(zip(names, effects, strict=False)),
        spread=dict.fromkeys(names, 0.3),
    )


def loads_when_given(period, course, hour):
    """Count the leads of each rep just after a batch, from nothing but who got what and when it ended."""
    load = np.zeros(len(period.floor.reps), dtype=int)
    index = {rep.id: i for i, rep in enumerate(period.floor.reps)}
    for held in period.held:
        load[index[held.rep_id]] += held.until is None or held.until > period.since + hour * HOUR
    for arrival, rep, given_hour in zip(period.arrivals, course.rep, course.given_hour, strict=True):
        if rep >= 0 and given_hour <= hour:
            ends = None if arrival.stays is None else period.since + given_hour * HOUR + arrival.stays
            # A place that takes no time is counted in the batch that fills it.
            load[rep] += ends is None or ends > period.since + hour * HOUR or given_hour == hour
    return load


@given(leads, teams, absences, holdings, effects, fairness, st.booleans())
@as_often
def test_no_rep_ever_has_more_than_his_places_and_no_hard_rule_is_broken(
    past, make, leads, team, absent, held, effects, fairness, in_turn
):
    period = a_period(past, make, leads, team, absent, held, effects)
    policy = RoutingPolicy(fairness=fairness, vip_reserve=0.0)
    reps = period.floor.reps
    if in_turn:
        course = hand_out(period, reps, InTurn(policy), patience=HOUR)
    else:
        course = plan_course(period, FloorChange(), policy)
    for arrival, rep, hour in zip(period.arrivals, course.rep, course.given_hour, strict=True):
        if rep < 0:
            assert np.isnan(hour)
            continue
        now = period.since + hour * HOUR
        entry = availability_at(period.presence.get(reps[rep].id, ()), now=now)
        assert arrival.at <= now
        assert arrival.gone_at is None or arrival.gone_at > now
        assert reps[rep].active
        assert arrival.lead.language in reps[rep].languages
        assert entry is None or entry.presence is Presence.AVAILABLE
        assert loads_when_given(period, course, hour)[rep] <= reps[rep].capacity


@given(leads, teams, absences, holdings, effects)
@as_often
def test_the_same_rules_make_no_difference_at_all(past, make, leads, team, absent, held, effects):
    period = a_period(past, make, leads, team, absent, held, effects)
    policy = RoutingPolicy()
    same = FloorChange(policy=policy, capacity={period.floor.reps[0].id: 0})
    found = replay_period(period, same, policy, rng=np.random.default_rng(0))
    assert found.present == found.draft
    assert (found.moved, found.wins.value, found.wins.low, found.wins.high, found.wins.p_more) == (0, 0, 0, 0, 0.5)
    assert found == replay_period(period, same, policy, rng=np.random.default_rng(0))


@given(leads, teams, absences, holdings, effects)
@as_often
def test_who_leaves_gets_nothing_and_nobody_else_gets_less(past, make, leads, team, absent, held, effects):
    period = a_period(past, make, leads, team, absent, held, effects)
    first = period.floor.reps[0].id
    course = plan_course(period, FloorChange(leave=frozenset({first})), RoutingPolicy())
    assert (course.rep != 0).all()


@given(leads, teams, holdings, effects, st.integers(1, 3))
@as_often
def test_more_places_serve_no_fewer_where_everybody_is_there_and_may_take_everything(
    past, make, leads, team, held, effects, more
):
    """And where leads stay. Else it need not be so: a place more may keep a lead with a rep whom a later one needs."""
    everybody = [{**facts, "languages": LANGUAGES, "active": True} for facts in team]
    staying = [{**facts, "stays": None, "gone": None} for facts in leads]
    period = a_period(past, make, staying, everybody, (), held, effects)
    roomier = FloorChange(capacity={rep.id: more for rep in period.floor.reps})
    courses = [plan_course(period, change, RoutingPolicy()) for change in (FloorChange(), roomier)]
    served = [int((course.rep >= 0).sum()) for course in courses]
    assert served[0] <= served[1]
