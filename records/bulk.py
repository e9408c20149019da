"""Writes whole frames: the importer's way in. Stores what the repositories would store of the domain values.

Reads no file and reports no row: what is wrong here is an error, because the importer has sorted out bad rows before.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import polars as pl
from pydantic import ValidationError
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import InvalidInputError
from domain.events import ConsentEvent, Interaction, Outcome
from domain.matches import AssignmentRecord
from domain.people import Lead, Product, Rep
from domain.values import Value
from records.assignments import write_assignments
from records.columns import require_aware
from records.consents import write_consents
from records.database import Database
from records.fact_columns import read_facts
from records.fact_inserts import MOST_ROWS, append_facts
from records.interactions import write_interactions
from records.leads import write_leads
from records.outcomes import write_outcomes
from records.people import write_products, write_reps
from records.rows import load_json
from records.tables import assignments, consents, interactions, outcomes

_VALUES_AT_ONCE = 1_000
_WIDE_CACHE = f"PRAGMA cache_size=-{32 * 1024}"
"""Lets a connection keep 32 MB of pages: with the usual 2 MB a large transaction writes and reads them again and again."""

_JSON_FIELDS = frozenset(
    {"fields", "provenance", "attributes", "skills", "regions", "languages", "certificates", "place", "work_days"}
)
Model = TypeVar("Model", bound=Value)


@dataclass(frozen=True)
class _Target(Generic[Model]):
    """A domain type and the statement of its repository that stores a batch of it.

    Attributes:
        model: The domain type.
        write: The statement.
        log: The table, where it is append-only: facts can be checked and appended by column.
    """

    model: type[Model]
    write: Callable[[AsyncConnection, list[Model]], Awaitable[int]]
    log: Table | None = None

    async def store(self, connection: AsyncConnection, frame: pl.DataFrame) -> int:
        """Store the rows that are new. Returns how many."""
        if self.log is None:
            return await self._store_by_row(connection, frame)
        written = 0
        for part in frame.iter_slices(MOST_ROWS):
            cells = read_facts(self.model, self.log, part, as_integers=connection.dialect.name == "sqlite")
            if cells is None:
                written += await self._store_by_row(connection, part)
            else:
                written += await append_facts(connection, self.log, cells)
        return written

    async def _store_by_row(self, connection: AsyncConnection, frame: pl.DataFrame) -> int:
        return sum([await self.write(connection, self._values(part)) for part in frame.iter_slices(_VALUES_AT_ONCE)])

    def _values(self, part: pl.DataFrame) -> list[Model]:
        """Read rows. A null in a field that has a default is as good as no such column."""
        defaults = {name for name, field in self.model.model_fields.items() if not field.is_required()}
        encoded = [name for name in part.columns if name in _JSON_FIELDS]
        found = []
        for row in part.iter_rows(named=True):
            given = {name: cell for name, cell in row.items() if cell is not None or name not in defaults}
            given.update((name, _decoded(name, given[name])) for name in encoded if name in given)
            found.append(self._value(given))
        return found

    def _value(self, given: Mapping[str, Any]) -> Model:
        try:
            return self.model.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            named = f"{self.model.__name__} {given.get('id') or given.get('lead_id')!r}"
            raise InvalidInputError(field, first["input"], f"cannot be stored in {named}: {first['msg']}") from error


def _targets(at: datetime) -> Mapping[str, _Target[Any]]:
    return {
        "leads": _Target(Lead, partial(write_leads, at=at)),
        "reps": _Target(Rep, write_reps),
        "products": _Target(Product, write_products),
        "interactions": _Target(Interaction, write_interactions, interactions),
        "outcomes": _Target(Outcome, write_outcomes, outcomes),
        "consents": _Target(ConsentEvent, write_consents, consents),
        "assignments": _Target(AssignmentRecord, write_assignments, assignments),
    }


@dataclass(frozen=True)
class BulkWriter:
    """Stores frames of leads, reps, products and facts. Running the same frame twice changes nothing."""

    database: Database

    async def insert_frame(self, table: str, frame: pl.DataFrame, *, at: datetime) -> int:
        """Store the rows that are new, all or none, in one transaction.

        Other writers to a SQLite file wait for its end, so a frame should hold some ten thousand rows at most.

        Facts are new by their id (outcomes: by all they say). A lead that differs from its newest version becomes a
        new version; of several rows for one lead, the last counts. A rep or a product that differs is replaced.

        Args:
            table: leads, reps, products, interactions, outcomes, consents or assignments.
            frame: Columns named as the fields of the domain type, a missing or null one taking its default; moments
                are aware; fields of several values (`fields`, `attributes`, `skills`, …) are JSON text.
            at: When this became known; the time of new versions of leads.

        Returns:
            How many rows were written.

        Raises:
            InvalidInputError: When the table is unknown, or a row is no such value; nothing is written then.
            RecordsUnavailableError: When the database does not answer.
        """
        require_aware(at)
        targets = _targets(at)
        if table not in targets:
            raise InvalidInputError("table", table, f"is not one of {', '.join(targets)}")
        async with self.database.writing() as connection:
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql(_WIDE_CACHE)
            return await targets[table].store(connection, frame)


def _decoded(name: str, cell: Any) -> Any:
    """Parse a JSON cell."""
    if not isinstance(cell, str):
        return cell
    try:
        return load_json(cell)
    except ValueError:
        raise InvalidInputError(name, cell, "is no JSON") from None
