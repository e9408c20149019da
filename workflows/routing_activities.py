"""The activity of routing: sweep over a market and tell the journeys. Decides nothing: tools and ports do."""

from dataclasses import dataclass

from temporalio import activity

from domain.journeys import RepChanged
from domain.routing_ports import PoolSweeper, RoutingNews
from workflows import names
from workflows.routing_payloads import SweepRequest, Swept


@dataclass(frozen=True)
class RoutingActivities:
    """What the routing keeper does to the world."""

    sweeper: PoolSweeper
    news: RoutingNews

    @activity.defn(name=names.SWEEP_MARKET)
    async def sweep_market(self, request: SweepRequest) -> Swept:
        """Sweep, and tell the journeys of leads that changed hands."""
        swept = await self.sweeper.sweep(request.market, key=request.key)
        await self.news.leads_moved(
            {each.lead_id: RepChanged(rep_id=each.rep_id, by="matcher") for each in swept.handed}
        )
        return Swept(
            handed=len(swept.handed),
            escalated=len(swept.escalated),
            waiting=swept.waiting,
            next_at=swept.next_at,
        )
