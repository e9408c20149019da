"""What came of nudges, and what was sent to a lead. Learns nothing from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.decisions import DecisionKind
from domain.nudges import NudgeResult
from domain.outreach import SendStatus
from domain.values import LeadId, Market
from records.database import Database
from records.rows import to_row
from records.statements import insert_new
from records.tables import decisions, leads, nudge_results, sends

UNPLANNED = ""
"""Stands for the action of a message that no nudge decision asked for. It counts against caps all the same."""

action_sent = func.coalesce(decisions.c.chosen, UNPLANNED)
"""The action behind a send, over `sends_with_decision`."""

sends_with_decision = sends.outerjoin(
    decisions, and_(decisions.c.id == sends.c.decision_id, decisions.c.kind == DecisionKind.NUDGE.value)
)
"""Each send with the nudge decision that led to it: what that decision chose is the action."""


@dataclass(frozen=True)
class SqlNudgeResults:
    """`NudgeResults` in SQL."""

    database: Database

    async def record(self, result: NudgeResult) -> bool:
        """Record a result. Idempotent by decision id; `replied=True` replaces `replied=False`."""
        async with self.database.writing() as connection:
            new = await insert_new(connection, nudge_results, [to_row(result, nudge_results)])
            return new > 0 or (result.replied and await _turn_into_reply(connection, result))

    async def counts(self, market: Market) -> Mapping[str, tuple[int, int]]:
        """Return (replies, silences) per action id."""
        replies = func.sum(case((nudge_results.c.replied, 1), else_=0))
        statement = (
            select(nudge_results.c.action_id, replies, func.count() - replies)
            .join(leads, leads.c.id == nudge_results.c.lead_id)
            .where(leads.c.market == market)
            .group_by(nudge_results.c.action_id)
        )
        async with self.database.reading() as connection:
            rows = await connection.execute(statement)
            return {action_id: (int(replied), int(silent)) for action_id, replied, silent in rows}

    async def sent_to(self, lead_id: LeadId) -> tuple[tuple[str, str, datetime], ...]:
        """Return (action id, channel, sent at) of every message sent to a lead, in order of time.

        A message that no nudge decision asked for has the action `UNPLANNED`.
        """
        statement = (
            select(action_sent, sends.c.channel, sends.c.at)
            .select_from(sends_with_decision)
            .where(sends.c.lead_id == lead_id, sends.c.status == SendStatus.SENT.value)
            .order_by(sends.c.at, sends.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple((action, channel, at) for action, channel, at in await connection.execute(statement))


async def _turn_into_reply(connection: AsyncConnection, result: NudgeResult) -> bool:
    silent = (nudge_results.c.decision_id == result.decision_id, nudge_results.c.replied.is_(False))
    changed = await connection.execute(update(nudge_results).where(*silent).values(replied=True, at=result.at))
    return changed.rowcount > 0
