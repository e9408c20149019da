"""Features are computed from what was known before the moment, and "not measured" is never zero."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import InteractionKind
from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.context import Coverage, DealValues, MarketContext, WinLog
from tools.scoring.features import FEATURES
from tools.scoring.history import OUTCOMES_SCHEMA
from tools.scoring.table import build_features

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
)
def test_no_event_at_or_after_the_moment_changes_a_feature(kind, record, later):
    history = one_lead((3, "email_sent"), (2, "email_replied"), fields={"size": 3})
    frame = history.frame(moments_of(("a", AS_OF)))
    future = history.with_row(
        lead_id="a", as_of=AS_OF, record=record, id="z", at=AS_OF + later, kind=str(kind), rep_id="r", value=60.0
    )
    context = MarketContext.unknown()
    assert build_features(pl.concat([frame, future]), context).equals(build_features(frame, context))


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
    context = MarketContext(coverage, MarketContext.unknown().reps, DealValues())
    assert features_of(one_lead(), context)["page_views_total"] == 0.0


def test_counts_are_not_measured_where_the_log_began_after_the_lead():
    coverage = Coverage(since=START + timedelta(days=10), kinds=("page_viewed",))
    context = MarketContext(coverage, MarketContext.unknown().reps, DealValues())
    row = features_of(one_lead((2, "page_viewed")), context)
    assert (row["page_views_total"], row["page_views_7d"]) == (None, 1.0)


def test_kinds_never_logged_are_not_measured():
    coverage = Coverage(since=START - timedelta(days=1), kinds=("page_viewed",))
    context = MarketContext(coverage, MarketContext.unknown().reps, DealValues())
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
    context = MarketContext(Coverage.of(seen), MarketContext.unknown().reps, DealValues())
    assert features_of(history, context)["month"] == month


def test_every_feature_of_the_table_is_computed():
    row = features_of(one_lead((2, "page_viewed")))
    assert list(row)[2:] == [feature.name for feature in FEATURES]


def ended(*rows) -> WinLog:
    schema = {"rep_id": pl.Utf8, "at": pl.Datetime("us", "UTC"), "won": pl.Boolean}
    return WinLog.of(pl.DataFrame(rows, schema=schema, orient="row"))


def test_a_reps_lift_ignores_what_ended_at_or_after_the_moment():
    reps = ended(("r", AS_OF - timedelta(days=1), True), ("q", AS_OF - timedelta(days=2), False), ("r", AS_OF, True))
    assigned = pl.DataFrame({"lead_id": ["a"], "as_of": [AS_OF], "rep_id": ["r"]})
    rate = reps.lifts(assigned)["rep_win_rate_lift"].to_list()
    assert rate == [pytest.approx((1 + 20 * 0.5) / (1 + 20) - 0.5)]


def test_a_reps_lift_is_the_shrunk_rate_over_all_that_rep_ended():
    days = range(2, 32)
    reps = ended(*(("r", AS_OF - timedelta(days=d), d % 3 == 0) for d in days), ("q", AS_OF - timedelta(days=1), False))
    assigned = pl.DataFrame({"lead_id": ["a"], "as_of": [AS_OF], "rep_id": ["r"]})
    team = 10 / 31
    lift = reps.lifts(assigned)["rep_win_rate_lift"].to_list()
    assert lift == [pytest.approx((10 + 20 * team) / (30 + 20) - team)]


def test_a_new_rep_is_as_good_as_the_team():
    reps = ended(("q", AS_OF - timedelta(days=2), False), ("q", AS_OF - timedelta(days=3), True))
    history = one_lead()
    history.add_event("a", AS_OF - timedelta(days=1), "rep", record="assignment", rep_id="new")
    context = MarketContext(Coverage(), reps, DealValues())
    assert features_of(history, context)["rep_win_rate_lift"] == 0.0


def test_a_lead_without_a_rep_has_no_lift():
    context = MarketContext(Coverage(), ended(("q", AS_OF - timedelta(days=2), True)), DealValues())
    assert features_of(one_lead(), context)["rep_win_rate_lift"] is None


def test_deal_values_never_mix_currencies():
    rows = [{"lead_id": str(i), "outcome": "won", "value": 100.0 + i, "currency": "USD"} for i in range(3)]
    rows.append({"lead_id": "x", "outcome": "won", "value": 9e9, "currency": "JPY"})
    frame = pl.DataFrame([{n: r.get(n) for n in OUTCOMES_SCHEMA} for r in rows], schema=OUTCOMES_SCHEMA)
    assert DealValues.of(frame) == DealValues(currency="USD", overall=101.0)


def test_a_context_survives_its_plain_form():
    reps = ended(("r", datetime(2024, 5, 1, 12, tzinfo=UTC), True), ("q", datetime(2024, 4, 1, tzinfo=UTC), False))
    deals = DealValues(currency="EUR", overall=5.0, by_product={"p": 6.0})
    context = MarketContext(Coverage(since=START, kinds=("page_viewed",)), reps, deals)
    copy = MarketContext.from_plain(context.to_plain())
    assert (copy.coverage, copy.deals, copy.reps.ended.equals(reps.ended)) == (context.coverage, deals, True)
