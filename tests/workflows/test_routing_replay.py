"""Routing keepers that yesterday's code started go on under today's: recorded histories replay."""

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from tests.workflows.record_routing import HISTORIES, IDENTITY
from workflows import names
from workflows.routing_keeper import RoutingKeeperWorkflow
from workflows.routing_payloads import RoutingRun

FILES = sorted(HISTORIES.glob("*.json"))


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))


@workflow.defn(name=names.ROUTING_KEEPER_WORKFLOW)
class IdleKeeper(RoutingKeeperWorkflow):
    """A keeper that was changed without a patch: it never sweeps."""

    @workflow.run
    async def run(self, start: RoutingRun) -> None:
        await workflow.wait_condition(lambda: False)


def test_every_way_of_keeping_is_recorded() -> None:
    assert {file.stem for file in FILES} == {"keeper", "keeper_continued", "keeper_continued-last"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    replayer = Replayer(workflows=[RoutingKeeperWorkflow], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(read(file))


async def test_a_changed_keeper_does_not_replay() -> None:
    changed = Replayer(
        workflows=[IdleKeeper],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=pydantic_data_converter,
    )
    with pytest.raises(workflow.NondeterminismError):
        await changed.replay_workflow(read(HISTORIES / "keeper.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_history_names_no_machine(file: Path) -> None:
    identities = set(re.findall(r'"identity": ?"([^"]*)"', file.read_text(encoding="utf-8")))
    assert identities == {IDENTITY}
