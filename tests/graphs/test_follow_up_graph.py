"""One step of a journey over doubles: what it comes to, and that the Temporal plugin accepts the graph."""

import json
from datetime import timedelta
from typing import Any

import pytest
from temporalio.langgraph import LangGraphPlugin

from domain.errors import KnowledgeUnavailableError, LanguageModelError, LeadNotFoundError
from domain.events import Channel, ConsentEvent, Outcome, OutcomeKind
from domain.journeys import FollowUpStep, StepAction
from graphs.follow_up import FOLLOW_UP, build_follow_up_graph
from tests.doubles.copilot import (
    FakeConsents,
    FakeLeads,
    FakeNudgePlanner,
    FakeOutcomes,
    FakeRetriever,
    ScriptedChatModel,
)
from tests.doubles.copilot_house import CopilotHouse
from tests.doubles.samples import LEAD_ID, NOW, a_lead, a_nudge, a_passage, a_wait, an_action

GOOD = json.dumps(
    {"subject": "Your policy", "body": "Hello Maria Lopez, the deductible is 500 USD [1]. Shall we talk?"}
)
BAD = json.dumps({"subject": "Offer", "body": "Hello Maria Lopez, you get a guaranteed 20 % discount."})
GRANT = ConsentEvent(id="c", lead_id=LEAD_ID, channel=None, granted=True, at=NOW - timedelta(days=3), source="form")


def house(**parts: Any) -> CopilotHouse:
    return CopilotHouse(**{"consents": FakeConsents((GRANT,)), **parts})


def step_of(raw: dict[str, Any]) -> FollowUpStep:
    assert json.loads(json.dumps(raw)) == raw
    return FollowUpStep.model_validate(raw)


async def test_an_email_is_drafted_offline_and_sent():
    step = step_of(await house().step())
    assert step.draft is not None
    assert (step.action, step.channel, step.draft.written_by) == (StepAction.SEND, Channel.EMAIL, "offline")
    assert step.draft.citations == ("p-cover",)
    assert step.draft.review == (
        "Offline answer: no language model is configured, so this was put together from the sources directly.",
    )


async def test_customers_are_quoted_from_documents_for_customers_only():
    told = house()
    await told.step()
    assert told.retriever.queries[0].kinds == ("other", "product")
    assert told.retriever.queries[0].text == "what does the policy cover"


async def test_a_model_s_message_is_checked_and_loses_its_markers():
    model = ScriptedChatModel([GOOD])
    step = step_of(await house(chat_model=model).step())
    assert step.draft is not None
    assert step.draft.body.startswith("Hello Maria Lopez, the deductible is 500 USD. Shall we talk?\n\nBest regards,")
    assert step.draft.written_by == "scripted-model"
    model.assert_used_up()


async def test_a_message_with_a_promise_is_sent_back_once():
    model = ScriptedChatModel([BAD, GOOD])
    step = step_of(await house(chat_model=model).step())
    assert step.draft is not None
    assert step.action == StepAction.SEND
    assert any("'guaranteed' is a promise" in finding for finding in step.draft.review)
    model.assert_used_up()


async def test_a_model_that_promises_twice_is_replaced_by_the_template():
    model = ScriptedChatModel([BAD, BAD])
    step = step_of(await house(chat_model=model).step())
    assert step.draft is not None
    assert (step.action, step.draft.written_by, "guaranteed" in step.draft.body) == (StepAction.SEND, "offline", False)
    model.assert_used_up()


async def test_a_model_that_is_down_does_not_stop_the_journey():
    model = ScriptedChatModel([LanguageModelError("timeout", "as told")])
    step = step_of(await house(chat_model=model).step())
    assert step.draft is not None
    assert (step.action, step.draft.written_by) == (StepAction.SEND, "offline")
    assert "did not answer in time" in step.draft.review[0]


async def test_a_knowledge_base_that_is_down_leaves_a_message_without_facts():
    down = FakeRetriever(error=KnowledgeUnavailableError("down"))
    step = step_of(await house(retriever=down).step())
    assert step.draft is not None
    assert (step.action, step.draft.citations) == (StepAction.SEND, ())


async def test_a_message_the_template_cannot_save_goes_to_a_person():
    leaky = FakeLeads({LEAD_ID: a_lead(name="Maria the hot lead")})
    step = step_of(await house(leads=leaky).step())
    assert step.action == StepAction.ASK_HUMAN


async def test_a_call_goes_to_a_person_with_points_for_it():
    call = a_nudge(an_action("call", label="Call", channel=Channel.PHONE, needs_human=True))
    step = step_of(await house(planner=FakeNudgePlanner(call)).step())
    assert step.draft is not None
    assert (step.action, step.draft.body.split("\n")[0]) == (StepAction.ASK_HUMAN, "Points for the call:")


async def test_a_spanish_lead_gets_a_spanish_message():
    step = step_of(await house(leads=FakeLeads({LEAD_ID: a_lead(language="es")})).step())
    assert step.draft is not None
    assert step.draft.body.startswith("Hola, Maria Lopez:")


async def test_waiting_writes_nothing():
    told = house(planner=FakeNudgePlanner(a_nudge(a_wait())), chat_model=ScriptedChatModel([]))
    step = step_of(await told.step())
    assert (step.action, step.draft, told.retriever.queries) == (StepAction.WAIT, None, [])


async def test_a_lead_that_has_ended_is_not_even_scored():
    told = house(outcomes=FakeOutcomes(Outcome(lead_id=LEAD_ID, kind=OutcomeKind.LOST, at=NOW)))
    step = step_of(await told.step())
    assert (step.action, step.reason, told.scorer.asked) == (StepAction.STOP, "the lead is lost already", [])


async def test_no_consent_and_nothing_left_stops_the_journey():
    told = house(consents=FakeConsents(()), planner=FakeNudgePlanner(a_nudge(a_wait(), options=("wait",))))
    assert step_of(await told.step()).action == StepAction.STOP


async def test_an_unknown_lead_is_an_error_of_the_journey():
    with pytest.raises(LeadNotFoundError, match="L-7"):
        await house(leads=FakeLeads({})).step()


async def test_the_same_key_plans_with_the_same_key_and_records_once():
    told = house()
    assert await told.step() == await told.step()
    assert (told.planner.keys, len(told.decisions.stored)) == (["journey-L-7-1"] * 2, 1)


async def test_a_passage_of_another_language_is_not_quoted():
    told = house(retriever=FakeRetriever())
    told.retriever.result = told.retriever.result.model_copy(
        update={
            "hits": tuple(
                h.model_copy(update={"passage": a_passage(language="es")}) for h in told.retriever.result.hits
            )
        }
    )
    step = step_of(await told.step())
    assert step.draft is not None
    assert step.draft.citations == ()


def test_the_temporal_plugin_accepts_a_fresh_graph_each_time():
    for _ in range(2):
        plugin = LangGraphPlugin(graphs={FOLLOW_UP: build_follow_up_graph(house().follow_up_nodes())})
        assert len(plugin.activities) == 6
