"""A very large batch over records, and the same request again: what a caller pays who did not hear the answer."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from benchmarks.harness import Figure
from domain.people import Lead
from domain.scores import LeadScore, Rung, Temperature
from domain.values import DecisionId, LeadId, Market
from records.database import Database, open_database
from records.leads import write_leads
from records.people import write_products, write_reps
from records.repositories import Records
from tools.matching.batch import Floor, Request
from tools.matching.tool import MatchingTool

SECONDS_BAR = 5.0


@dataclass(frozen=True)
class Stand:
    """What the tool is told: scores, history and the time, at no cost of their own."""

    requests: Mapping[LeadId, Request]
    past: pl.DataFrame
    moment: datetime

    def now(self) -> datetime:
        """Stand still."""
        return self.moment

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Tell the history."""
        return self.past

    async def batch_score(
        self, lead_ids: Sequence[LeadId], *, as_of: datetime | None = None, with_reasons: bool = True
    ) -> Sequence[LeadScore]:
        """Score by the requests."""
        return [self._score(self.requests[lead_id]) for lead_id in lead_ids]

    def _score(self, request: Request) -> LeadScore:
        return LeadScore(
            lead_id=request.lead.id,
            p_convert=request.p_convert,
            p_low=request.p_convert,
            p_high=request.p_convert,
            points=100 * request.p_convert,
            base_points=0,
            other_points=100 * request.p_convert,
            temperature=Temperature.WARM,
            expected_value=None if request.value is None else request.p_convert * request.value,
            reasons=(),
            rung=Rung.RULES,
            model_version="given",
            feature_hash="0",
            as_of=self.moment,
            decision_id=DecisionId(f"score-{request.lead.id}"),
        )


def measure_repeat(floor: Floor, requests: Sequence[Request], past: pl.DataFrame, *, full: bool) -> Figure:
    """Assign a batch over SQLite, and again with the same key."""
    first, again = asyncio.run(_assign_twice(floor, requests, past))
    return Figure(
        f"the same request again over records, {len(requests):,} leads x {len(floor.reps):,} reps",
        again,
        "s",
        peer="the first call, scores given",
        peer_value=first,
        bar=f"<= {SECONDS_BAR:g} s",
        holds=again <= SECONDS_BAR if full else None,
    )


async def _assign_twice(floor: Floor, requests: Sequence[Request], past: pl.DataFrame) -> tuple[float, float]:
    """Return the seconds of the first call and of the second, after the model has been learned."""
    moment = max(request.lead.created_at for request in requests)
    stand = Stand({request.lead.id: request for request in requests}, past, moment)
    with tempfile.TemporaryDirectory() as folder:
        database = await open_database(f"sqlite:///{folder}/repeat.db")
        await _fill(database, floor, [request.lead for request in requests], moment)
        tool = MatchingTool(records=Records.over(database), scorer=stand, history=stand, clock=stand)
        lead_ids = [request.lead.id for request in requests]
        await tool.propose(lead_ids[0])
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            await tool.assign_batch(lead_ids, key="once")
            seconds.append(time.perf_counter() - began)
        await database.close()
    return seconds[0], seconds[1]


async def _fill(database: Database, floor: Floor, leads: Sequence[Lead], at: datetime) -> None:
    async with database.writing() as connection:
        await write_products(connection, list(floor.products.values()))
        await write_reps(connection, list(floor.reps))
        await write_leads(connection, list(leads), at=at)
