"""Chat turns and their numbered events. Answers nobody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, literal, null, select, type_coerce, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import Message, Reply, Speaker, Turn, TurnEvent, TurnRequest, TurnStatus
from domain.errors import TurnConflictError, TurnNotFoundError
from domain.values import ConversationId, TurnId
from records.database import Database
from records.rows import AnyRow, columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import turn_events, turns

_REQUEST = columns_of(TurnRequest, turns)
_TURN = (turns.c.status, turns.c.started_at, turns.c.finished_at, turns.c.reply)


@dataclass(frozen=True)
class SqlTurnRecords:
    """`TurnRecords` in SQL."""

    database: Database

    async def open(self, request: TurnRequest, *, at: datetime) -> Turn:
        """Store a new turn, or return the one stored under this id.

        Raises `TurnConflictError` when the id was used for another request.
        """
        row = {**to_row(request, turns), "status": TurnStatus.RUNNING.value, "started_at": at}
        async with self.database.writing() as connection:
            await insert_new(connection, turns, [row])
            turn = await _get(connection, request.turn_id)
        if turn.request != request:
            raise TurnConflictError(request.turn_id)
        return turn

    async def get(self, turn_id: TurnId) -> Turn:
        """Return a turn. Raises `TurnNotFoundError`."""
        async with self.database.reading() as connection:
            return await _get(connection, turn_id)

    async def append_event(self, turn_id: TurnId, event: TurnEvent) -> bool:
        """Store an event. Idempotent by its number. Raises `TurnNotFoundError`."""
        row = {"turn_id": turn_id, **to_row(event, turn_events)}
        try:
            async with self.database.writing() as connection:
                return await insert_new(connection, turn_events, [row]) > 0
        except IntegrityError:
            raise TurnNotFoundError(turn_id) from None

    async def events_after(self, turn_id: TurnId, number: int) -> tuple[TurnEvent, ...]:
        """Return the events with a greater number, in order."""
        statement = (
            select(*columns_of(TurnEvent, turn_events))
            .where(turn_events.c.turn_id == turn_id, turn_events.c.number > number)
            .order_by(turn_events.c.number)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(TurnEvent, row) for row in await connection.execute(statement))

    async def finish(self, turn_id: TurnId, reply: Reply | None, *, at: datetime) -> None:
        """Close a turn: done with a reply, failed without. Idempotent: the first end stays.

        Raises `TurnNotFoundError`.
        """
        status = TurnStatus.FAILED if reply is None else TurnStatus.DONE
        end = {
            "status": status.value,
            "finished_at": at,
            "reply": None if reply is None else reply.model_dump(mode="json"),
        }
        running = (turns.c.turn_id == turn_id, turns.c.status == TurnStatus.RUNNING.value)
        async with self.database.writing() as connection:
            await connection.execute(update(turns).where(*running).values(end))
            await _get(connection, turn_id)

    async def unfinished(self) -> tuple[Turn, ...]:
        """Return turns still running, oldest first: after a crash they are taken up again."""
        statement = (
            select(*_REQUEST, *_TURN)
            .where(turns.c.status == TurnStatus.RUNNING.value)
            .order_by(turns.c.started_at, turns.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(_turn(row) for row in await connection.execute(statement))

    async def messages(self, conversation_id: ConversationId, *, limit: int = 20) -> tuple[Message, ...]:
        """Return the newest messages of a conversation (rep's and co-pilot's), in order of time."""
        here = turns.c.conversation_id == conversation_id
        asked = _said(Speaker.REP, turns.c.started_at, turns.c.text, type_coerce(null(), JSON)).where(here)
        answered = _said(Speaker.COPILOT, turns.c.finished_at, null(), turns.c.reply)
        said = union_all(asked, answered.where(here, turns.c.status == TurnStatus.DONE.value)).subquery()
        # At the same moment the reply follows its request, and a later turn an earlier one.
        newest = select(said).order_by(said.c.at.desc(), said.c.seq.desc(), said.c.speaker).limit(limit)
        async with self.database.reading() as connection:
            newest_first = (await connection.execute(newest)).all()
        return tuple(_message(row) for row in reversed(newest_first))


def _said(
    speaker: Speaker, at: ColumnElement[Any], text: ColumnElement[Any], reply: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    return select(
        turns.c.seq, literal(speaker.value).label("speaker"), at.label("at"), text.label("text"), reply.label("reply")
    )


def _message(row: AnyRow) -> Message:
    text = row.text if row.speaker == Speaker.REP else Reply.model_validate(row.reply).text
    return Message(speaker=Speaker(row.speaker), text=text, at=row.at)


async def _get(connection: AsyncConnection, turn_id: TurnId) -> Turn:
    row = (await connection.execute(select(*_REQUEST, *_TURN).where(turns.c.turn_id == turn_id))).one_or_none()
    if row is None:
        raise TurnNotFoundError(turn_id)
    return _turn(row)


def _turn(row: AnyRow) -> Turn:
    fields = row._asdict()
    request = {column.name: fields.pop(column.name) for column in _REQUEST}
    return Turn.model_validate({"request": request, **fields})
