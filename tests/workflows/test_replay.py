"""Journeys that were started by yesterday's code go on under today's: recorded histories replay to the same commands."""

import re
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, StateGraph
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from records.database import open_database
from records.repositories import Records
from tests.workflows.record import HISTORIES, IDENTITY, SystemClock
from tests.workflows.scripted import SEND, ScriptedNodes, scripted_graph
from tests.workflows.whole_house import build_house
from workflows.journey import LeadJourneyWorkflow
from workflows.langgraph_plugin import follow_up_plugin

FILES = sorted(HISTORIES.glob("*.json"))


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))


def replayer(graph: Any) -> Replayer:
    return Replayer(
        workflows=[LeadJourneyWorkflow], plugins=[follow_up_plugin(graph)], data_converter=pydantic_data_converter
    )


def longer_graph() -> StateGraph[Any, Any, Any, Any]:
    builder = scripted_graph(SEND)()
    builder.add_node("one_more", ScriptedNodes((SEND,)).take_step, metadata={"execute_in": "activity"})
    builder.edges.discard(("take_step", END))
    builder.add_edge("take_step", "one_more")
    builder.add_edge("one_more", END)
    return builder


def test_histories_of_both_graphs_are_recorded() -> None:
    assert {file.name.partition("-")[0].removesuffix(".json") for file in FILES} == {"scripted", "whole"}


@pytest.mark.parametrize("file", [f for f in FILES if f.name.startswith("scripted")], ids=lambda file: file.stem)
async def test_a_recorded_journey_replays(file: Path) -> None:
    await replayer(scripted_graph(SEND)).replay_workflow(read(file))


@pytest.mark.parametrize("file", [f for f in FILES if f.name.startswith("whole")], ids=lambda file: file.stem)
async def test_a_recorded_journey_through_the_real_graph_replays(file: Path, tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    house = build_house(Records.over(database), tmp_path, SystemClock())
    await replayer(house.follow_up_graph).replay_workflow(read(file))
    await database.close()


async def test_a_changed_graph_does_not_replay() -> None:
    history = read(HISTORIES / "scripted-replied.json")
    with pytest.raises(workflow.NondeterminismError):
        await replayer(longer_graph).replay_workflow(history)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_history_names_no_machine(file: Path) -> None:
    identities = set(re.findall(r'"identity": ?"([^"]*)"', file.read_text(encoding="utf-8")))
    assert identities == {IDENTITY}
