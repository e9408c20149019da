import pytest

from agents.structured import WrittenReply, write_structured
from domain.errors import LanguageModelError
from tests.doubles.copilot import ScriptedChatModel


async def ask(model: ScriptedChatModel) -> WrittenReply:
    return await write_structured(model, "system", "user", WrittenReply)


@pytest.mark.parametrize(
    "answer",
    [
        '{"text": "yes [1]", "citations": [1]}',
        '```json\n{"text": "yes [1]", "citations": [1]}\n```',
        'Here it is: {"text": "yes [1]", "citations": [1], "mood": "fine"} Bye.',
    ],
)
async def test_an_answer_is_read_with_or_without_wrapping(answer):
    assert await ask(ScriptedChatModel([answer])) == WrittenReply(text="yes [1]", citations=(1,))


async def test_a_bad_answer_is_asked_for_once_more_with_the_error():
    model = ScriptedChatModel(['{"citations": []}', '{"text": "yes"}'])
    assert (await ask(model)).text == "yes"
    assert "text: Field required" in model.asked[1][1]
    model.assert_used_up()


async def test_a_second_bad_answer_is_a_named_error():
    model = ScriptedChatModel(["no json", "still none"])
    with pytest.raises(LanguageModelError, match="invalid_answer") as caught:
        await ask(model)
    assert caught.value.kind == "invalid_answer"
    model.assert_used_up()
