"""Features are computed from what was known before the moment, and "not measured" is never zero."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import InteractionKind
from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.context import Coverage, DealValues, MarketContext, past_of
from tools.scoring.features import FEATURES, Detail
from tools.scoring.history import OUTCOMES_SCHEMA
from tools.scoring.past import EndedLeads
from tools.scoring.table import build_features, build_row

AS_OF = START + timedelta(days=30)


def one_lead(*events, **lead) -> InMemoryHistory:
    history = InMemoryHistory()
    history.add_lead("a", START, **lead)
    for days_before, kind, *rest in events:
        history.add_event("a", AS_OF - timedelta(days=days_before), kind, **(rest[0] if rest else {}))
    return history


def features_of(history: InMemoryHistory, context: MarketContext | None = None, as_of: datetime = AS_OF) -> dict:
    frame = history.frame(moments_of(("a", as_of)))
    return build_features(frame, context or MarketContext.unknown()).row(0, named=True)


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from([*InteractionKind]),
    record=st.sampled_from(["interaction", "assignment", "outcome"]),
    later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
    said=st.sampled_from([None, "How much is it? Urgent.", "Otra compañía es más barata"]),
    page=st.sampled_from([None, "/pricing"]),
)
def test_no_event_at_or_after_the_moment_changes_a_feature(kind, record, later, said, page):
    history = one_lead((3, "email_sent"), (2, "email_replied", {"payload": {"text": "What is the price?"}}),
                       (1, "page_viewed", {"payload": {"page": "/quote"}, "value": 9.0}), fields={"size": 3})  # fmt: skip
    frame = history.frame(moments_of(("a", AS_OF)))
    payload = json.dumps({name: text for name, text in (("text", said), ("page", page)) if text})
    future = history.with_row(
        lead_id="a", as_of=AS_OF, record=record, id="z", at=AS_OF + later, kind=str(kind), rep_id="r", value=60.0,
        payload=payload, product_id="p",
    )  # fmt: skip
    context = MarketContext(Coverage(), ended(("r", AS_OF - timedelta(days=1), True)), DealValues())
    both = pl.concat([frame, future])
    assert build_features(both, context).equals(build_features(frame, context))
    assert build_row(both, AS_OF, context) == build_row(frame, AS_OF, context)


@settings(max_examples=30, deadline=None)
@given(
    later=st.lists(
        st.tuples(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)), st.booleans()), max_size=5
    )
)
def test_no_lead_that_ends_or_comes_at_or_after_the_moment_changes_a_market_feature(later):
    segment = {"product_id": "tile", "region": "north", "industry": "retail"}
    # Somebody comes later in any case: what is known reaches past the moment.
    before = [("r", AS_OF - timedelta(days=8 * i + 1), i % 3 == 0, segment) for i in range(40)]
    before.append((None, None, False, {"created_at": AS_OF + timedelta(days=500), "outcome": None}))
    came = [(None, AS_OF + delay, won, segment | {"created_at": AS_OF + delay / 2}) for delay, won in later]
    after = [("r", AS_OF + delay, won, segment) for delay, won in later]
    lead = {"rep": "r", "product_id": "tile", "region": "north", "fields": {"industry": "retail"}}
    assert market_features(ended(*before, *after), **lead) == market_features(
        ended(*before, *_still_open(after)), **lead
    )
    assert market_features(ended(*before, *came), **lead) == market_features(ended(*before), **lead)


def row_in(past: EndedLeads, rep: str, **lead) -> dict:
    """The features of one lead by the path that needs no query engine."""
    body = {"market": "m", "region": lead["region"], "fields": lead["fields"]}
    records = [
        {"record": "lead", "lead_id": "a", "id": "a", "at": START, "kind": "web", "product_id": lead["product_id"],
         "payload": json.dumps(body)},
        {"record": "assignment", "lead_id": "a", "id": "b", "at": START, "rep_id": rep},
    ]  # fmt: skip
    return build_row(records, AS_OF, MarketContext(Coverage(), past, DealValues()))


def _still_open(rows) -> list:
    return [(rep, None, won, more | {"outcome": None}) for rep, _, won, more in rows]


def test_a_lead_scored_at_two_moments_gets_two_rows():
    history = one_lead((3, "page_viewed"), (0.5, "page_viewed"))
    frame = history.frame(moments_of(("a", AS_OF), ("a", AS_OF - timedelta(days=1))))
    assert build_features(frame, MarketContext.unknown())["page_views_total"].to_list() == [1.0, 2.0]


def test_events_are_counted_in_their_windows():
    row = features_of(one_lead((0.5, "page_viewed"), (5, "page_viewed"), (20, "page_viewed")))
    counts = [row[name] for name in ("page_views_1d", "page_views_7d", "page_views_30d", "page_views_total")]
    assert counts == [1.0, 2.0, 3.0, 3.0]


def test_bots_are_left_out():
    row = features_of(one_lead((1, "page_viewed", {"payload": {"user_agent": "Googlebot/2.1"}}), (2, "page_viewed")))
    assert row["page_views_total"] == 1.0


def test_a_word_that_contains_bot_is_no_bot():
    row = features_of(one_lead((1, "page_viewed", {"payload": {"user_agent": "Botanica Browser"}})))
    assert row["page_views_total"] == 1.0


def test_counts_are_zero_where_the_log_covers_the_lead():
    coverage = Coverage(since=START - timedelta(days=1), kinds=("page_viewed",))
    context = MarketContext(coverage, EndedLeads.none(), DealValues())
    assert features_of(one_lead(), context)["page_views_total"] == 0.0


def test_counts_are_not_measured_where_the_log_began_after_the_lead():
    coverage = Coverage(since=START + timedelta(days=10), kinds=("page_viewed",))
    context = MarketContext(coverage, EndedLeads.none(), DealValues())
    row = features_of(one_lead((2, "page_viewed")), context)
    assert (row["page_views_total"], row["page_views_7d"]) == (None, 1.0)


def test_kinds_never_logged_are_not_measured():
    coverage = Coverage(since=START - timedelta(days=1), kinds=("page_viewed",))
    context = MarketContext(coverage, EndedLeads.none(), DealValues())
    row = features_of(one_lead((2, "page_viewed")), context)
    assert (row["webinars_total"], row["budget_discussed"], row["days_since_reply"]) == (None, None, None)


def test_rates_without_a_denominator_are_not_measured():
    row = features_of(one_lead((2, "page_viewed")))
    rates = ("reply_rate", "meeting_attendance_rate", "objections_resolved_share", "response_latency_hours")
    assert [row[name] for name in rates] == [None, None, None, None]


def test_handled_objections_raise_the_share_and_never_pass_one():
    row = features_of(one_lead((3, "objection_raised"), (2, "objection_resolved"), (1, "objection_resolved")))
    assert row["objections_resolved_share"] == 1.0


def test_response_latency_runs_from_our_message_to_the_written_reply_that_follows():
    row = features_of(one_lead((3, "email_sent"), (2.5, "email_replied"), (2, "email_replied")))
    assert row["response_latency_hours"] == pytest.approx(12.0)


def test_engagement_halves_in_seven_days():
    row = features_of(one_lead((7, "page_viewed"), (14, "page_viewed")))
    assert row["engagement"] == pytest.approx(0.75)


def test_reply_rate_attendance_talk_and_active_days():
    row = features_of(
        one_lead(
            (9, "email_sent"), (8.9, "email_replied"), (7, "call_attempted"), (6.9, "call_answered", {"value": 120.0}),
            (5, "meeting_attended", {"value": 600.0}), (4, "meeting_missed"), (3, "budget_discussed"),
        )
    )  # fmt: skip
    wanted = {
        "reply_rate": 1.0, "meeting_attendance_rate": 0.5, "talk_seconds": 720.0, "active_days": 5.0,
        "budget_discussed": True, "inbound_trend": 3.0,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted


def test_creation_hour_is_local():
    row = features_of(one_lead(timezone="America/New_York"))
    assert (row["created_hour"], row["created_weekday"]) == (19.0, 7.0)


def test_fields_become_text_columns_whatever_their_type():
    row = features_of(one_lead(fields={"n": 3.0, "x": 2.5, "b": True, "s": "tile", "none": None}))
    fields = {name: value for name, value in row.items() if name.startswith("field.")}
    assert fields == {
        "field.n": "3", "field.x": "2.5", "field.b": "true", "field.s": "tile", "field.none": None
    }  # fmt: skip


@pytest.mark.parametrize(("days", "month"), [(729, None), (730, 1.0)])
def test_the_month_is_measured_only_where_two_years_are_seen(days, month):
    history = one_lead()
    history.add_lead("z", START)
    seen = history.frame(moments_of(("a", AS_OF), ("z", AS_OF + timedelta(days=days))))
    context = MarketContext(Coverage.of(seen), EndedLeads.none(), DealValues())
    assert features_of(history, context)["month"] == month


def test_every_feature_of_the_table_is_computed():
    row = features_of(one_lead((2, "page_viewed")))
    assert list(row)[2:] == [feature.name for feature in FEATURES]


def ended(*rows) -> EndedLeads:
    """Leads created 200 days before the moment, by (rep, end, won) and further columns by name."""
    made = [
        {"lead_id": str(i), "created_at": AS_OF - timedelta(days=200), "rep_id": rep, "outcome_at": at}
        | {"outcome": "won" if won else "lost"} | (rest[0] if rest else {})
        for i, (rep, at, won, *rest) in enumerate(rows)
    ]  # fmt: skip
    frame = pl.DataFrame([{n: row.get(n) for n in OUTCOMES_SCHEMA} for row in made], schema=OUTCOMES_SCHEMA)
    return past_of(frame, {row["lead_id"]: row.get("industry") for row in made})


def market_features(past: EndedLeads, rep: str | None = None, *, seasons=True, **lead) -> dict:
    history = one_lead(**lead)
    if rep is not None:
        history.add_event("a", AS_OF - timedelta(days=1), "rep", record="assignment", rep_id=rep)
    return features_of(history, MarketContext(Coverage(seasons=seasons), past, DealValues()))


def test_a_reps_lift_ignores_what_ended_at_or_after_the_moment():
    past = ended(("r", AS_OF - timedelta(days=1), True), ("q", AS_OF - timedelta(days=2), False), ("r", AS_OF, True))
    assert market_features(past, "r")["rep_win_rate_lift"] == pytest.approx((1 + 20 * 0.5) / (1 + 20) - 0.5)


def test_a_reps_lift_is_the_shrunk_rate_over_all_that_rep_ended():
    days = range(2, 32)
    past = ended(*(("r", AS_OF - timedelta(days=d), d % 3 == 0) for d in days), ("q", AS_OF - timedelta(days=1), False))
    team = 10 / 31
    lift = market_features(past, "r")["rep_win_rate_lift"]
    assert lift == pytest.approx((10 + 20 * team) / (30 + 20) - team)


def test_a_new_rep_is_as_good_as_the_team():
    past = ended(("q", AS_OF - timedelta(days=2), False), ("q", AS_OF - timedelta(days=3), True))
    assert market_features(past, "new")["rep_win_rate_lift"] == 0.0


def test_a_lead_without_a_rep_has_no_lift():
    row = market_features(ended(("q", AS_OF - timedelta(days=2), True)))
    assert (row["rep_win_rate_lift"], row["rep_similar_win_rate_lift"]) == (None, None)


def test_a_rep_who_wins_one_product_only_is_better_on_it():
    sold = {"slate": True, "tile": False}
    past = ended(
        *(("r", AS_OF - timedelta(days=2 + i), won, {"product_id": p}) for i in range(30) for p, won in sold.items()),
        *(("q", AS_OF - timedelta(days=2 + i), i % 2 == 0, {"product_id": p}) for i in range(30) for p in sold),
    )
    lifts = [market_features(past, "r", product_id=p)["rep_similar_win_rate_lift"] for p in ("slate", "tile")]
    assert lifts[0] > 0.05
    assert lifts[1] < -0.05


def test_industry_region_and_segment_are_held_against_all_and_shrunk():
    def fact(day, won, **more):
        return ("q", AS_OF - timedelta(days=day), won, {"region": "north", "product_id": "tile"} | more)

    past = ended(
        *(fact(2 + i, True, industry="retail") for i in range(20)),
        *(fact(2 + i, False, industry="mining", region="south", product_id="slate") for i in range(20)),
    )
    row = market_features(past, region="north", product_id="tile", fields={"industry": "Retail"})
    assert row["industry_affinity"] == pytest.approx((20 + 10) / 40 - 0.5)
    assert row["geographic_opportunity"] == pytest.approx((20 + 20 * 0.75) / 40 - 0.5)
    assert row["market_win_rate_lift"] == pytest.approx((20 + 20 * 0.75) / 40 - 0.5)


def test_the_recent_win_rate_forgets_what_ended_half_a_year_ago():
    old = (("q", AS_OF - timedelta(days=190), True, {"product_id": "tile"}) for _ in range(40))
    new = (("q", AS_OF - timedelta(days=2), i < 10, {"product_id": "slate" if i < 8 else "tile"}) for i in range(20))
    row = market_features(ended(*old, *new), product_id="tile")
    assert row["market_win_rate_lift"] == pytest.approx((2 + 20 * 0.5) / 32 - 0.5)


def test_a_segment_that_wins_slowly_says_how_many_days_more():
    def won(product, took):
        at = AS_OF - timedelta(days=200 - took)
        return ("q", at, True, {"product_id": product})

    past = ended(*(won("tile", 30) for _ in range(20)), *(won("slate", 90) for _ in range(20)))
    row = market_features(past, product_id="slate")
    assert row["market_days_to_win_lift"] == pytest.approx((90 * 20 + 60 * 20) / 40 - 60)


def test_the_volume_trend_compares_the_last_month_with_the_one_before():
    frame = pl.DataFrame(
        [
            {"lead_id": str(i), "created_at": AS_OF - timedelta(days=days), "product_id": "tile", "region": "north"}
            for i, days in enumerate([1] * 15 + [40] * 5 + [70])
        ]
    ).cast({"created_at": pl.Datetime("us", "UTC")})
    columns = [pl.col(n) if n in frame.columns else pl.lit(None, t).alias(n) for n, t in OUTCOMES_SCHEMA.items()]
    past = past_of(frame.select(columns), {})
    row = market_features(past, product_id="tile", region="north")
    assert row["market_volume_trend"] == pytest.approx(np.log(20 / 10))
    assert market_features(past, product_id="tile")["market_volume_trend"] is None
    assert market_features(past, product_id="tile", region="north", seasons=False)["market_volume_trend"] is None


def test_deal_values_never_mix_currencies():
    rows = [{"lead_id": str(i), "outcome": "won", "value": 100.0 + i, "currency": "USD"} for i in range(3)]
    rows.append({"lead_id": "x", "outcome": "won", "value": 9e9, "currency": "JPY"})
    frame = pl.DataFrame([{n: r.get(n) for n in OUTCOMES_SCHEMA} for r in rows], schema=OUTCOMES_SCHEMA)
    assert DealValues.of(frame) == DealValues(currency="USD", overall=101.0)


def test_a_context_survives_its_plain_form():
    past = ended(("r", datetime(2024, 5, 1, 12, tzinfo=UTC), True), ("q", datetime(2024, 4, 1, tzinfo=UTC), False))
    deals = DealValues(currency="EUR", overall=5.0, by_product={"p": 6.0})
    context = MarketContext(Coverage(since=START, kinds=("page_viewed",), details=(Detail.TEXT,)), past, deals)
    copy = MarketContext.from_plain(context.to_plain())
    assert (copy.coverage, copy.deals, copy.ranges) == (context.coverage, deals, context.ranges)
    assert copy.past.to_plain() == past.to_plain()
