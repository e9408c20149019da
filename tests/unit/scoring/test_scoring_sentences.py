"""A sentence about a score passes only if the score bears out its direction, order, numbers and facts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scores import LeadScore, Quantiles, Reason, Rung, Temperature
from domain.values import DecisionId, LeadId
from tests.unit.scoring.conftest import START
from tools.scoring.explaining.checking import check_explanation, examine
from tools.scoring.explaining.sentences import MAX_SENTENCE_WORDS, release, write_sentence
from tools.scoring.explaining.violations import Claim
from tools.scoring.explaining.wording import say
from tools.scoring.features import FEATURES, Unit, describe


def score_of(*reasons: tuple[str, object, float], p: float = 0.43, **more) -> LeadScore:
    told = tuple(
        Reason(feature=name, points=points, text=say(describe(name), value, raises=points > 0))
        for name, value, points in reasons
    )
    return LeadScore(
        lead_id=LeadId("a"), p_convert=p, p_low=max(0.0, p - 0.05), p_high=min(1.0, p + 0.05), points=100 * p,
        base_points=12.0, other_points=100 * p - 12 - sum(reason.points for reason in told),
        temperature=Temperature.HOT, reasons=told, rung=Rung.GBM, model_version="v", feature_hash="h", as_of=START,
        decision_id=DecisionId("d"), **more,
    )  # fmt: skip


SCORE = score_of(("replies_7d", 2.0, 9.2), ("meetings_booked_total", 0.0, -4.1), ("source", "partner_referral", 3.0))

TRUE = [
    "This lead has a 43 % chance to convert.",
    "Score 43 of 100. Main reason: 2 replies in the last 7 days (+9 points).",
    "2 replies in the last 7 days raise the score by 9 points, while no meetings booked so far lowers it by 4.",
    "It is held back by no meetings booked so far (-4 points), but helped by 2 replies in the last 7 days (+9 points).",
    "The biggest plus is 2 replies in the last 7 days, followed by the source: partner referral (+3 points).",
    "The biggest drag is that no meetings were booked so far (-4 points).",
    "Replies do not lower the score, they raise it by 9.2 points.",
    "Without the 2 replies in the last 7 days, the score would be 9 points lower.",
    "Three reasons explain it; replies (2 in the last 7 days) matter more than the source.",
    "The chance lies between 38 % and 48 %.",
    "They are likely to convert, but it is not certain.",
]

FALSE = [
    ("This lead has a 63 % chance to convert.", Claim.NUMBER),
    ("Score 70 of 100. Main reason: 2 replies in the last 7 days (+9 points).", Claim.NUMBER),
    ("2 replies in the last 7 days lower the score by 9 points.", Claim.SIGN),
    ("2 replies in the last 7 days (-9 points).", Claim.SIGN),
    ("Replies do not raise the score, they lower it by 9 points.", Claim.SIGN),
    ("Without the 2 replies in the last 7 days, the score would be 9 points higher.", Claim.SIGN),
    ("The main reason is the source: partner referral (+3 points).", Claim.ORDER),
    ("The source matters more than the 2 replies in the last 7 days.", Claim.ORDER),
    ("Source: partner referral (+3 points), followed by 2 replies in the last 7 days (+9 points).", Claim.ORDER),
    ("5 replies in the last 7 days raise the score by 9 points.", Claim.NUMBER),
    ("2 replies in the last 30 days raise the score by 9 points.", Claim.NUMBER),
    ("2 replies in the last 7 days raise the score by 9 %.", Claim.NUMBER),
    ("2 replies in the last 7 days raise the score by 3 points.", Claim.NUMBER),
    ("2 replies in the last 7 days double the score: twice as likely.", Claim.NUMBER),
    ("2 webinars attended so far raise the score by 9 points.", Claim.FEATURE),
    ("The score is high because of a recent funding round.", Claim.FEATURE),
    ("2 meetings booked so far lower the score by 4 points.", Claim.NEGATION),
    ("No replies in the last 7 days raise the score by 9 points.", Claim.NEGATION),
    ("Unknown replies in the last 7 days raise the score by 9 points.", Claim.NEGATION),
    ("They will buy.", Claim.CERTAINTY),
    ("It is highly likely that they convert.", Claim.CERTAINTY),
    ("This is a cold lead.", Claim.CERTAINTY),
]


@pytest.mark.parametrize("text", TRUE)
def test_true_sentences_pass(text):
    assert check_explanation(text, SCORE) == ()


@pytest.mark.parametrize(("text", "claim"), FALSE)
def test_lies_are_found_and_named(text, claim):
    assert claim in {violation.claim for violation in check_explanation(text, SCORE)}


WORTH = score_of(
    ("response_latency_hours", 30.0, 6.0), ("days_since_reply", 14.0, -5.0), ("rep_win_rate_lift", 0.03, 2.0),
    ("field.book_size_usd", "5222000", 1.6), p=0.4, expected_value=4200.0, fit_points=31.0, engagement_points=22.0,
    days_to_close=Quantiles(p10=12.0, p50=33.0, p90=71.0),
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "It is expected to bring USD 4,200.",
        "It would take about 33 days to close, at most 71 days.",
        "4 in 10 such leads convert: 4 of 10.",
        "The fit alone gives 31 points and the engagement 22 points.",
        "Less than 45 % likely, and more than 35 % likely.",
        "The last reply 2 weeks ago lowers the score by 5 points.",
        "Typical time to a written reply: 30 hours and book size in USD: 5,222,000 both raise the score.",
        "Typical time to a written reply of 30 hours helps; the last reply 14 days ago hurts, and so by 5 points.",
        "Roughly 40 % likely; win rate of the assigned rep against the team's: +3 % (+2 points).",
        "Nothing is certain here.",
        "It scores low because the last reply was 14 days ago.",
    ],
)
def test_worth_time_and_parts_of_a_score_may_be_told(text):
    assert check_explanation(text, WORTH) == ()


@pytest.mark.parametrize(
    "text",
    [
        "It is expected to bring USD 9,200.",
        "It would take about 90 weeks to close.",
        "7 of 10 such leads convert.",
        "The fit alone gives 45 points.",
        "Less than 30 % likely.",
        "The last reply 2 days ago lowers the score by 5 points.",
        "Typical time to a written reply: 30 hours and last reply 14 days ago both raise the score.",
        "It scores high because the last reply was 14 days ago.",
        "It is more likely than not that they convert.",
    ],
)
def test_worth_time_and_parts_of_a_score_must_be_true(text):
    assert check_explanation(text, WORTH)


def test_a_quotation_that_goes_on_with_other_digits_is_none():
    assert check_explanation("Replies in the last 7 days: 2 (+9 points).", SCORE) == ()
    assert check_explanation("Replies in the last 7 days: 25 (+9 points).", SCORE)
    assert check_explanation("Replies in the last 7 days: 2.5 (+9 points).", SCORE)


def test_number_words_count_as_numbers():
    assert check_explanation("Two replies in the last 7 days raise the score by nine points.", SCORE) == ()
    assert check_explanation("Five replies in the last 7 days raise the score.", SCORE)


def test_points_without_a_direction_cannot_be_checked_and_do_not_pass():
    assert check_explanation("2 replies in the last 7 days, 9 points.", SCORE)[0].claim is Claim.SIGN


def test_a_share_of_nought_may_be_told_either_way():
    score = score_of(("reply_rate", 0.0, -3.0))
    assert check_explanation("No replies per contact, which lowers the score by 3 points.", score) == ()
    assert check_explanation("Replies per contact: 0 % (-3 points).", score) == ()


VALUES = {
    Unit.COUNT: st.integers(0, 40).map(float),
    Unit.FLAG: st.booleans(),
    Unit.CATEGORY: st.sampled_from(["web", "partner_referral", "en", "north"]),
    Unit.SHARE: st.floats(0, 1),
    Unit.DAYS: st.floats(0, 300),
    Unit.HOURS: st.floats(0, 100),
    Unit.SECONDS: st.floats(0, 9000),
    Unit.NUMBER: st.floats(-5, 40),
}


@st.composite
def scores(draw) -> LeadScore:
    features = draw(st.lists(st.sampled_from(FEATURES), max_size=3, unique_by=lambda feature: feature.group))
    sizes = sorted(draw(st.lists(st.floats(0.5, 20), min_size=len(features), max_size=len(features))), reverse=True)
    signs = [draw(st.sampled_from([-1, 1])) for _ in features]
    told = [(f.name, draw(VALUES[f.unit]), size * sign) for f, size, sign in zip(features, sizes, signs, strict=True)]
    return score_of(*told, p=draw(st.floats(0.001, 0.999)))


@settings(max_examples=150, deadline=None)
@given(score=scores())
def test_our_own_sentence_is_always_faithful_and_short(score):
    text = write_sentence(score)
    assert check_explanation(text, score) == ()
    assert len(text.split()) <= MAX_SENTENCE_WORDS + 3
    assert text.count(". ") <= 1


@settings(max_examples=60, deadline=None)
@given(score=scores())
def test_our_own_sentence_with_another_probability_never_passes(score):
    other = score.p_convert + 0.3 if score.p_convert < 0.5 else score.p_convert - 0.3
    assert check_explanation(write_sentence(score.model_copy(update={"p_convert": other})), score)


@given(text=st.text(max_size=200))
def test_any_text_can_be_checked(text):
    assert 0 <= examine(text, SCORE).faithfulness <= 1


def test_a_score_without_signal_says_so():
    score = score_of(no_signal="No signal: nothing ranks better than chance.")
    assert "better than chance" in write_sentence(score)
    assert check_explanation(write_sentence(score), score) == ()


def test_a_faithful_text_is_released_as_it_is():
    released = release(TRUE[1], SCORE)
    assert (released.text, released.faithfulness, released.is_template) == (TRUE[1], 1.0, False)


def test_a_text_that_fails_is_replaced_by_the_template():
    released = release("They will buy: 9 replies raise the score by 30 points.", SCORE)
    assert released.text == write_sentence(SCORE)
    assert released.is_template
    assert released.faithfulness < 1
    assert {violation.claim for violation in released.violations} >= {Claim.CERTAINTY, Claim.NUMBER}


def test_no_text_gives_the_template():
    assert release(None, SCORE).text == write_sentence(SCORE)
