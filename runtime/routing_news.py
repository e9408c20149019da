"""Passes on what changed on the floor, to journeys and to the keepers of pools. Stores nothing and never fails.

What is lost here while the workflow server is away is found later: the next change of the floor asks for a sweep, and
a pooled journey asks again by itself.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from domain.errors import JourneyClosedError, JourneyNotFoundError, WorkflowsUnavailableError
from domain.journeys import RepChanged
from domain.ports import Journeys
from domain.routing_ports import RoutingKeeper
from domain.values import LeadId, Market
from runtime.settings import Settings, temporal_address

_log = structlog.get_logger(__name__)

_AT_ONCE = 20


async def open_routing_news(settings: Settings) -> "RoutingMessenger":
    """Build the messenger of a command; Temporal is reached when there is something to tell, if it runs."""
    from runtime.temporal import connect
    from workflows.journeys import TemporalJourneys
    from workflows.routing_keepers import TemporalRoutingKeeper

    client = await connect(temporal_address(settings), namespace=settings.temporal_namespace, lazy=True)
    return RoutingMessenger(TemporalJourneys(client), TemporalRoutingKeeper(client))


@dataclass(frozen=True)
class RoutingMessenger:
    """`domain.routing_ports.RoutingNews` over journeys and keepers."""

    journeys: Journeys
    keeper: RoutingKeeper

    async def floor_changed(self, market: Market) -> None:
        """Ask for a sweep of a market."""
        try:
            await self.keeper.floor_changed(market)
        except WorkflowsUnavailableError as error:
            _log.warning("sweep_not_asked_for", market=market, why=str(error))

    async def leads_moved(self, changes: Mapping[LeadId, RepChanged]) -> None:
        """Tell the journeys of leads that these changed hands, some at a time."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def tell(lead_id: LeadId, change: RepChanged) -> int:
            async with gate:
                try:
                    await self.journeys.rep_changed(lead_id, change)
                except (JourneyNotFoundError, JourneyClosedError):
                    return 0
                except WorkflowsUnavailableError:
                    return 1
            return 0

        untold = sum(await asyncio.gather(*(tell(lead_id, change) for lead_id, change in changes.items())))
        if untold:
            _log.warning("journeys_not_told", leads=untold)
