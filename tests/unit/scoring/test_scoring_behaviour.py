"""Each behaviour feature has the value that its formula gives on a story small enough to count by hand."""

from datetime import timedelta

import pytest

from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.context import Coverage, DealValues, MarketContext
from tools.scoring.features import Detail
from tools.scoring.past import EndedLeads
from tools.scoring.table import build_features

AS_OF = START + timedelta(days=60)


def features_of(*events, coverage=None, **lead) -> dict:
    history = InMemoryHistory()
    history.add_lead("a", lead.pop("created_at", START), **lead)
    for days_before, kind, *rest in events:
        more = dict(rest[0]) if rest else {}
        product = more.pop("product_id", None)
        history.add_event("a", AS_OF - timedelta(days=days_before), kind, **more)
        history.events[-1]["product_id"] = product
    context = MarketContext(coverage or Coverage(), EndedLeads.none(), DealValues())
    return build_features(history.frame(moments_of(("a", AS_OF))), context).row(0, named=True)


def test_engagement_score_weighs_actions_and_halves_them_in_seven_days():
    row = features_of((7, "webinar_attended"), (14, "email_replied"))
    assert row["engagement_score"] == pytest.approx(8 / 2 + 6 / 4)


def test_engagement_velocity_is_the_change_in_a_week():
    row = features_of((14, "webinar_attended"), (3.5, "email_replied"))
    now, week_ago = 8 / 4 + 6 * 0.5**0.5, 8 / 2
    assert row["engagement_velocity"] == pytest.approx((now - week_ago) / 7)


def test_rates_per_day_and_per_contact():
    row = features_of((20, "email_sent"), (19, "email_opened"), (18, "page_viewed"), (5, "email_sent"))
    assert row["interaction_frequency"] == pytest.approx(2 / 60)
    assert row["inbound_per_outbound"] == pytest.approx(1.0)
    assert row["kinds_used"] == 2.0


def test_a_fresh_lead_keeps_its_engagement():
    row = features_of((0.0001, "webinar_attended"), created_at=AS_OF - timedelta(days=30))
    assert row["engagement_while_fresh"] == pytest.approx(8 / 2.718281828, rel=1e-4)


def test_content_is_told_by_the_logarithm_of_its_seconds():
    row = features_of((3, "page_viewed", {"value": 30.0}), (2, "document_opened", {"value": 90.0}), (1, "page_viewed"))
    assert row["content_consumption_score"] == pytest.approx(0.693147 + 1.386294, rel=1e-5)


def test_pages_about_prices_are_counted_apart():
    seen = [
        (3 - i, "page_viewed", {"payload": {"page": page}}) for i, page in enumerate(["/Pricing", "/our-costs", "/a"])
    ]
    assert features_of(*seen)["pricing_views_total"] == 1.0


def test_a_visit_ends_after_half_an_hour_of_silence():
    minutes = [0, 10, 39, 70, 71]
    row = features_of(*((1 - minute / 1440, "page_viewed") for minute in minutes))
    assert (row["sessions_total"], row["pages_per_session"]) == (2.0, 2.5)


def test_product_affinity_is_the_share_about_the_product_of_interest():
    acts = ((i + 1, "page_viewed", {"product_id": product}) for i, product in enumerate(["p", "p", "q", None]))
    assert features_of(*acts, product_id="p")["product_affinity"] == pytest.approx(2 / 3)
    assert features_of((1, "page_viewed", {"product_id": "q"}))["product_affinity"] is None


def test_proposals_and_budget():
    row = features_of(
        (9, "proposal_sent"), (8, "proposal_opened"), (7, "proposal_opened"), (6, "budget_discussed"),
        (5, "chat_message", {"payload": {"text": "What does it cost?"}}),
    )  # fmt: skip
    assert (row["proposal_engagement"], row["budget_discussion_depth"]) == (2.0, 2.0)


def test_texts_are_measured_in_both_languages_and_only_where_the_lead_speaks():
    row = features_of(
        (5, "email_sent", {"payload": {"text": "Our price is urgent?"}}),
        (4, "email_replied", {"payload": {"text": "How much? I have another offer."}}),
        (3, "chat_message", {"payload": {"text": "¿Cuánto cuesta? Lo necesito cuanto antes"}}),
        (2, "call_answered", {"payload": {"action_id": "call"}}),
    )
    names = ("message_words_mean", "questions_total", "price_mentions_total", "competitor_mentions_total",
             "urgency_mentions_total")  # fmt: skip
    assert [row[name] for name in names] == [6.0, 2.0, 1.0, 1.0, 1.0]


def test_a_word_inside_another_is_no_mention():
    row = features_of((1, "chat_message", {"payload": {"text": "The corporate hoyo is unpriced"}}))
    assert (row["price_mentions_total"], row["urgency_mentions_total"]) == (0.0, 0.0)


def test_rhythm_tells_regular_from_bursty_and_finds_the_longest_pause():
    regular = features_of(*((day, "page_viewed") for day in (20, 15, 10, 5)))
    bursty = features_of(*((day, "page_viewed") for day in (40, 2.2, 2.1, 2)))
    assert regular["burstiness"] == pytest.approx(-1.0)
    assert bursty["burstiness"] > 0.1
    assert bursty["longest_gap_days"] == pytest.approx(37.8)


def test_the_slope_is_that_of_the_weekly_counts():
    per_week = {0: 6, 1: 5, 2: 4, 3: 3, 4: 2, 5: 1}
    acts = [(7 * week + 1 + 0.1 * i, "page_viewed") for week, n in per_week.items() for i in range(n)]
    assert features_of(*acts)["activity_slope"] == pytest.approx(1.0)
    assert features_of((1, "page_viewed"), created_at=AS_OF - timedelta(days=13))["activity_slope"] is None


def test_hours_are_local_and_their_mean_is_circular():
    # 23:00 and 01:00 in New York, in winter: the middle is midnight.
    hours = (4, 6, 4, 6)
    acts = [(days - hour / 24, "page_viewed") for days, hour in zip((5, 4, 3, 2), hours, strict=True)]
    row = features_of(*acts, timezone="America/New_York")
    assert min(row["time_of_day_preference"], 24 - row["time_of_day_preference"]) == pytest.approx(0.0, abs=1e-6)
    assert row["working_hours_share"] == 0.0
    assert features_of(*acts, timezone="No/Zone")["working_hours_share"] is None


@pytest.mark.parametrize(
    ("detail", "feature"),
    [
        (Detail.TEXT, "questions_total"), (Detail.DURATION, "talk_seconds"), (Detail.PAGE, "pricing_views_total"),
        (Detail.PRODUCT, "product_affinity"),
    ],
)  # fmt: skip
def test_what_needs_a_detail_that_was_never_logged_is_not_measured(detail, feature):
    act = (1, "page_viewed", {"product_id": "p"})
    seen = {
        covered: features_of(act, product_id="p", coverage=Coverage(details=covered))[feature]
        for covered in ((), (detail,))
    }
    assert seen[()] is None
    assert seen[(detail,)] is not None


def test_the_coverage_knows_which_details_were_logged():
    history = InMemoryHistory()
    history.add_lead("a", START)
    history.add_event("a", START + timedelta(days=1), "chat_message", payload={"text": "hello"})
    history.add_event("a", START + timedelta(days=1), "page_viewed", payload={"page": "/"})
    frame = history.frame(moments_of(("a", AS_OF)))
    assert Coverage.of(frame).details == (Detail.TEXT, Detail.PAGE)
