from datetime import UTC, datetime

import pytest

from domain.conversations import Message, MessageReading, Speaker
from tools.conversation.tool import ConversationTool

TOOL = ConversationTool()


def read(text: str, speaker: Speaker = Speaker.LEAD) -> MessageReading:
    return TOOL.read([Message(speaker=speaker, text=text)], now=datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("intent", "signal", "text"),
    [
        ("pricing", "asks_price", "how much does the whole thing cost for our two offices"),
        ("book_meeting", "wants_meeting", "can we talk on Thursday at ten in your office downtown"),
        ("ready_to_buy", "commitment", "we would like to go ahead with the second proposal now"),
    ],
)
def test_an_intent_shows_the_signal_that_it_implies(intent: str, signal: str, text: str) -> None:
    reading = read(text)
    assert reading.intent == intent
    assert signal in {found.kind for found in reading.buying_signals}


def test_the_words_of_an_implied_signal_are_the_writers() -> None:
    reading = read("Good to meet you. How much does it cost?")
    assert all(signal.quote in "Good to meet you. How much does it cost?" for signal in reading.buying_signals)


def test_an_objection_beside_another_intent_needs_more_certainty() -> None:
    reading = read("I cannot log in to the portal")
    assert reading.intent == "support"
    assert all(objection.confidence >= 0.5 for objection in reading.objections)
