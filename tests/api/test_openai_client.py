"""A real server process and the real `openai` client."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.doubles.api_process import api_process

QUESTION = "What commission do partners earn on Medicare Advantage?"


@pytest.fixture(scope="module")
def api_url(home: Path) -> Iterator[str]:
    with api_process(home, api_key="s3cret") as api:
        yield api.url


@pytest.fixture(scope="module")
def client(api_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{api_url}/v1", api_key="s3cret", max_retries=0) as client:
        yield client


def test_the_model_is_listed(client: openai.OpenAI):
    assert [model.id for model in client.models.list()] == ["leadline-copilot"]


def test_a_completion_answers_with_sources(client: openai.OpenAI):
    answer = client.chat.completions.create(
        model="leadline-copilot", messages=[{"role": "user", "content": QUESTION}], temperature=0.3
    )
    (choice,) = answer.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert "[1]" in (choice.message.content or "")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_gives_the_same_text_in_pieces(client: openai.OpenAI):
    whole = client.chat.completions.create(
        model="leadline-copilot", messages=[{"role": "user", "content": QUESTION}], metadata={"conversation_id": "w"}
    )
    stream = client.chat.completions.create(
        model="leadline-copilot",
        messages=[{"role": "user", "content": QUESTION}],
        metadata={"conversation_id": "s"},
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 1
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_the_same_turn_id_answers_once(client: openai.OpenAI):
    texts = [
        client.chat.completions.create(
            model="leadline-copilot",
            messages=[{"role": "user", "content": QUESTION}],
            metadata={"turn_id": "once", "conversation_id": "once"},
        ).id
        for _ in range(2)
    ]
    assert texts == ["chatcmpl-once", "chatcmpl-once"]


def test_a_wrong_key_is_an_authentication_error(api_url: str):
    with (
        openai.OpenAI(base_url=f"{api_url}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


def test_an_unknown_lead_is_a_not_found_error(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(
            model="leadline-copilot", messages=[{"role": "user", "content": "Why?"}], metadata={"lead_id": "nobody"}
        )


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "system", "content": "be nice"}], [{"role": "user", "content": "  "}], [{"role": "user"}]],
    ids=["none", "no-user", "blank", "no-content"],
)
def test_messages_without_a_question_are_refused(client: openai.OpenAI, messages: list):
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        client.chat.completions.create(model="leadline-copilot", messages=messages)


def test_parts_of_a_message_are_read_as_one_text(client: openai.OpenAI):
    parts = [{"type": "text", "text": "What commission do partners earn"}, {"type": "text", "text": "on Medicare?"}]
    answer = client.chat.completions.create(
        model="leadline-copilot", messages=[{"role": "user", "content": parts}], metadata={"turn_id": "parts"}
    )
    assert answer.choices[0].message.content
