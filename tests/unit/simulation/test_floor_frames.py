"""The frames are what records would hold: valid, in order, and blind to the future."""

import polars as pl
import pytest

from domain.events import OUTBOUND_KINDS, ConsentEvent, Interaction, Outcome
from domain.matches import AssignmentRecord
from domain.people import Lead, Rep
from simulation import rows

_ROWS = {
    "leads": rows.lead_of,
    "reps": rows.rep_of,
    "products": rows.product_of,
    "interactions": rows.interaction_of,
    "outcomes": rows.outcome_of,
    "consents": rows.consent_of,
    "assignments": rows.assignment_of,
}


@pytest.mark.parametrize("table", _ROWS)
def test_sample_rows_make_domain_values(floor, table):
    frame = floor.tables()[table]
    sample = frame.sample(min(40, len(frame)), seed=1)
    built = [_ROWS[table](row) for row in sample.iter_rows(named=True)]
    assert len(built) == len(sample)


@pytest.mark.parametrize(
    ("table", "type_", "absent"),
    [
        ("leads", Lead, {"fields", "provenance"}),
        ("reps", Rep, set()),
        ("interactions", Interaction, set()),
        ("outcomes", Outcome, set()),
        ("consents", ConsentEvent, set()),
        ("assignments", AssignmentRecord, set()),
    ],
)
def test_columns_are_the_domain_field_names(floor, table, type_, absent):
    columns = {name for name in floor.tables()[table].columns if not name.startswith("fields.")}
    assert columns == set(type_.model_fields) - absent


def test_market_fields_are_columns_with_a_prefix(floor):
    columns = [name for name in floor.leads.columns if name.startswith("fields.")]
    assert columns == [f"fields.{field.name}" for field in floor.market.fields]


@pytest.mark.parametrize("table", ["leads", "reps", "interactions", "consents", "assignments"])
def test_ids_are_unique(floor, table):
    assert floor.tables()[table]["id"].is_unique().all()


def test_every_lead_ends_at_most_once(floor):
    assert floor.outcomes["lead_id"].is_unique().all()


@pytest.mark.parametrize("table", ["interactions", "outcomes", "consents", "assignments", "nudges"])
def test_events_lie_between_creation_and_the_last_day(floor, table):
    frame = floor.tables()[table].join(floor.leads.select("id", "created_at"), left_on="lead_id", right_on="id")
    assert (frame["at"] >= frame["created_at"]).all()
    assert (frame["at"] <= floor.end).all()


@pytest.mark.parametrize("table", ["interactions", "consents", "assignments", "nudges"])
def test_nothing_happens_after_a_lead_has_ended(floor, table):
    ended = floor.outcomes.select("lead_id", ended_at="at")
    frame = floor.tables()[table].join(ended, on="lead_id")
    assert (frame["at"] <= frame["ended_at"]).all()


@pytest.mark.parametrize("table", ["interactions", "outcomes", "consents", "assignments", "nudges"])
def test_events_come_in_order_of_time(floor, table):
    assert floor.tables()[table]["at"].is_sorted()


def test_only_won_deals_have_a_value(floor):
    valued = floor.outcomes.filter(pl.col("value").is_not_null())
    assert set(valued["kind"]) == {"won"}
    assert len(valued) == (floor.outcomes["kind"] == "won").sum()


def test_nobody_is_contacted_without_consent(floor):
    given = floor.consents.filter("granted").select("lead_id", "channel", allowed=pl.lit(value=True))
    withdrawn = floor.consents.filter(~pl.col("granted")).group_by("lead_id").agg(no_more=pl.col("at").min())
    sent = floor.nudges.filter(pl.col("channel").is_not_null())
    checked = sent.join(given, on=["lead_id", "channel"], how="left").join(withdrawn, on="lead_id", how="left")
    assert checked["allowed"].all(ignore_nulls=False) is True
    assert (checked["at"] <= checked["no_more"].fill_null(floor.end)).all()


def test_only_leads_with_a_rep_are_contacted(floor):
    sent = floor.interactions.filter(pl.col("kind").is_in([kind.value for kind in OUTBOUND_KINDS]))
    assert sent["rep_id"].null_count() == 0


def test_propensities_add_up_to_the_policy(floor):
    """By inverse propensity, each action's share of touches is that of a uniform pick over what was allowed."""
    chosen = floor.nudges["propensity"]
    assert chosen.is_between(0, 1, closed="right").all()
    waits = floor.nudges.filter(pl.col("action_id") == "wait")
    assert abs((1 / waits["propensity"]).sum() / len(floor.nudges) - 1) < 0.1


def test_a_withdrawal_comes_with_the_words_of_an_opt_out(floor):
    opt_outs = [text for texts in floor.market.texts.opt_out.values() for text in texts]
    said = floor.interactions.filter(pl.col("text").is_in(opt_outs)).select("lead_id", "at")
    withdrawn = floor.consents.filter(~pl.col("granted")).select("lead_id", "at")
    assert said.sort("lead_id", "at").equals(withdrawn.sort("lead_id", "at"))


def test_leads_write_in_their_own_language(floor):
    spanish = floor.leads.filter(pl.col("language") == "es").select(lead_id="id")
    chats = floor.interactions.filter(pl.col("kind") == "chat_message").join(spanish, on="lead_id")
    sentences = {
        text.replace("{product}", name)
        for texts in floor.market.texts.model_dump().values()
        for text in texts["es"]
        for name in floor.products["name"]
    }
    assert chats.height > 0
    assert set(chats["text"]) <= sentences


def test_a_duplicate_shares_the_phone_or_the_address_of_an_earlier_lead(floor):
    duplicates = floor.outcomes.filter(pl.col("reason") == "duplicate")["lead_id"]
    seen: set[str] = set()
    found = 0
    for row in floor.leads.iter_rows(named=True):
        keys = {key.lower() for key in (row["email"], row["phone"]) if key}
        found += bool(keys & seen) and row["id"] in set(duplicates)
        seen |= keys
    assert found / len(duplicates) > 0.9


def test_bots_view_many_pages_within_two_hours(floor):
    bots = floor.outcomes.filter(pl.col("reason") == "bot").select("lead_id")
    views = (
        floor.interactions.join(bots, on="lead_id").group_by("lead_id").agg(pl.len(), span=pl.max("at") - pl.min("at"))
    )
    assert views["len"].median() > 15
    assert views["span"].max() < pl.Series([2 * 3600 * 1_000_000]).cast(pl.Duration("us"))[0]


def test_ids_say_nothing_but_the_order_of_creation(floor):
    assert floor.leads["id"].is_sorted()
    assert floor.leads["created_at"].is_sorted()
