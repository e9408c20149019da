"""Wins because of the rep, on choices whose truth is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tools.matching.effectiveness.expectation import settle
from tools.matching.effectiveness.others import measure_others

SKILLED = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def others(facts):
    return measure_others(facts, settle(facts.leads))


def line_of(found, key):
    return next(line for line in found.uplift if line.key == key)


def test_a_planted_uplift_is_found_at_both_ends_of_the_ranking(make):
    played = make.choices(2500, effects=SKILLED)
    found = others(played.facts)
    assert (found.uplift[0].key, found.uplift[0].verdict) == ("rep-0", "adds")
    assert (found.uplift[-1].key, found.uplift[-1].verdict) == ("rep-9", "costs")
    assert "Rep 0 +" in found.summary[-1]


def test_permuted_reps_add_nothing_beyond_the_level(make):
    """Who closed a lead is drawn again; 10 reps on 20 floors are 200 chances to be wrong."""
    named = 0
    for seed in range(20):
        facts = make.choices(1000, effects=SKILLED, seed=seed).facts
        drawn = facts.leads["rep_id"].gather(np.random.default_rng(seed).permutation(1000))
        found = others(replace(facts, leads=facts.leads.with_columns(rep_id=drawn)))
        named += sum(line.verdict in {"adds", "costs"} for line in found.uplift)
    assert named <= 10


def test_intervals_hold_what_reps_truly_add(make):
    """Every lead is drawn at random, so a rep's own leads are like all that list him."""
    held = []
    for seed in range(12):
        played = make.choices(2000, explore=1.0, error=0.2, seed=seed)
        found = others(played.facts)
        for line in found.uplift:
            truth = played.added[int(line.key.removeprefix("rep-"))]
            held.append(line.added_per_100.low <= truth <= line.added_per_100.high)
    assert np.mean(held) >= 0.88


def test_draws_of_luck_alone_hold_the_truth_too(make):
    held = []
    for seed in range(12):
        played = make.choices(2000, explore=1.0, error=0.2, seed=seed)
        for line in others(played.facts).uplift:
            truth = played.added[int(line.key.removeprefix("rep-"))]
            held.append(line.drawn_per_100.low <= truth <= line.drawn_per_100.high)
    assert np.mean(held) >= 0.9


def test_where_chance_played_no_part_draws_of_luck_are_not_told(make):
    found = others(make.choices(1000, explore=0.0).facts)
    assert {(line.drawn_per_100, line.drawn_support) for line in found.uplift} == {(None, None)}


def test_where_a_rep_was_hardly_ever_tried_only_the_part_that_the_log_bears_on_is_told(make):
    facts = make.choices(600, explore=0.0).facts
    some = pl.when(pl.int_range(pl.len()) % 2 == 0).then(0.8).otherwise(1.0).alias("propensity")
    found = others(replace(facts, choices=facts.choices.with_columns(some))).uplift
    assert {line.drawn_per_100 for line in found} == {None}
    assert all(0 < line.drawn_support < 0.8 for line in found if line.settled >= 20)


def test_a_rep_with_five_leads_won_is_not_first(make):
    facts = make.choices(2000, effects=SKILLED).facts
    told = (pl.col("rep_id") == "rep-5") & (pl.col("outcome") == "won")
    first = pl.when(told & (told.cum_sum() <= 5)).then(pl.lit("newcomer")).otherwise("rep_id").alias("rep_id")
    found = others(replace(facts, leads=facts.leads.with_columns(first)))
    new = line_of(found, "newcomer")
    assert (new.settled, new.wins, new.verdict) == (5, 5, "not enough")
    assert found.uplift[0].key == "rep-0"


def test_counted_wins_and_expected_ones_add_up(make):
    facts = make.choices(800).facts
    found = others(facts)
    assert sum(line.settled for line in found.uplift) == 800
    assert sum(line.wins for line in found.uplift) == (facts.leads["outcome"] == "won").sum()
    for line in found.uplift:
        assert line.above_expected.value == pytest.approx(line.wins - line.expected_wins)
        assert line.added_wins.value == pytest.approx(line.added_per_100.value * line.settled / 100)


def test_reps_who_do_not_differ_are_not_named(make):
    found = others(make.choices(1500, effects=(0.0,) * 8).facts)
    assert {line.verdict for line in found.uplift} == {"no more than chance"}
    assert "No rep is seen" in found.summary[-1]


def test_when_many_are_told_from_0_the_sentence_names_three_at_each_end_and_counts_the_others(make):
    effects = (2.0,) * 5 + (0.0,) * 5 + (-2.0,) * 5
    found = others(make.choices(6000, effects=effects, explore=1.0).facts)
    told = sum(line.verdict in {"adds", "costs"} for line in found.uplift)
    assert told > 6
    assert f"; {told - 6} more are told from 0." in found.summary[-1]


def test_without_recorded_candidates_nobodys_uplift_is_told(make):
    found = others(make.facts(300))
    assert found.uplift == ()
    assert "nobody's uplift can be told" in found.summary[-1]
