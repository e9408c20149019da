"""What crosses between the scoring workflows, their activities and their next run: ids and moments, never a message."""

from pydantic import Field

from domain.rescoring import LeadChange, ModelUpdate, Rescored
from domain.values import Instant, LeadId, Market, Value


class LeadsChanged(Value):
    """Leads whose recorded scores are out of date."""

    changes: tuple[LeadChange, ...]


class KeeperState(Value):
    """Where a score keeper stands: what waits, and what it has done since its first run."""

    market: Market
    pending: int = 0
    batches: int = 0
    done: Rescored = Rescored()
    failed: int = 0


class KeeperRun(Value):
    """What a run of a score keeper starts from: its market, its sizes, and what the run before it left.

    Attributes:
        market: Whose leads.
        leads_per_batch: Most leads scored by one activity: one query, one transaction, well under a second.
        batches_per_run: Batches after which a keeper continues as new, long before its history is large.
        pending: Who waits.
        state: What was done.
    """

    market: Market
    leads_per_batch: int = Field(default=200, ge=1)
    batches_per_run: int = Field(default=250, ge=1)
    pending: tuple[LeadChange, ...] = ()
    state: KeeperState | None = None


class RescoreRequest(Value):
    """Score these leads as of a moment; the same moment gives the same decisions when the activity is retried."""

    lead_ids: tuple[LeadId, ...]
    as_of: Instant


class TrainingRequest(Value):
    """Train the model of a market."""

    market: Market


class TrainingOrder(Value):
    """Train on what was settled before a moment; the same moment gives the same version when it is retried."""

    market: Market
    as_of: Instant


class NightlyTraining(Value):
    """Train the models of these markets, one after the other."""

    markets: tuple[Market, ...]


class NightlyReport(Value):
    """What came of a night: a model for each market but those that failed or were being trained already."""

    updates: tuple[ModelUpdate, ...] = ()
    failed: tuple[Market, ...] = ()
    running: tuple[Market, ...] = ()
