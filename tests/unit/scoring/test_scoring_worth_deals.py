"""Won deals are weighted so that what is known today looks like what will be known in the end."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tools.scoring.history import OUTCOMES_SCHEMA
from tools.scoring.worth.deals import MIN_FOLLOWED, WORTH_AGES, followed_days, horizon_days, won_deals

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=150)
DAY = timedelta(days=1)


def cohort(n_leads=6000, *, seed=1, days=150):
    """Leads that come evenly over the days and end, won or lost, after log-normal times."""
    rng = np.random.default_rng(seed)
    created = np.sort(rng.uniform(0, days, n_leads))
    won = rng.random(n_leads) < 0.3
    took = np.where(won, 30.0, 15.0) * np.exp(0.6 * rng.standard_normal(n_leads))
    rows = [
        {
            "lead_id": f"lead-{i:05d}", "created_at": START + created[i] * DAY, "outcome": "won" if won[i] else "lost",
            "outcome_at": START + (created[i] + took[i]) * DAY, "value": 1000.0 + i if won[i] else None,
            "currency": "USD",
        }
        for i in range(n_leads)
    ]  # fmt: skip
    return pl.DataFrame([{n: r.get(n) for n in OUTCOMES_SCHEMA} for r in rows], schema=OUTCOMES_SCHEMA), took[won]


def known_at(outcomes, now):
    hidden = [pl.when(pl.col("outcome_at") <= now).then(n).alias(n) for n in ("outcome", "outcome_at", "value")]
    return outcomes.filter(pl.col("created_at") < now).with_columns(hidden)


def share_within(deals, days):
    fresh = deals.filter(pl.col("age_days") == 0)
    return float(np.average((fresh["days"] <= days).to_numpy(), weights=fresh["weight"].to_numpy()))


def test_weights_undo_that_only_quick_wins_are_known():
    outcomes, took = cohort()
    deals = won_deals(known_at(outcomes, NOW), now=NOW)
    median = float(np.median(took))
    naive = (deals.filter(pl.col("age_days") == 0)["days"] <= median).mean()
    assert share_within(deals, median) == pytest.approx(0.5, abs=0.03)
    assert naive > 0.55


def test_nothing_after_now_is_used():
    outcomes, _ = cohort(800)
    assert won_deals(outcomes, now=NOW).equals(won_deals(known_at(outcomes, NOW), now=NOW))


def test_the_order_of_the_leads_is_of_no_matter():
    outcomes, _ = cohort(300)
    assert won_deals(outcomes.reverse(), now=NOW).equals(won_deals(outcomes, now=NOW))


def test_each_row_is_a_moment_at_which_the_lead_was_open():
    outcomes, _ = cohort(300)
    deals = won_deals(outcomes, now=NOW).join(outcomes.drop("value", "currency"), on="lead_id")
    assert (deals["as_of"] <= deals["outcome_at"]).all()
    assert set(deals["age_days"]) <= set(WORTH_AGES)
    days = (deals["outcome_at"] - deals["as_of"]).dt.total_microseconds() / 86_400e6
    assert np.allclose(deals["days"].to_numpy(), days.to_numpy())


def test_a_win_that_few_leads_were_followed_for_is_left_out_and_weights_are_bounded():
    outcomes, _ = cohort(2000)
    deals = won_deals(outcomes, now=NOW)
    fresh = deals.filter(pl.col("age_days") == 0)
    assert fresh["days"].max() <= horizon_days(followed_days(outcomes, now=NOW))
    assert deals["weight"].max() <= 1 / MIN_FOLLOWED
    assert deals["weight"].min() >= 1


def test_amounts_in_another_currency_or_not_above_zero_are_no_values():
    outcomes, _ = cohort(100, days=60)
    euro, free = won_deals(outcomes, now=NOW)["lead_id"].unique().sort().head(2)
    outcomes = outcomes.with_columns(
        currency=pl.when(pl.col("lead_id") == euro).then(pl.lit("EUR")).otherwise("currency"),
        value=pl.when(pl.col("lead_id") == free).then(0.0).otherwise("value"),
    )
    deals = won_deals(outcomes, now=NOW)
    without = deals.filter(pl.col("value").is_null())
    assert set(without["lead_id"]) == {euro, free}
    assert set(deals["currency"]) == {"USD"}


def test_leads_that_were_on_file_as_open_when_the_log_began_do_not_make_it_slow():
    outcomes, took = cohort()
    began = START + timedelta(days=40)
    imported = outcomes.filter(pl.col("outcome_at") >= began)
    deals = won_deals(known_at(imported, NOW), now=NOW)
    assert (deals["as_of"] >= began).all()
    assert share_within(deals, float(np.median(took))) == pytest.approx(0.5, abs=0.04)


def test_a_market_without_wins_has_no_deals():
    outcomes, _ = cohort(50)
    nobody = outcomes.filter(pl.col("outcome") == "lost")
    assert won_deals(nobody, now=NOW).height == 0
    assert won_deals(nobody.clear(), now=NOW).height == 0
    assert horizon_days(followed_days(nobody.clear(), now=NOW)) == 0
