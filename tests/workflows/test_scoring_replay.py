"""Score keepers and trainings that yesterday's code started go on under today's: recorded histories replay."""

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from tests.workflows.record_scoring import HISTORIES, IDENTITY
from workflows import names
from workflows.score_keeper import ScoreKeeperWorkflow
from workflows.scoring_payloads import KeeperRun
from workflows.training import NightlyTrainingWorkflow, ScoringTrainingWorkflow

FILES = sorted(HISTORIES.glob("*.json"))
NAMES = {"keeper", "keeper_continued", "keeper_continued-last", "night", "training"}


def replayer(*workflows: type) -> Replayer:
    return Replayer(workflows=workflows, data_converter=pydantic_data_converter)


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))


@workflow.defn(name=names.SCORE_KEEPER_WORKFLOW)
class ForgetfulKeeper(ScoreKeeperWorkflow):
    """A keeper that was changed without a patch: it never scores."""

    @workflow.run
    async def run(self, start: KeeperRun) -> None:
        await workflow.wait_condition(lambda: False)


def test_every_way_of_scoring_is_recorded() -> None:
    assert {file.stem for file in FILES} == NAMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    workflows = replayer(ScoreKeeperWorkflow, NightlyTrainingWorkflow, ScoringTrainingWorkflow)
    await workflows.replay_workflow(read(file))


async def test_a_changed_keeper_does_not_replay() -> None:
    history = read(HISTORIES / "keeper.json")
    changed = Replayer(
        workflows=[ForgetfulKeeper],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=pydantic_data_converter,
    )
    with pytest.raises(workflow.NondeterminismError):
        await changed.replay_workflow(history)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_history_names_no_machine(file: Path) -> None:
    identities = set(re.findall(r'"identity": ?"([^"]*)"', file.read_text(encoding="utf-8")))
    assert identities == {IDENTITY}
