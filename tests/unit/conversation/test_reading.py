from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conversations import Message, MessageReading, Speaker, Stage
from domain.errors import InvalidInputError
from domain.values import LeadId
from tools.conversation.examples import load_examples
from tools.conversation.tool import ConversationTool, find_lead_ids

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TOOL = ConversationTool()


def read(text: str, speaker: Speaker = Speaker.LEAD) -> MessageReading:
    return TOOL.read([Message(speaker=speaker, text=text)], now=NOW)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("What does it cost per month?", "pricing"),
        ("Could we talk on Thursday at ten?", "book_meeting"),
        ("I am ready to sign, send me the contract", "ready_to_buy"),
        ("¿Cuánto cuesta al mes?", "pricing"),
        ("Nobody has called me back, this is unacceptable", "complaint"),
    ],
)
def test_reads_the_intent_of_a_lead(text: str, intent: str) -> None:
    assert read(text).intent == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Why is lead insurance-00042 so hot?", "score_explanation"),
        ("Which rep should take this lead?", "find_rep"),
        ("What should I do next with her?", "next_action"),
        ("He says it is too expensive, what do I answer?", "objection_help"),
        ("Write a short email to this lead", "write_message"),
        ("¿Por qué está caliente este prospecto?", "score_explanation"),
    ],
)
def test_reads_the_intent_of_a_rep(text: str, intent: str) -> None:
    assert read(text, Speaker.REP).intent == intent


def test_finds_an_objection_with_the_words_that_show_it() -> None:
    reading = read("Thanks for the mail. Your price is too high for us. Talk soon.")

    assert [(o.kind, o.quote) for o in reading.objections] == [("price", "Your price is too high for us.")]


def test_finds_a_buying_signal_beside_an_objection() -> None:
    reading = read("We already have a provider. But can we talk on Thursday?")

    assert [o.kind for o in reading.objections] == ["competitor"]
    assert [s.kind for s in reading.buying_signals] == ["wants_meeting"]


def test_a_rep_shows_no_buying_signals() -> None:
    assert read("Can we talk on Thursday?", Speaker.REP).buying_signals == ()


def test_a_conversation_moves_through_its_stages() -> None:
    lines = [
        (Speaker.REP, "Hello, thanks for taking my call"),
        (Speaker.REP, "How many clients do you have, and what is your budget?"),
        (Speaker.LEAD, "That is too expensive, we already have a provider"),
    ]
    messages = [Message(speaker=speaker, text=text) for speaker, text in lines]

    stages = [TOOL.read(messages[: n + 1], now=NOW).stage for n in range(3)]

    assert stages == [Stage.OPENING, Stage.QUALIFICATION, Stage.OBJECTION]


def test_the_language_is_named_or_said_to_be_unknown() -> None:
    assert [
        read(t).language for t in ("Could you send me a quote for the plan?", "¿Me puede llamar mañana?", "ok")
    ] == [
        "en",
        "es",
        "und",
    ]


def test_sentiment_follows_the_words() -> None:
    angry, glad = read("This is unacceptable, I am very disappointed"), read("This looks great, thank you so much!")

    assert (angry.sentiment.label, glad.sentiment.label) == ("negative", "positive")


def test_urgency_is_higher_for_a_leak_today_than_for_next_year() -> None:
    assert read("Please come today, it is urgent").urgency > 0.5 > read("Maybe next year, no hurry").urgency


def test_lead_ids_are_found_in_order_and_once() -> None:
    assert find_lead_ids("compare lead insurance-00042 with L-7 and lead insurance-00042, and lead 99") == (
        LeadId("insurance-00042"),
        LeadId("L-7"),
        LeadId("99"),
    )


def test_a_blank_message_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must end with a message that has a text"):
        read("   ")


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=300).filter(lambda text: text.strip() != ""), st.sampled_from(Speaker))
def test_any_text_gives_a_valid_reading(text: str, speaker: Speaker) -> None:
    reading = TOOL.read([Message(speaker=speaker, text=text)], now=NOW)

    assert MessageReading.model_validate(reading.model_dump()) == reading


@pytest.mark.parametrize("name", ["rep_intents", "lead_intents", "signals", "stages", "sentiment"])
def test_examples_are_unique(name: str) -> None:
    texts = load_examples(name).texts

    assert sorted(set(texts)) == sorted(texts)
