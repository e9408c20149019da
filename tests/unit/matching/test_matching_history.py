from datetime import timedelta

import numpy as np
import polars as pl

from tools.matching.affinity import fit_affinity
from tools.matching.history import judged_leads, without_bad_data
from tools.matching.network import build_network, explain_path

REPS = [f"rep-{i:02}" for i in range(12)]


def _fit(outcomes, make):
    judged = judged_leads(outcomes, now=make.now)
    return fit_affinity(judged, [make.rep(r) for r in REPS], rng=np.random.default_rng(1))


def test_outcomes_from_the_future_do_not_count(make):
    outcomes = make.outcomes(500)
    early = judged_leads(outcomes, now=make.now - timedelta(days=300))
    assert early.height < 500
    assert judged_leads(outcomes, now=make.now - timedelta(days=3000)).height == 0


def test_only_leads_that_were_won_or_lost_are_judged(make):
    ends = ["won", "lost", "disqualified", None]
    outcomes = make.outcomes(4).with_columns(outcome=pl.Series(ends, dtype=pl.String))
    assert judged_leads(outcomes, now=make.now).select("lead_id", "won").rows() == [
        ("past-00000", 1.0),
        ("past-00001", 0.0),
    ]


def test_a_lead_that_ended_in_an_open_window_is_marked_young(make):
    created = [make.now - timedelta(days=days) for days in (30, 200)]
    outcomes = make.outcomes(2).with_columns(created_at=pl.Series(created, dtype=pl.Datetime("us", "UTC")))
    assert judged_leads(outcomes.with_columns(outcome_at="created_at"), now=make.now)["young"].to_list() == [
        True,
        False,
    ]


def test_how_long_reps_leave_lost_leads_open_is_no_signal(make):
    """Equal sellers, but two of them never record a loss in a third of their leads."""
    open_ = pl.col("rep_id").is_in(REPS[:2]) & (pl.int_range(pl.len()) % 3 == 0)
    outcomes = make.outcomes(4000, shuffled=True).with_columns(
        outcome=pl.when(open_).then(None).otherwise("outcome"),
        outcome_at=pl.when(open_).then(None).otherwise("outcome_at"),
    )
    assert _fit(outcomes, make).no_signal is not None


def test_the_network_counts_what_the_history_holds(make):
    outcomes = make.outcomes(300)
    judged = judged_leads(outcomes, now=make.now)
    network = build_network(judged, _fit(outcomes, make))
    mine = judged.filter((pl.col("rep_id") == "rep-03") & (pl.col("product_id") == "product-1"))
    record = network.record_of("rep-03", "product-1")
    assert (record.had, record.won) == (mine.height, int(mine["won"].sum()))
    assert set(network.evidence("rep-03", "product-1", limit=100)) == set(mine["lead_id"])


def test_a_path_is_told_in_real_numbers(make):
    outcomes = make.outcomes(300)
    judged = judged_leads(outcomes, now=make.now)
    network = build_network(judged, _fit(outcomes, make))
    mine, team = network.record_of("rep-03", "product-1"), network.record_of_team("product-1")
    told = explain_path(network, make.rep("rep-03"), make.product("product-1", name="Slate"))
    assert told == f"{mine.had} Slate leads, {mine.share:.0%} won against {team.share:.0%} of the team"


def test_a_rep_without_history_is_told_as_such(make):
    outcomes = make.outcomes(300)
    network = build_network(judged_leads(outcomes, now=make.now), _fit(outcomes, make))
    assert explain_path(network, make.rep("nobody"), None) == "no history yet, counted as the team's mean"


def test_leads_of_bad_data_are_not_learned_from(make):
    outcomes = make.outcomes(10)
    assert "past-00003" not in set(without_bad_data(outcomes, frozenset({"past-00003"}))["lead_id"])
    marked = outcomes.with_columns(bad_data=pl.col("lead_id") == "past-00003")
    assert set(outcomes["lead_id"]) - set(judged_leads(marked, now=make.now)["lead_id"]) == {"past-00003"}
