"""Trains the models of markets, durably. Deterministic: no I/O, no clock, no settings."""

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from domain.errors import LeadlineError
    from domain.rescoring import ModelUpdate
    from domain.values import Market
    from workflows import names
    from workflows.policies import TRAINING
    from workflows.scoring_payloads import NightlyReport, NightlyTraining, TrainingOrder, TrainingRequest

_BUGS = (AssertionError, AttributeError, LeadlineError, LookupError, NameError, RuntimeError, TypeError, ValueError)


@workflow.defn(name=names.SCORING_TRAINING_WORKFLOW, failure_exception_types=_BUGS)
class ScoringTrainingWorkflow:
    """Trains the model of one market and lets the gate decide whether it serves."""

    @workflow.run
    async def run(self, request: TrainingRequest) -> ModelUpdate:
        """Train on everything settled before now."""
        order = TrainingOrder(market=request.market, as_of=workflow.now())
        update: ModelUpdate = await workflow.execute_activity(
            names.TRAIN_MARKET_MODEL, order, result_type=ModelUpdate, **TRAINING
        )
        workflow.set_current_details(f"{update.version or 'nothing'}: {update.why}")
        return update


@workflow.defn(name=names.NIGHTLY_TRAINING_WORKFLOW, failure_exception_types=_BUGS)
class NightlyTrainingWorkflow:
    """Trains every market, one after the other, so that a night never takes more than one market's memory."""

    @workflow.run
    async def run(self, night: NightlyTraining) -> NightlyReport:
        """Train each market that nobody is training already; a market that fails does not stop the others."""
        updates: list[ModelUpdate] = []
        failed: list[Market] = []
        running: list[Market] = []
        for market in night.markets:
            try:
                updates.append(await _train(market))
            except WorkflowAlreadyStartedError:
                running.append(market)
            except ChildWorkflowError as error:
                workflow.logger.warning("training_failed", extra={"market": market, "why": str(error.cause)})
                failed.append(market)
        return NightlyReport(updates=tuple(updates), failed=tuple(failed), running=tuple(running))


async def _train(market: Market) -> ModelUpdate:
    update: ModelUpdate = await workflow.execute_child_workflow(
        names.SCORING_TRAINING_WORKFLOW,
        TrainingRequest(market=market),
        id=names.training_id(market),
        result_type=ModelUpdate,
        # A training that has begun is worth its end, whatever becomes of the night.
        parent_close_policy=ParentClosePolicy.ABANDON,
    )
    return update
