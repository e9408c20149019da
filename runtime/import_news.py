"""Notes on whose floor an import changed something, and tells the keepers of the pools. Stores nothing itself."""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from domain.ports import RepRecords
from domain.values import Market, RepId
from records.importing.importer import BulkSink
from records.importing.tables import TableName
from runtime.routing_news import open_routing_news
from runtime.settings import Settings


@dataclass(frozen=True)
class FloorWatch:
    """A `BulkSink` in front of another one.

    Attributes:
        sink: Where the rows land.
        reps: The reps as they are.
        changed: Markets in which a rep is new or different, those that a rep left among them; grows.
    """

    sink: BulkSink
    reps: RepRecords
    changed: set[Market] = field(default_factory=set)

    async def insert_frame(self, table: str, frame: pl.DataFrame, *, at: datetime) -> int:
        """Write rows in one transaction and return how many were new."""
        if table != TableName.REPS:
            return await self.sink.insert_frame(table, frame, at=at)
        before = await self.reps.markets_of([RepId(rep_id) for rep_id in frame["id"]])
        written = await self.sink.insert_frame(table, frame, at=at)
        if written:
            self.changed.update(before, map(Market, frame["market"]))
        return written


async def tell_of_floors(markets: AbstractSet[Market], settings: Settings) -> None:
    """Ask for a sweep of markets. Never fails: without a workflow server the next change of a floor asks again."""
    if markets:
        news = await open_routing_news(settings)
        await asyncio.gather(*(news.floor_changed(market) for market in sorted(markets)))
