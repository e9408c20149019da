import dataclasses
import json
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.judge import Judge, open_judge
from evals.ragas_metrics import id_precision, id_recall, measured, rouge_recall, tool_call_f1
from runtime.settings import Settings
from tests.doubles.scripted_llm import Fails, Garbage, Says, ScriptedServer, serve_script

QUESTION, REPLY = "How high is the fee?", "The fee is USD 450. It is paid once."
CONTEXTS = ["There is one onboarding fee of USD 450 per agency.", "Commission is paid on the 15th."]
STATEMENTS = Says(json.dumps({"statements": ["The fee is USD 450.", "The fee is paid once."]}))


class LetterEncoder:
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[text.casefold().count(letter) for letter in "aeiourstln"] for text in texts])
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve_script() as script:
        yield script


@pytest.fixture
async def judge(server: ScriptedServer) -> AsyncIterator[Judge]:
    settings = Settings(llm_base_url=server.base_url, llm_model="judge", llm_timeout_s=5)
    async with open_judge(settings, LetterEncoder()) as judge:
        assert judge is not None
        yield judge


def verdicts(*values: int) -> Says:
    return Says(json.dumps({"statements": [{"statement": "s", "reason": "r", "verdict": v} for v in values]}))


async def test_faithfulness_is_the_part_of_statements_that_the_judge_finds_supported(
    server: ScriptedServer, judge: Judge
) -> None:
    server.then(STATEMENTS, verdicts(1, 0))
    assert await judge.faithfulness(QUESTION, REPLY, CONTEXTS) == 0.5
    server.assert_used_up()


async def test_a_judge_that_finds_no_statement_has_measured_nothing(server: ScriptedServer, judge: Judge) -> None:
    server.then(Says(json.dumps({"statements": []})))
    assert await judge.faithfulness(QUESTION, REPLY, CONTEXTS) is None


async def test_context_precision_asks_about_every_passage(server: ScriptedServer, judge: Judge) -> None:
    server.then(*(Says(json.dumps({"reason": "r", "verdict": v})) for v in (0, 1)))
    found = await judge.precision(QUESTION, "USD 450", CONTEXTS)
    assert found == pytest.approx(0.5, abs=1e-6)
    server.assert_used_up()


async def test_relevancy_compares_with_the_house_encoder(server: ScriptedServer, judge: Judge) -> None:
    same = Says(json.dumps({"question": QUESTION, "noncommittal": 0}))
    server.then(same, same, same)
    assert await judge.relevancy(QUESTION, REPLY) == pytest.approx(1.0)


async def test_relevancy_of_a_judge_without_questions_is_not_measured(server: ScriptedServer, judge: Judge) -> None:
    nothing = Says(json.dumps({"question": "", "noncommittal": 0}))
    server.then(nothing, nothing, nothing)
    assert await judge.relevancy(QUESTION, REPLY) is None


async def test_without_an_encoder_relevancy_is_not_measured(judge: Judge) -> None:
    assert await dataclasses.replace(judge, encoder=None).relevancy(QUESTION, REPLY) is None


@pytest.mark.logs_errors
@pytest.mark.parametrize("trouble", [Fails(400), Fails(401), Garbage()], ids=["refused", "no key", "garbage"])
async def test_an_outage_of_the_judge_is_no_measurement(
    server: ScriptedServer, judge: Judge, trouble: Fails | Garbage
) -> None:
    server.then(*[trouble] * 8)
    assert await judge.faithfulness(QUESTION, REPLY, CONTEXTS) is None


async def test_no_chat_model_means_no_judge() -> None:
    async with open_judge(Settings(llm_base_url="", llm_api_key=None), None) as judge:
        assert judge is None


@pytest.mark.parametrize(("value", "expected"), [(float("nan"), None), (None, None), (0.0, 0.0), (1, 1.0)])
def test_nan_is_not_measured_and_zero_is(value: float | None, expected: float | None) -> None:
    assert measured(value) == expected


async def test_ids_found_and_wanted_give_recall_and_precision() -> None:
    found, wanted = ["a", "b", "c", "d"], ["a", "e"]
    assert (await id_recall(found, wanted), await id_precision(found, wanted)) == (0.5, 0.25)


async def test_the_right_specialists_give_one_and_others_less() -> None:
    assert await tool_call_f1("why", ["score"], ["score"]) == 1.0
    assert await tool_call_f1("why", ["match"], ["score"]) == 0.0


async def test_rouge_is_the_part_of_the_reference_that_was_said() -> None:
    assert await rouge_recall("the fee is 450 dollars once", "the fee is 450") == 1.0
