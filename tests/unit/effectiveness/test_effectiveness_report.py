"""The report of effectiveness on leads whose truth is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from domain.errors import InvalidInputError
from tools.matching.effectiveness.facts import MATCHES, OVERRIDES, REJECTIONS, Facts
from tools.matching.effectiveness.measuring import measure_effectiveness


@pytest.fixture
def measure(make):
    def measure(facts):
        return measure_effectiveness(facts, "roofing", since=make.since, before=make.now)

    return measure


def line_of(lines, key):
    (found,) = [line for line in lines if line.key == key]
    return found


def test_a_rep_with_hard_leads_is_not_blamed_for_them(make, measure):
    reps = measure(make.facts(hard_for=0)).reps
    hard, easy = line_of(reps, "rep-0"), line_of(reps, "rep-1")
    assert hard.conversion.high < easy.conversion.low
    assert (hard.verdict, easy.verdict) == ("as expected", "as expected")
    assert hard.above_expected.low < 0 < hard.above_expected.high


def test_a_rep_who_adds_wins_is_seen_and_one_who_loses_them_too(make, measure):
    report = measure(make.facts(effects=(0.7, 0.0, 0.0, -0.7)))
    assert [line.key for line in (report.reps[0], report.reps[-1])] == ["rep-0", "rep-3"]
    assert (report.reps[0].verdict, report.reps[-1].verdict) == ("better", "worse")
    assert 0.3 < report.rep_spread < 1.0
    assert "Rep 0 wins" in report.summary[1]


def test_the_interval_of_a_rep_holds_the_truth(make, measure):
    """A rep who adds 0.7 log-odds adds about 13 wins per 100 such leads."""
    added = line_of(measure(make.facts(effects=(0.7, 0.0, 0.0, -0.7))).reps, "rep-0").added_per_100
    assert added.low < 13 < added.high
    assert added.high - added.low < 10


@pytest.mark.parametrize("seed", range(6))
def test_where_reps_do_not_differ_nobody_is_named(make, measure, seed):
    report = measure(make.facts(1500, effects=(0.0,) * 10, seed=seed))
    assert {line.verdict for line in report.reps} == {"as expected"}
    assert report.rep_spread < 0.2
    assert "No rep differs" in report.summary[1]


def test_expected_wins_add_up_to_the_wins_there_were(make, measure):
    facts = make.facts(effects=(0.7, 0.0, 0.0, -0.7))
    report = measure(replace(facts, leads=facts.leads.with_columns(pl.col("p_lead") / 3)))
    assert sum(line.expected_wins for line in report.reps) == pytest.approx(report.wins, abs=1)
    assert sum(line.above_expected.value for line in report.reps) == pytest.approx(0, abs=1)


def test_few_leads_are_not_enough_to_judge(make, measure):
    report = measure(make.facts(40, effects=(2.0, -2.0, 0.0, 0.0)))
    assert {line.verdict for line in report.reps if line.settled < 20} == {"not enough"}


def test_open_leads_are_counted_and_not_judged(make, measure):
    facts = make.facts(100)
    half = pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise(pl.col("outcome")).alias("outcome")
    report = measure(replace(facts, leads=facts.leads.with_columns(half)))
    assert (report.leads, report.settled) == (100, 50)
    assert sum(line.leads for line in report.reps) == 100


def test_leads_without_a_score_are_expected_to_do_as_their_segment(make, measure):
    facts = make.facts()
    report = measure(replace(facts, leads=facts.leads.with_columns(pl.lit(None, pl.Float64).alias("p_lead"))))
    assert report.scored == 0
    assert "no score was recorded" in report.expectation
    assert sum(line.expected_wins for line in report.reps) == pytest.approx(report.wins, abs=1)


def test_segments_and_products_are_told_with_names(make, measure):
    report = measure(make.facts())
    assert {line.name for line in report.products} == {"Roof", "Gutter"}
    assert set(report.segments) == {"region", "source"}
    assert sum(line.leads for line in report.segments["region"]) == report.leads


def test_a_language_is_a_segment_where_it_is_known(make, measure):
    facts = make.facts(200)
    report = measure(replace(facts, leads=facts.leads.with_columns(pl.lit("es").alias("language"))))
    assert [line.key for line in report.segments["language"]] == ["es"]


def test_the_time_to_first_contact_is_the_mean_of_those_contacted(make, measure):
    facts = make.facts(400)
    mine = (pl.col("rep_id") == "rep-0") & (pl.int_range(pl.len()) % 2 == 0)
    silent = pl.when(mine).then(None).otherwise(pl.col("first_contact_at")).alias("first_contact_at")
    line = line_of(measure(replace(facts, leads=facts.leads.with_columns(silent))).reps, "rep-0")
    assert line.hours_to_first_contact == pytest.approx(2.0)
    assert line.contacted < line.leads


def test_a_rep_strong_on_one_product_only_is_seen(make, measure):
    """Rep 1 wins half of the roofs that he would have lost, and no more gutters than others."""
    facts = make.facts(6000)
    rng = np.random.default_rng(0)
    turned = (pl.col("rep_id") == "rep-1") & (pl.col("product_id") == "product-0") & pl.Series(rng.random(6000) < 0.4)
    leads = facts.leads.with_columns(pl.when(turned).then(pl.lit("won")).otherwise("outcome").alias("outcome"))
    strengths = measure(replace(facts, leads=leads)).strengths
    assert (strengths[0].rep_id, strengths[0].product_id) == ("rep-1", "product-0")
    assert strengths[0].added_per_100.low > 0


def test_rejections_are_told_by_reason_and_lower_what_was_accepted(make, measure):
    facts = make.facts(100)
    rejections = pl.DataFrame(
        [("rep-0", "product-0", "conflict", 2), ("rep-0", "product-1", "conflict", 1), ("rep-0", None, "bad_data", 1)],
        schema=REJECTIONS,
        orient="row",
    )
    matches = pl.DataFrame([(f"lead-{i}", "rep-0", 1.0, 1.0, None) for i in range(16)], schema=MATCHES, orient="row")
    line = line_of(measure(replace(facts, rejections=rejections, matches=matches)).reps, "rep-0")
    assert line.rejected == {"bad_data": 1, "conflict": 3}
    assert (line.offered, line.accepted.value) == (16, 0.75)
    assert line_of(measure(facts).reps, "rep-1").accepted is None


def test_regret_is_measured_beside_the_best_rep_of_each_lead(make, measure):
    rows = [("lead-0", "rep-0", 3.0, 4.0, 0.001), ("lead-1", "rep-1", 4.0, 4.0, 0.003)]
    regret = measure(replace(make.facts(100), matches=pl.DataFrame(rows, schema=MATCHES, orient="row"))).regret
    assert (regret.matches, regret.part_of_best, regret.given_to_best) == (2, 7 / 8, 0.5)
    assert (regret.mean_gap, regret.worst_gap) == (pytest.approx(0.002), 0.003)


def test_without_matches_there_is_no_regret_to_tell(make, measure):
    assert measure(make.facts(100)).regret.part_of_best is None


def overridden(facts, n, better):
    """Let a manager override n leads, which then end well or badly."""
    told = facts.leads["lead_id"].head(n)
    hit = pl.col("lead_id").is_in(told.to_list())
    leads = facts.leads.with_columns(pl.when(hit).then(pl.lit(better)).otherwise("outcome").alias("outcome"))
    rows = pl.DataFrame([(id_, "rep-0", "rep-1") for id_ in told], schema=OVERRIDES, orient="row")
    return replace(facts, leads=leads, overrides=rows)


@pytest.mark.parametrize(("outcome", "verdict"), [("won", "helped"), ("lost", "hurt")])
def test_overrides_that_changed_the_outcome_are_judged(make, measure, outcome, verdict):
    report = measure(overridden(make.facts(), 200, outcome))
    assert (report.overrides.verdict, report.overrides.settled) == (verdict, 200)
    assert report.overrides.share_of_leads.value == pytest.approx(0.05)
    assert verdict in report.summary[-1]


def test_few_overrides_are_not_judged_and_the_number_needed_is_said(make, measure):
    report = measure(overridden(make.facts(), 12, "won"))
    assert report.overrides.verdict == "not enough"
    assert "not enough to say whether it helped (30 are needed)" in report.summary[-1]


def test_overrides_at_random_are_not_said_to_help(make, measure):
    facts = make.facts()
    rows = pl.DataFrame(
        [(id_, "rep-0", None) for id_ in facts.leads["lead_id"].head(300)], schema=OVERRIDES, orient="row"
    )
    assert measure(replace(facts, overrides=rows)).overrides.verdict == "no difference seen"


def test_an_empty_period_is_told_and_judges_nobody(make, measure):
    report = measure(make.facts(0))
    assert (report.leads, report.settled, report.products, report.strengths) == (0, 0, (), ())
    assert report.summary[0] == "0 leads, none settled yet: nothing can be judged."
    assert {line.verdict for line in report.reps} == {"not enough"}


def test_the_same_facts_give_the_same_report(make, measure):
    assert measure(make.facts(500)) == measure(make.facts(500))


def test_a_period_that_ends_before_it_begins_is_refused(make):
    with pytest.raises(InvalidInputError, match="must lie before"):
        measure_effectiveness(make.facts(10), "roofing", since=make.now, before=make.since)


def test_a_table_without_a_column_is_refused_by_name(make):
    facts = make.facts(10)
    with pytest.raises(InvalidInputError, match="lacks the columns p_lead"):
        Facts(**{**vars(facts), "leads": facts.leads.drop("p_lead")})
