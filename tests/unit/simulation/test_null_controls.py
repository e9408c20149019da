"""Each planted effect can be switched off alone."""

import numpy as np
import polars as pl
import pytest

from simulation.effects import Effects


def test_without_rep_effect_all_skills_are_zero(floors):
    assert floors.of(effects=Effects(rep=False)).truth.skills().any() == np.False_


def test_without_rep_effect_it_does_not_matter_who_calls(floors):
    floor = floors.of(effects=Effects(rep=False))
    ids = floor.leads["id"][:100].to_list()
    by_rep = np.array([floor.truth.p_convert(ids, [rep] * 100) for rep in floor.reps["id"]])
    assert np.ptp(by_rep, axis=0).max() < 1e-12


def test_without_nudge_effects_every_action_does_the_same(floors):
    floor = floors.of(effects=Effects(nudges=False, timing=False))
    ids = floor.leads["id"][:100].to_list()
    at = [floor.end] * 100
    conversions = np.array([floor.truth.nudge_effect(ids, [a] * 100, at) for a in floor.market.action_ids])
    replies = np.array([floor.truth.reply_probability(ids, [a] * 100, at) for a in floor.market.action_ids])
    assert (np.abs(conversions).max(), np.ptp(replies, axis=0).max()) == (0.0, 0.0)


def test_without_timing_the_moment_does_not_matter(floors):
    floor = floors.of(effects=Effects(timing=False))
    ids = floor.leads["id"][:100].to_list()
    calls = ["call"] * 100
    now = floor.truth.p_convert(ids, action_ids=calls, at=[floor.start] * 100)
    later = floor.truth.p_convert(ids, action_ids=calls, at=[floor.end] * 100)
    assert np.array_equal(now, later)


def test_without_seasons_every_weekday_brings_as_many_leads(floors):
    floor = floors.of(effects=Effects(seasons=False), n_leads=6000)
    counts = floor.leads["created_at"].dt.weekday().value_counts()["count"].to_numpy()
    assert counts.max() / counts.min() < 1.2


def test_drift_alone_moves_the_odds_over_time(floors):
    still, moving = (floors.of(effects=Effects(seasons=False, drift=on)).truth for on in (False, True))
    gap = moving.base_odds - still.base_odds
    assert abs(gap[:100].mean()) < 0.05
    assert gap[-100:].mean() < -0.2


def test_behaviour_switched_off_says_nothing_about_the_lead(floors):
    correlations = []
    for on in (True, False):
        floor = floors.of(effects=Effects(behaviour=on, bots=False, duplicates=False))
        views = floor.interactions.filter(pl.col("kind") == "page_viewed").group_by("lead_id").len()
        counts = floor.leads.select(lead_id="id").join(views, on="lead_id", how="left", maintain_order="left")["len"]
        urgency = floor.truth.response.population.latents["urgency"]
        correlations.append(np.corrcoef(np.log1p(counts.fill_null(0).to_numpy()), urgency)[0, 1])
    assert correlations[0] > 0.5
    assert abs(correlations[1]) < 0.08


def test_without_field_effects_sources_convert_alike(floors):
    floor = floors.of(effects=Effects(fields=False, drift=False, duplicates=False, bots=False))
    by_source = floor.leads.with_columns(odds=pl.Series(floor.truth.base_odds)).group_by("source").agg(pl.mean("odds"))
    on = floors.of(effects=Effects(drift=False, duplicates=False, bots=False))
    with_fields = on.leads.with_columns(odds=pl.Series(on.truth.base_odds)).group_by("source").agg(pl.mean("odds"))
    assert np.ptp(by_source["odds"].to_numpy()) < 0.4 < np.ptp(with_fields["odds"].to_numpy())


def test_nothing_is_missing_when_missing_is_off(floors):
    leads = floors.of(effects=Effects(missing=False, duplicates=False)).leads
    optional = ["name", "company"]
    assert sum(leads.drop(optional).null_count().row(0)) == 0


def test_no_bot_and_no_duplicate_when_they_are_off(floors):
    floor = floors.of(effects=Effects(bots=False, duplicates=False))
    assert set(floor.outcomes["kind"]) == {"won", "lost"}
    assert floor.interactions["attributes"].str.contains("(?i)bot|python-requests|headless").any() is False


@pytest.mark.parametrize("name", ["rep", "nudges", "timing", "drift", "fields", "missing"])
def test_switching_an_effect_off_leaves_the_people_as_they_were(floors, name):
    columns = ["id", "created_at", "name", "source", "product_id", "language"]
    on, off = floors.of().leads, floors.of(effects=Effects(**{name: False})).leads
    assert on.select(columns).equals(off.select(columns))
