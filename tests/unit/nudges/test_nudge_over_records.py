"""The tool over the real records in SQLite: what the fakes assume holds there."""

from datetime import timedelta

import pytest

from domain.nudges import NudgeResult
from records.database import open_database
from records.repositories import Records
from tools.nudges.recording import replay_nudge
from tools.nudges.tool import NudgeTool


@pytest.fixture
async def records(tmp_path):
    database = await open_database(f"sqlite:///{tmp_path}/nudges.db")
    yield Records.over(database)
    await database.close()


@pytest.fixture
async def real_tool(records, office, make, roofing):
    await records.leads.save(make.lead(), at=make.now)
    await records.consents.record(make.consent())
    return NudgeTool(
        leads=records.leads,
        consents=records.consents,
        interactions=records.interactions,
        outcomes=records.outcomes,
        nudge_results=records.nudge_results,
        decisions=records.decisions,
        scorer=office,
        clock=office,
        catalogues={"roofing": roofing},
    )


async def test_a_nudge_is_recalled_by_its_key_and_replays_to_the_same_numbers(real_tool, records, office):
    first = await real_tool.plan_nudge("lead-1", key="step-1")
    office.moment += timedelta(hours=1)
    assert await real_tool.plan_nudge("lead-1", key="step-1") == first
    chosen, propensities = replay_nudge(await records.decisions.get(first.decision_id))
    assert chosen == first.action.id
    assert propensities == {option.action_id: option.propensity for option in first.considered}


async def test_a_reply_raises_the_expected_gain_of_its_action(real_tool, records, make):
    first = await real_tool.plan_nudge("lead-1", key="step-1")
    answered = NudgeResult(
        decision_id=first.decision_id, lead_id="lead-1", action_id=first.action.id, replied=True, at=make.now
    )
    await records.nudge_results.record(answered)
    second = await real_tool.plan_nudge("lead-1", key="step-2")
    gains = [{o.action_id: o.expected_gain for o in nudge.considered}[first.action.id] for nudge in (first, second)]
    assert gains[1] > gains[0]
