"""The log of decisions, and what people thought of them; append-only. Judges none of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.decisions import Decision, DecisionKind, Feedback
from domain.errors import DecisionNotFoundError
from domain.values import DecisionId
from records import tables
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new

_Rows = tuple[dict[str, Any], ...]
_ROWS = TypeAdapter(_Rows)
_WITHOUT_LIST = tuple(column for column in columns_of(Decision, tables.decisions) if column.name != "excluded")
_NAMES = tuple(column.name for column in _WITHOUT_LIST)
_LIST_AS_TEXT = cast(tables.decisions.c.excluded, Text).label("excluded")


@dataclass(frozen=True)
class SqlDecisionLog:
    """`DecisionLog` in SQL."""

    database: Database

    async def record(self, decision: Decision) -> bool:
        """Append a decision. Idempotent by id."""
        return await self.record_many([decision]) > 0

    async def record_many(self, decisions: Sequence[Decision]) -> int:
        """Append decisions in one transaction. Idempotent by id. Returns how many were new."""
        async with self.database.writing() as connection:
            return await write_decisions(connection, decisions)

    async def get(self, decision_id: DecisionId) -> Decision:
        """Return a decision. Raises `DecisionNotFoundError`."""
        statement = select(*columns_of(Decision, tables.decisions)).where(tables.decisions.c.id == decision_id)
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise DecisionNotFoundError(decision_id)
        return from_row(Decision, row)

    async def get_many(self, decision_ids: Sequence[DecisionId]) -> Mapping[DecisionId, Decision]:
        """Return those decisions that exist.

        The matches of a batch name every rep whom a rule excluded, in a few lists that most of them share: a list is
        decoded once, and the decisions that have it share it.
        """
        found: dict[DecisionId, Decision] = {}
        lists: dict[str, _Rows] = {}
        async with self.database.reading() as connection:
            for begin in range(0, len(decision_ids), IDS_AT_ONCE):
                wanted = tables.decisions.c.id.in_(decision_ids[begin : begin + IDS_AT_ONCE])
                for row in await connection.execute(select(*_WITHOUT_LIST, _LIST_AS_TEXT).where(wanted)):
                    *_, text = row
                    if text not in lists:
                        lists[text] = _ROWS.validate_python(json.loads(text))
                    fields = dict(zip(_NAMES, row, strict=False))
                    decision = Decision.model_validate(fields).model_copy(update={"excluded": lists[text]})
                    found[decision.id] = decision
        return found

    async def about(self, subject_id: str, *, limit: int = 50) -> tuple[Decision, ...]:
        """Return the newest decisions about a lead or turn, newest first."""
        statement = (
            select(*columns_of(Decision, tables.decisions))
            .where(tables.decisions.c.subject_id == subject_id)
            .order_by(tables.decisions.c.at.desc(), tables.decisions.c.seq.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(Decision, row) for row in await connection.execute(statement))


async def write_decisions(connection: AsyncConnection, batch: Sequence[Decision]) -> int:
    """Append decisions whose id is new. Returns how many.

    A match holds nothing but JSON-plain lists, which the matches of a batch share, so they are not copied.
    """
    rows = [
        {name: getattr(each, name) for name in Decision.model_fields}
        if each.kind is DecisionKind.MATCH
        else to_row(each, tables.decisions)
        for each in batch
    ]
    return await insert_new(connection, tables.decisions, rows)


@dataclass(frozen=True)
class SqlFeedbackRecords:
    """`FeedbackRecords` in SQL."""

    database: Database

    async def record(self, feedback: Feedback) -> bool:
        """Store feedback. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, tables.feedback, [to_row(feedback, tables.feedback)]) > 0

    async def about(self, decision_id: DecisionId) -> tuple[Feedback, ...]:
        """Return feedback on a decision, in order of time."""
        statement = (
            select(*columns_of(Feedback, tables.feedback))
            .where(tables.feedback.c.decision_id == decision_id)
            .order_by(tables.feedback.c.at, tables.feedback.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(Feedback, row) for row in await connection.execute(statement))
