"""The sizes that docs/simulation.md states, on every market."""

import numpy as np
import polars as pl

from simulation.catalogue import load_market, market_names
from simulation.odds import latent_term, static_term


def _ids(floor):
    return floor.leads["id"]


def test_eight_to_twenty_percent_of_finished_leads_convert(floor):
    ended = floor.outcomes.filter(pl.col("kind") != "disqualified")
    assert 0.08 <= (ended["kind"] == "won").mean() <= 0.20


def test_eight_to_twenty_percent_are_planted_to_convert(floor):
    assert 0.08 <= floor.truth.p_convert(_ids(floor)).mean() <= 0.20


def test_the_best_possible_auc_is_that_of_honest_lead_data(floor):
    assert 0.80 <= floor.truth.best_auc() <= 0.88


def test_outcomes_agree_with_the_best_possible_auc(floor):
    """The AUC on drawn outcomes scatters around the planted one."""
    young = floor.leads.filter(pl.col("created_at").dt.year() == 2024)["id"]
    won = floor.outcomes.filter(pl.col("kind") == "won")["lead_id"]
    p = floor.truth.p_convert(young)
    label = young.is_in(won.implode()).to_numpy()
    wins, losses = np.sort(p[label]), p[~label & (p > 0)]
    drawn = 1 - np.searchsorted(wins, losses).mean() / len(wins)
    assert abs(drawn - floor.truth.best_auc(young)) < 0.05


def test_skills_have_the_planted_standard_deviation(floor):
    skills = floor.truth.skills()
    assert 0.35 <= skills.std() <= 0.5
    assert abs(skills.mean()) < 1e-9


def test_fields_carry_about_half_of_what_can_be_known(floor):
    market, population = floor.market, floor.truth.response.population
    scale = floor.stage.scale
    static = scale.static * static_term(market, population)
    latent = scale.latent * latent_term(market, population)
    assert 0.35 <= static.var() / (static.var() + latent.var()) <= 0.6


def test_nudges_add_a_few_points(floor):
    ids = _ids(floor)
    means = {
        action: floor.truth.nudge_effect(ids, [action] * len(ids)).mean()
        for action in floor.market.action_ids
        if action != "wait"
    }
    assert min(means.values()) >= 0.005
    assert 0.02 <= max(means.values()) <= 0.08


def test_waiting_adds_nothing(floor):
    ids = _ids(floor)[:50]
    assert floor.truth.nudge_effect(ids, ["wait"] * 50).tolist() == [0.0] * 50


def test_another_rep_changes_the_odds_of_a_lead(floor):
    ids = floor.leads["id"][:200].to_list()
    by_rep = [floor.truth.p_convert(ids, [rep] * 200) for rep in floor.reps["id"]]
    assert np.std(by_rep, axis=0).mean() > 0.01


def test_a_prompt_contact_beats_a_late_one(floor):
    leads = floor.leads.filter(pl.col("created_at").dt.weekday() == 2)
    ids, created = leads["id"], leads["created_at"]
    calls = ["call"] * len(ids)
    soon = floor.truth.p_convert(ids, action_ids=calls, at=created.dt.offset_by("1h"))
    late = floor.truth.p_convert(ids, action_ids=calls, at=created.dt.offset_by("169h"))
    assert 0.005 < (soon - late).mean() < 0.08


def test_deal_values_have_a_heavy_tail(floor):
    values = floor.outcomes["value"].drop_nulls().sort(descending=True).to_numpy()
    assert values[: len(values) // 10].sum() / values.sum() > 0.30
    assert values.max() / np.median(values) > 8


def test_most_deals_are_won_between_day_8_and_day_80(floor):
    won = floor.outcomes.filter(pl.col("kind") == "won").join(floor.leads, left_on="lead_id", right_on="id")
    days = (won["at"] - won["created_at"]).dt.total_seconds() / 86_400
    assert days.is_between(8, 80).mean() > 0.85
    assert days.min() < 8


def test_arrivals_have_a_weekly_season(floor):
    counts = floor.leads["created_at"].dt.weekday().value_counts().sort("created_at")["count"].to_numpy()
    assert counts.max() / counts.min() > 1.2


def test_each_market_field_is_missing_now_and_then(floor):
    shares = {name: floor.leads[name].null_count() / len(floor.leads) for name in floor.leads.columns if "." in name}
    planted = {f"fields.{field.name}": field.missing for field in floor.market.fields}
    assert {name: abs(share - planted[name]) < 0.02 for name, share in shares.items()} == dict.fromkeys(planted, True)


def test_some_records_are_bots_and_some_are_duplicates(floor):
    reasons = floor.outcomes["reason"].value_counts()
    shares = {row["reason"]: row["count"] / len(floor.leads) for row in reasons.iter_rows(named=True)}
    assert 0.01 <= shares["bot"] <= 0.03
    assert 0.01 <= shares["duplicate"] <= 0.03


def test_half_of_consents_by_sms_and_most_by_email(floor):
    granted = floor.consents.filter("granted").group_by("channel").len()
    shares = {row["channel"]: row["len"] / len(floor.leads) for row in granted.iter_rows(named=True)}
    assert 0.90 <= shares["email"] <= 0.96
    assert 0.45 <= shares["sms"] <= 0.55


def test_two_to_six_percent_withdraw_their_consent(floor):
    withdrawn = floor.consents.filter(~pl.col("granted"))["lead_id"].n_unique()
    assert 0.01 <= withdrawn / len(floor.leads) <= 0.06


def test_leads_of_the_last_month_are_mostly_open(floor):
    young = floor.leads.filter(pl.col("created_at") > floor.end - pl.duration(days=20))["id"]
    ended = floor.outcomes["lead_id"]
    assert young.is_in(ended.implode()).mean() < 0.35


def test_no_product_id_is_used_by_two_markets():
    ids = [product.id for name in market_names() for product in load_market(name).products]
    assert len(ids) == len(set(ids))
