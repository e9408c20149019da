"""What stands in for the durable side of routing: it writes down what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import LeadlineError
from domain.journeys import RepChanged
from domain.routing_results import Sweep
from domain.values import LeadId, Market


@dataclass
class RecordingRoutingNews:
    """`domain.routing_ports.RoutingNews` in memory."""

    changed: list[Market] = field(default_factory=list)
    moved: dict[LeadId, RepChanged] = field(default_factory=dict)

    async def floor_changed(self, market: Market) -> None:
        self.changed.append(market)

    async def leads_moved(self, changes: Mapping[LeadId, RepChanged]) -> None:
        self.moved |= changes


@dataclass
class RecordingRoutingKeeper:
    """`domain.routing_ports.RoutingKeeper` in memory. With an `error`, every call raises it."""

    told: list[Market] = field(default_factory=list)
    error: LeadlineError | None = None

    async def floor_changed(self, market: Market) -> None:
        if self.error is not None:
            raise self.error
        self.told.append(market)


@dataclass
class ScriptedSweeper:
    """`domain.routing_ports.PoolSweeper` by a script: first its failures, then its sweeps, then nothing ever happens."""

    sweeps: list[Sweep] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    asked: list[tuple[Market, str]] = field(default_factory=list)

    async def sweep(self, market: Market, *, key: str) -> Sweep:
        if self.failures:
            raise self.failures.pop(0)
        self.asked.append((market, key))
        return self.sweeps.pop(0) if self.sweeps else Sweep(market=market, handed=(), escalated=(), waiting=0)
