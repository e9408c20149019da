"""News of leads on their way to a score keeper that writes down what it hears, or is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.errors import WorkflowsUnavailableError
from domain.rescoring import LeadChange
from domain.values import LeadId, Market
from runtime.lead_news import GatheredLeadNews, open_lead_news
from tests.doubles.scoring import RecordingKeeper

ROOFING, HOMES = Market("roofing"), Market("real_estate")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AWAY = WorkflowsUnavailableError("gone")


@dataclass
class HeldKeeper(RecordingKeeper):
    """Takes what it is told when it is let."""

    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def leads_changed(self, market: Market, changes: Sequence[LeadChange]) -> None:
        await self.let.wait()
        await super().leads_changed(market, changes)


def change(lead_id: str, minutes: int = 0) -> LeadChange:
    return LeadChange(lead_id=LeadId(lead_id), at=NOON + timedelta(minutes=minutes))


async def test_a_change_has_been_told_when_the_caller_goes_on():
    keeper = RecordingKeeper()
    async with open_lead_news(keeper) as news:
        await news.lead_changed(ROOFING, LeadId("dana"), at=NOON)
        assert keeper.told == [(ROOFING, (change("dana"),))]


async def test_what_comes_during_a_call_goes_into_one_more():
    keeper = HeldKeeper()
    async with open_lead_news(keeper) as news:
        first = asyncio.create_task(news.lead_changed(ROOFING, LeadId("first"), at=NOON))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        rest = [asyncio.create_task(news.lead_changed(ROOFING, LeadId(f"l-{n}"), at=NOON)) for n in range(50)]
        await asyncio.sleep(0)
        keeper.let.set()
        await asyncio.gather(first, *rest)
    assert [len(changes) for _, changes in keeper.told] == [1, 50]


async def test_a_lead_is_told_once_with_its_newest_moment():
    keeper = RecordingKeeper()
    news = GatheredLeadNews(keeper, patience_s=0.001)
    for minutes in (1, 3, 2):
        await news.lead_changed(ROOFING, LeadId("dana"), at=NOON + timedelta(minutes=minutes))
    await news.pass_on()
    assert keeper.told == [(ROOFING, (change("dana", 3),))]


async def test_each_market_has_its_own_call():
    keeper = RecordingKeeper()
    news = GatheredLeadNews(keeper, patience_s=0.001)
    for market in (ROOFING, HOMES):
        await news.lead_changed(market, LeadId(f"in-{market}"), at=NOON)
    await news.pass_on()
    assert [market for market, _ in keeper.told] == [ROOFING, HOMES]


async def test_while_the_server_is_away_nobody_fails_and_nothing_is_forgotten():
    keeper = RecordingKeeper(error=AWAY)
    news = GatheredLeadNews(keeper, patience_s=0.001)
    await news.lead_changed(ROOFING, LeadId("dana"), at=NOON)
    await news.pass_on()
    await news.lead_changed(HOMES, LeadId("jo"), at=NOON)
    await news.pass_on()
    assert (news.waiting, keeper.told) == (2, [])
    keeper.error = None
    await news.pass_on()
    assert (news.waiting, keeper.told) == (0, [(ROOFING, (change("dana"),)), (HOMES, (change("jo"),))])


async def test_while_the_server_is_known_to_be_away_nobody_waits():
    keeper = RecordingKeeper(error=AWAY)
    news = GatheredLeadNews(keeper, patience_s=3600)
    told = asyncio.create_task(news.lead_changed(ROOFING, LeadId("dana"), at=NOON))
    await asyncio.sleep(0)
    await news.pass_on()
    await told
    await news.lead_changed(ROOFING, LeadId("jo"), at=NOON)
    assert news.waiting == 2


async def test_what_waits_is_told_when_the_server_is_back():
    keeper = RecordingKeeper(error=AWAY)
    news = GatheredLeadNews(keeper, patience_s=0.001, pause_s=0.001)
    messenger = asyncio.create_task(news.pass_on_forever())
    await news.lead_changed(ROOFING, LeadId("dana"), at=NOON)
    await asyncio.sleep(0.01)
    keeper.error = None
    async with asyncio.timeout(10):
        while not keeper.told:  # noqa: ASYNC110 - the next try is the messenger's own business
            await asyncio.sleep(0.001)
    messenger.cancel()
    assert keeper.told == [(ROOFING, (change("dana"),))]


async def test_what_waits_at_the_end_is_told_once_more():
    keeper = RecordingKeeper(error=AWAY)
    async with open_lead_news(keeper) as news:
        await news.lead_changed(ROOFING, LeadId("dana"), at=NOON)
        keeper.error = None
    assert keeper.told == [(ROOFING, (change("dana"),))]


async def test_what_was_being_told_at_the_end_is_told_once_more():
    keeper = HeldKeeper()
    async with open_lead_news(keeper) as news:
        caller = asyncio.create_task(news.lead_changed(ROOFING, LeadId("dana"), at=NOON))
        await asyncio.sleep(0.01)
        assert (news.waiting, keeper.told) == (0, [])
        asyncio.get_running_loop().call_later(0.05, keeper.let.set)
    await caller
    assert keeper.told == [(ROOFING, (change("dana"),))]
