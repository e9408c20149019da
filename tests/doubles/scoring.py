"""What stands in for the durable side of scoring: it writes down what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import LeadlineError
from domain.rescoring import LeadChange, ModelUpdate, Rescored
from domain.values import LeadId, Market


@dataclass
class RecordingNews:
    """`domain.scoring_ports.LeadNews` in memory."""

    heard: list[tuple[Market, LeadId, datetime]] = field(default_factory=list)

    async def lead_changed(self, market: Market, lead_id: LeadId, *, at: datetime) -> None:
        self.heard.append((market, lead_id, at))


@dataclass
class RecordingKeeper:
    """`domain.scoring_ports.ScoreKeeper` in memory. With an `error`, every call raises it."""

    told: list[tuple[Market, tuple[LeadChange, ...]]] = field(default_factory=list)
    error: LeadlineError | None = None

    async def leads_changed(self, market: Market, changes: Sequence[LeadChange]) -> None:
        if self.error is not None:
            raise self.error
        self.told.append((market, tuple(changes)))


@dataclass
class RecordingTrainings:
    """`domain.scoring_ports.Trainings` in memory."""

    started: list[Market] = field(default_factory=list)

    async def start(self, market: Market) -> str:
        self.started.append(market)
        return f"scoring-training-{market}"


@dataclass
class RecordingRescorer:
    """`domain.scoring_ports.LeadRescorer` in memory. Leads named in `broken` fail whatever batch they are in, for good."""

    batches: list[tuple[tuple[LeadId, ...], datetime]] = field(default_factory=list)
    ended: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()

    async def rescore(self, lead_ids: Sequence[LeadId], *, as_of: datetime) -> Rescored:
        if self.broken.intersection(lead_ids):
            raise ValueError("broken")
        self.batches.append((tuple(lead_ids), as_of))
        ended, missing = len(self.ended.intersection(lead_ids)), len(self.missing.intersection(lead_ids))
        return Rescored(scored=len(lead_ids) - ended - missing, ended=ended, missing=missing)

    @property
    def scored(self) -> list[LeadId]:
        return [lead_id for batch, _ in self.batches for lead_id in batch]


@dataclass
class RecordingTrainer:
    """`domain.scoring_ports.ModelTrainer` in memory: promotes what it has not seen. Markets in `errors` raise theirs."""

    trained: list[tuple[Market, datetime]] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)

    async def update_model(self, market: Market, *, now: datetime) -> ModelUpdate:
        if market in self.errors:
            raise self.errors[market]
        new = market not in {known for known, _ in self.trained}
        self.trained.append((market, now))
        why = "no worse than what serves" if new else "serves already"
        return ModelUpdate(market=market, promoted=new, version=f"{market}-1", why=why)
