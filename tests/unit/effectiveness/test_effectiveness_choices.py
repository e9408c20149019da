"""The matcher's decisions as tables, from a plan that explored."""

import networkx as nx
import numpy as np
import polars as pl

from domain.people import Lead, Rep
from domain.routing import RoutingPolicy
from tests.unit.matching.plans.conftest import FakeModel
from tools.matching.batch import Floor, Request
from tools.matching.effectiveness.choices_made import candidates_of, choices_of
from tools.matching.network import AffinityNetwork
from tools.matching.planning import plan_matches
from tools.matching.recording import record_matches, unexplored_rep


def decide(make, *, explore, seed=3, n_leads=6, capacity=20):
    """Hand leads out to a known rep and to three of whom hardly anything is known."""
    reps = tuple(Rep(id=f"rep-{i}", market="roofing", name=f"Rep {i}", capacity=capacity) for i in range(4))
    floor = Floor(
        reps=reps,
        products={},
        open_leads={},
        model=FakeModel({"rep-0": 0.1}, {f"rep-{i}": 1.0 for i in range(1, 4)}, no_signal=None),
        network=AffinityNetwork(nx.Graph(had=0, won=0)),
    )
    requests = [
        Request(
            lead=Lead(id=f"lead-{i}", market="roofing", created_at=make.since, source="web"),
            p_convert=0.2 + 0.02 * i,
            value=None,
            owner=None,
            excluded=frozenset(),
            decision_id=f"match-{i}",
        )
        for i in range(n_leads)
    ]
    rng = np.random.default_rng(seed) if explore else None
    policy = RoutingPolicy(explore=explore, fairness=0.0, vip_reserve=0.0)
    plan = plan_matches(requests, floor, policy=policy, now=make.now, rng=rng)
    names = [f"score-{i}" for i in range(n_leads)]
    return record_matches(plan.matches, score_decisions=names, open_leads=[0, 0, 0, 0])


def test_a_decision_records_whom_the_plan_on_the_mean_would_have_chosen(make):
    explored, plain = decide(make, explore=0.5), decide(make, explore=0.0)
    assert [each.chosen for each in explored] != [each.chosen for each in plain]
    assert [unexplored_rep(each) for each in explored] == [each.chosen for each in plain]
    assert [unexplored_rep(each) for each in plain] == [each.chosen for each in plain]


def test_choices_are_told_with_their_chance_and_moment(make):
    decisions = decide(make, explore=0.5)
    rows = choices_of(decisions).rows(named=True)
    assert [row["rep_id"] for row in rows] == [each.chosen for each in decisions]
    assert [row["unexplored_rep_id"] for row in rows] == ["rep-0"] * 6
    assert {row["at"] for row in rows} == {make.now}
    assert all(0 < row["propensity"] < 1 for row in rows)


def test_whoever_is_chosen_on_the_mean_has_the_greatest_worth_less_price(make):
    """Four places a rep: the best one's are dear."""
    decisions = decide(make, explore=0.0, n_leads=12, capacity=4)
    worth = candidates_of(decisions).sort("worth", descending=True)
    best = worth.group_by("lead_id").agg(mine=pl.col("worth").max())
    chosen = choices_of(decisions).join(worth, on=["lead_id", "rep_id"]).join(best, on="lead_id")
    assert chosen.height == 12
    assert (chosen["worth"] >= chosen["mine"] - 1e-6).all()


def test_a_lead_of_the_pool_is_no_choice(make):
    decisions = decide(make, explore=0.0, n_leads=6, capacity=1)
    assert choices_of(decisions).height == 4
