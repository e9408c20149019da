"""The matcher's leads beside those of people, where one side's leads are better by themselves."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from tools.matching.effectiveness.arms import compare_arms
from tools.matching.effectiveness.expectation import settle


def trial(make, seed, *, better=0.0, unseen=0.0, effect=0.0, n_leads=1600, n_reps=16):
    """People's leads have `better` log-odds more that scores see and `unseen` more that they do not.

    The matcher's win `effect` more. Leads differ by 0.4 log-odds that nobody sees.
    """
    rng = np.random.default_rng(seed)
    facts = make.facts(n_leads, effects=(0.0,) * n_reps, seed=seed)
    matcher = rng.random(n_leads) < 0.5
    rep = facts.leads["rep_id"].str.strip_prefix("rep-").cast(pl.Int64).to_numpy()
    skill = rng.normal(0, 0.3, n_reps)
    seen = rng.normal(-1.4, 0.7, n_leads) + better * ~matcher
    base = seen + rng.normal(0, 0.4, n_leads) + unseen * ~matcher
    won = rng.random(n_leads) < expit(base + skill[rep] + effect * matcher)
    leads = facts.leads.with_columns(outcome=pl.Series(["won" if w else "lost" for w in won]))
    return make.given(replace(facts, leads=leads), matcher=matcher, p_before=expit(seen))


def compared(facts):
    return compare_arms(facts.leads, settle(facts.leads), facts.given)


def test_where_people_had_the_better_leads_the_plain_difference_blames_the_matcher_and_the_adjusted_does_not(make):
    found = [compared(trial(make, seed, better=0.8)) for seed in range(25)]
    plain, adjusted = (
        np.array([getattr(each, name).difference.value for each in found]) for name in ("plain", "adjusted")
    )
    assert plain.mean() < -8
    assert abs(adjusted.mean()) < 3 * adjusted.std() / 5
    assert sum(each.plain.difference.high < 0 for each in found) >= 20
    assert sum(each.verdict == "no difference seen" for each in found) >= 22


def test_no_difference_is_found_where_there_is_none(make):
    verdicts = [compared(trial(make, seed)).verdict for seed in range(40)]
    assert verdicts.count("no difference seen") >= 36


def test_a_planted_difference_is_found_and_its_interval_holds_it(make):
    found = compared(trial(make, 1, effect=0.8, better=0.4, n_leads=4000))
    assert found.verdict == "matcher wins more"
    truth = 100 * float(np.mean(expit(np.random.default_rng(0).normal(-1.2, 0.8, 9999) + 0.8)))
    truth -= 100 * float(np.mean(expit(np.random.default_rng(0).normal(-1.2, 0.8, 9999))))
    assert found.adjusted.difference.low < truth < found.adjusted.difference.high


@pytest.mark.parametrize(("stretch", "shift"), [(1.0, -1.0), (1.6, 0.5), (0.5, 0.0)])
def test_a_score_that_is_too_bold_or_too_timid_or_off_for_all_does_no_harm(make, stretch, shift):
    facts = trial(make, 2, better=0.8)
    odds = logit(facts.given["p_before"].to_numpy())
    wrong = facts.given.with_columns(p_before=pl.Series(expit(stretch * odds + shift)))
    right, off = compared(facts), compared(replace(facts, given=wrong))
    assert off.adjusted.difference.value == pytest.approx(right.adjusted.difference.value, abs=0.1)


def test_what_the_score_does_not_know_stays_in_the_difference(make):
    found = [compared(trial(make, seed, unseen=0.8)).adjusted.difference.value for seed in range(10)]
    assert np.mean(found) < -8


def test_a_lead_counts_for_the_side_that_gave_it_its_first_rep(make):
    found = compared(trial(make, 3))
    assert found.matcher.settled + found.manual.settled == 1600
    assert (found.matcher.reps, found.manual.reps) == (16, 16)
    assert found.missing == ()


def test_an_arm_of_two_reps_is_not_compared_and_the_report_says_what_is_missing(make):
    facts = trial(make, 4, n_reps=2)
    found = compared(facts)
    assert (found.plain, found.adjusted, found.verdict) == (None, None, "not enough")
    assert found.missing[0] == "the leads given out by the matcher ended with 2 reps; 3 are needed"


def test_a_side_without_leads_is_said(make):
    facts = make.facts(200)
    found = compared(make.given(facts, matcher=np.ones(200, dtype=bool), p_before=[0.2] * 200))
    assert found.plain is None
    assert found.missing == ("0 leads given out by people or imports have ended; 20 are needed",)


def test_without_scores_from_before_the_plain_difference_is_told_and_nobody_is_judged(make):
    facts = trial(make, 5)
    unknown = pl.when(pl.col("by") == "importer").then(None).otherwise(pl.col("p_before")).alias("p_before")
    found = compared(replace(facts, given=facts.given.with_columns(unknown)))
    assert found.plain is not None
    assert (found.adjusted, found.verdict) == (None, "not enough")
    assert "too few to take the leads' own chances out" in found.missing[0]


def test_sides_of_different_times_are_said(make):
    facts = trial(make, 6)
    late = facts.leads.join(facts.given.select("lead_id", "by"), on="lead_id", maintain_order="left").select(
        pl.when(pl.col("by") == "matcher")
        .then(pl.col("created_at"))
        .otherwise(pl.col("created_at") - timedelta(days=90))
        .alias("created_at")
    )
    found = compared(replace(facts, leads=facts.leads.with_columns(late["created_at"])))
    assert any("90 days later" in each for each in found.missing)


def test_leads_that_nobody_ever_had_are_on_no_side(make):
    found = compared(make.facts(100))
    assert (found.matcher.leads, found.manual.leads) == (0, 0)
