"""Evenness over reps, and whether a group of leads is sent to weaker ones."""

from dataclasses import replace

import polars as pl
import pytest

from tools.matching.effectiveness.measuring import measure_effectiveness


@pytest.fixture
def measure(make):
    def measure(facts):
        return measure_effectiveness(facts, "roofing", since=make.since, before=make.now)

    return measure


def treatment_of(report, column, group):
    (found,) = [found for found in report.treatment if (found.column, found.group) == (column, group)]
    return found


def sent_to(facts, region, reps):
    """Give a region only leads of some reps."""
    mine = pl.when(pl.col("rep_id").is_in(reps)).then(pl.lit(region)).otherwise(pl.lit("elsewhere"))
    return replace(facts, leads=facts.leads.with_columns(mine.alias("region")))


def test_a_region_that_only_gets_weak_reps_is_named(make, measure):
    facts = make.facts(effects=(0.8, 0.8, -0.8, -0.8))
    report = measure(sent_to(facts, "north", ["rep-2", "rep-3"]))
    north = treatment_of(report, "region", "north")
    assert (north.verdict, treatment_of(report, "region", "elsewhere").verdict) == ("weaker reps", "stronger reps")
    assert north.rep_effect.low < -1.6 < north.rep_effect.high + 0.3
    assert "Sent to weaker reps than the others, beyond chance: region north." in report.summary


@pytest.mark.parametrize("seed", range(6))
def test_where_leads_are_dealt_at_random_no_group_is_named(make, measure, seed):
    report = measure(make.facts(2000, effects=(0.5, 0.2, -0.2, -0.5), seed=seed))
    assert {found.verdict for found in report.treatment} == {"no difference seen"}


def test_equal_reps_make_no_group_badly_treated_whoever_gets_whom(make, measure):
    report = measure(sent_to(make.facts(), "north", ["rep-2", "rep-3"]))
    assert treatment_of(report, "region", "north").verdict == "no difference seen"


def test_a_small_group_is_not_judged(make, measure):
    facts = make.facts(effects=(0.8, 0.8, -0.8, -0.8))
    few = (
        pl.when((pl.col("rep_id") == "rep-3") & (pl.int_range(pl.len()) < 60)).then(pl.lit("isle")).otherwise("region")
    )
    report = measure(replace(facts, leads=facts.leads.with_columns(few.alias("region"))))
    assert treatment_of(report, "region", "isle").verdict == "not enough"


def test_leads_dealt_evenly_have_a_small_gini_and_one_rep_with_all_a_large_one(make, measure):
    even = measure(make.facts()).equality
    one = make.facts()
    crowded = measure(replace(one, leads=one.leads.with_columns(pl.lit("rep-0").alias("rep_id")))).equality
    assert even.leads_gini < 0.05
    assert even.expected_value_gini < 0.05
    assert crowded.leads_gini == pytest.approx(0.75)


def test_a_rep_who_is_not_active_does_not_make_the_team_uneven(make, measure):
    facts = make.facts()
    left = facts.reps.with_columns((pl.col("rep_id") != "rep-3").alias("active"))
    leads = facts.leads.filter(pl.col("rep_id") != "rep-3")
    assert measure(replace(facts, leads=leads)).equality.leads_gini > 0.2
    assert measure(replace(facts, leads=leads, reps=left)).equality.leads_gini < 0.05
