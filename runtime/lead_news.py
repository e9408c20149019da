"""Passes on that leads changed, many at a time, and keeps what could not be passed on yet. Stores nothing.

While one call to the workflow server is on its way, further changes gather for the next: a burst of requests costs a
few calls. A request waits a moment for the call that carries its lead, because after it the change survives the death
of every process. While the server is away nobody waits; what gathers is told when it is back. What this process takes
with it when it is killed in between is found at the next read, because scores are computed on demand.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from domain.errors import WorkflowsUnavailableError
from domain.rescoring import LeadChange
from domain.scoring_ports import ScoreKeeper
from domain.values import LeadId, Market

_log = structlog.get_logger(__name__)

_MOST_WAITING = 200_000
_LAST_CALL_S = 1.0


class GatheredLeadNews:
    """`domain.scoring_ports.LeadNews` in front of a score keeper. Works while `open_lead_news` holds it.

    Args:
        keeper: Who is told.
        patience_s: Longest time that a caller waits to be passed on.
        pause_s: Time between two tries while the server is away.
    """

    def __init__(self, keeper: ScoreKeeper, *, patience_s: float = 0.25, pause_s: float = 2.0) -> None:
        self._keeper, self._patience_s, self._pause_s = keeper, patience_s, pause_s
        self._waiting: dict[Market, dict[LeadId, datetime]] = {}
        self._bell = asyncio.Event()
        self._told: asyncio.Future[None] | None = None
        self._away = False

    @property
    def waiting(self) -> int:
        """How many leads have not been passed on."""
        return sum(len(leads) for leads in self._waiting.values())

    async def lead_changed(self, market: Market, lead_id: LeadId, *, at: datetime) -> None:
        """Pass on that something happened to a lead. Never fails; waits a moment at most."""
        self._note(market, lead_id, at)
        if self._told is None:
            self._told = asyncio.get_running_loop().create_future()
        told = self._told
        self._bell.set()
        if not self._away:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(told), self._patience_s)

    async def pass_on_forever(self) -> None:
        """Tell the keeper whatever comes in, call after call."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            await self.pass_on()
            if self._away:
                await asyncio.sleep(self._pause_s)
                self._bell.set()

    async def pass_on(self) -> None:
        """Tell the keeper what has gathered; what it does not take is kept."""
        told, self._told = self._told, None
        gathered, self._waiting = self._waiting, {}
        try:
            for market, leads in list(gathered.items()):
                await self._keeper.leads_changed(
                    market, [LeadChange(lead_id=lead_id, at=at) for lead_id, at in leads.items()]
                )
                del gathered[market]
            self._away = False
        except WorkflowsUnavailableError as error:
            if not self._away:
                _log.warning("rescoring_waits", leads=sum(map(len, gathered.values())), why=str(error))
            self._away = True
        finally:  # also when this is cancelled in the middle of a call
            for market, leads in gathered.items():
                for lead_id, at in leads.items():
                    self._note(market, lead_id, at)
        if told is not None and not told.done():
            told.set_result(None)

    def _note(self, market: Market, lead_id: LeadId, at: datetime) -> None:
        leads = self._waiting.setdefault(market, {})
        if lead_id in leads or self.waiting < _MOST_WAITING:
            leads[lead_id] = max(at, leads.get(lead_id, at))


@asynccontextmanager
async def open_lead_news(keeper: ScoreKeeper) -> AsyncIterator[GatheredLeadNews]:
    """Pass news on for the length of a block; at its end, tell once more what has gathered."""
    news = GatheredLeadNews(keeper)
    messenger = asyncio.create_task(news.pass_on_forever())
    try:
        yield news
    finally:
        messenger.cancel()
        with suppress(asyncio.CancelledError):
            await messenger
        if news.waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.pass_on(), _LAST_CALL_S)
