"""What other ways of handing out would have won, on choices whose chances and truth are known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tools.matching.effectiveness.expectation import settle
from tools.matching.effectiveness.logged import read_log
from tools.matching.effectiveness.policies import NO_CHANCE, judge_policies


def judge(facts):
    return judge_policies(read_log(facts.choices, facts.candidates, settle(facts.leads)))


def lines(facts):
    return {line.policy: line for line in judge(facts).policies}


@pytest.mark.parametrize("policy", ["never explore", "round-robin"])
@pytest.mark.parametrize("told", ["value", "weighted"])
def test_estimates_are_right_on_average_and_their_intervals_hold_the_truth(make, policy, told):
    errors, held = [], []
    for seed in range(40):
        played = make.choices(600, seed=seed)
        found = getattr(lines(played.facts)[policy], told)
        truth = getattr(played, policy.replace(" ", "_").replace("-", "_"))
        errors.append(found.value - truth)
        held.append(found.low <= truth <= found.high)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors))
    assert np.mean(held) >= 0.85


def test_the_mean_of_the_leads_that_a_policy_would_have_given_alike_is_not_its_value(make):
    """Leads went to reps who looked good; an even draw would win less, and the leads it agrees on do not say so."""
    played = make.choices(6000, effects=(-1.0, -1.0, -1.0, 1.0, 1.0, 1.0), error=0.3, explore=0.4, seed=1)
    naive = 100 * (played.facts.leads["outcome"] == "won").mean()
    line = lines(played.facts)["round-robin"]
    assert line.value.low < played.round_robin < line.value.high
    assert naive > line.value.high


def test_the_gain_beside_what_was_won_is_sharper_than_the_value(make):
    line = lines(make.choices().facts)["never explore"]
    assert line.beyond.high - line.beyond.low < line.value.high - line.value.low


def test_where_nothing_was_left_to_chance_the_report_says_so(make):
    played = make.choices(300, explore=0.0)
    found = judge(played.facts)
    told = {line.policy: line for line in found.policies}
    assert found.open_to_chance == 0
    assert {told[name].why for name in ("never explore", "round-robin")} == {NO_CHANCE}
    assert told["never explore"].value is told["round-robin"].value is None
    assert told["as it was"].value is not None


def test_a_policy_that_was_hardly_ever_tried_is_not_judged_and_its_support_is_told(make):
    facts = make.choices(600, explore=0.0).facts
    some = pl.when(pl.int_range(pl.len()) % 2 == 0).then(0.8).otherwise(1.0).alias("propensity")
    line = lines(replace(facts, choices=facts.choices.with_columns(some)))["round-robin"]
    assert (line.value, line.weighted) == (None, None)
    assert line.support == pytest.approx((1 / 0.8 + 1) / 2 / 6)
    assert line.why == "the log bears on 19% of what it would do"
    assert line.modelled is not None


def test_rare_choices_are_trimmed_and_counted(make):
    """A draw of 30 in 100 among six: who is not the best has a propensity of 0.05; one over that is 20."""
    facts = make.choices(explore=0.3).facts
    same = facts.choices.with_columns(unexplored_rep_id=pl.col("rep_id"))
    told = lines(replace(facts, choices=same))
    assert told["never explore"].trimmed == (facts.choices["propensity"] < 0.1).sum() > 0
    assert told["round-robin"].trimmed == 0


def test_leads_of_few_batches_had_few_draws_of_luck(make):
    found = lines(make.choices(200, per_batch=40).facts)["round-robin"]
    assert found.value is None
    assert "5 batches" in found.why


def test_a_choice_without_a_propensity_is_left_out_and_counted(make):
    facts = make.choices(200).facts
    some = pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise(pl.col("propensity")).alias("propensity")
    found = judge(replace(facts, choices=facts.choices.with_columns(some)))
    assert (found.settled, found.unlogged) == (150, 50)


@pytest.mark.parametrize("n_leads", [0, 12])
def test_too_few_choices_tell_nothing_but_what_is_missing(make, n_leads):
    found = lines(make.choices(n_leads).facts) if n_leads else lines(make.facts(0))
    assert f"{n_leads} leads" in found["round-robin"].why
    assert "30 are needed" in found["round-robin"].why


def test_open_leads_are_no_part_of_the_log(make):
    facts = make.choices(200).facts
    still = pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise(pl.col("outcome")).alias("outcome")
    assert judge(replace(facts, leads=facts.leads.with_columns(still))).settled == 150


def test_a_decision_that_does_not_say_whom_the_mean_plan_chose_shares_the_lead_among_the_best(make):
    facts = make.choices(200).facts
    unsaid = facts.choices.with_columns(unexplored_rep_id=pl.lit(None, pl.String))
    tied = facts.candidates.with_columns(worth=pl.when(pl.col("place") < 2).then(1.0).otherwise(0.5))
    log = read_log(unsaid, tied, settle(facts.leads))
    assert (log.plain[:, :2] == 0.5).all()
    assert log.plain.sum(axis=1) == pytest.approx(1)


def test_a_rep_from_beyond_the_list_is_a_choice_but_no_candidate_of_a_round_robin(make):
    facts = make.choices(300, effects=(0.0,) * 14, n_listed=11, n_places=14).facts
    log = read_log(facts.choices, facts.candidates, settle(facts.leads))
    assert log.rep.shape == (300, 11)
    assert (log.even[:, 10] == 0).all()
    assert (log.chosen == 10).any()
    assert judge(facts).cut_lists == 300


def test_chances_are_levelled_to_the_wins_of_those_who_got_the_leads(make):
    facts = make.choices(2000).facts
    halved = facts.candidates.with_columns(p_convert=pl.col("p_convert") / 2)
    log = read_log(facts.choices, halved, settle(facts.leads))
    assert log.chance[np.arange(2000), log.chosen].sum() == pytest.approx(log.won.sum(), abs=1)


def test_a_choice_whose_rep_is_not_on_record_is_left_out(make):
    facts = make.choices(100).facts
    other = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("stranger")).otherwise("rep_id").alias("rep_id")
    log = read_log(facts.choices.with_columns(other), facts.candidates, settle(facts.leads))
    assert len(log.won) == 97
