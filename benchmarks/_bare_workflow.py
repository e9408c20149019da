"""The peer of the journey benchmark: a workflow of one activity. Imports nothing else, because the sandbox imports it."""

from datetime import timedelta

from temporalio import activity, workflow

BARE_WORKFLOW = "BareWorkflow"


@activity.defn
async def bare_activity(name: str) -> str:
    """Do nothing."""
    return name


@workflow.defn(name=BARE_WORKFLOW)
class BareWorkflow:
    """The least that a durable workflow with a side effect can be."""

    @workflow.run
    async def run(self, name: str) -> str:
        """Run one activity."""
        return await workflow.execute_activity(bare_activity, name, start_to_close_timeout=timedelta(seconds=10))
