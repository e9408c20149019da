"""The tables that can be imported, and the rule of each column. Holds data only: it reads and checks nothing.

A row that keeps these rules constructs the domain model of its table; `test_import_validation_property.py` proves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.events import Channel, InteractionKind, OutcomeKind, Purpose
from domain.values import MAX_ID_LENGTH

MAX_TEXT_LENGTH = 100_000


class TableName(StrEnum):
    """A table that files can be imported into."""

    LEADS = "leads"
    REPS = "reps"
    PRODUCTS = "products"
    INTERACTIONS = "interactions"
    OUTCOMES = "outcomes"
    CONSENTS = "consents"
    ASSIGNMENTS = "assignments"


class Kind(StrEnum):
    """What the text of a cell means, and so how it is checked and turned into a value."""

    ID = "id"
    TEXT = "text"
    LABEL = "label"  # text with few distinct values, counted as levels in the quality report
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    TIME = "time"
    DATE = "date"
    CHOICE = "choice"
    LANGUAGE = "language"
    CURRENCY = "currency"
    TIMEZONE = "timezone"
    EMAIL = "email"
    PHONE = "phone"
    TEXTS = "texts"
    LANGUAGES = "languages"
    WEEKDAYS = "weekdays"
    SKILLS = "skills"
    PLACE = "place"
    OBJECT = "object"
    PROVENANCE = "provenance"


JSON_KINDS = frozenset(
    {Kind.TEXTS, Kind.LANGUAGES, Kind.WEEKDAYS, Kind.SKILLS, Kind.PLACE, Kind.OBJECT, Kind.PROVENANCE}
)
"""Kinds whose value is handed on as JSON text."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        kind: How a cell is read.
        required: Whether a row without it is rejected.
        default: The text assumed where a file says nothing.
        low: Smallest number allowed.
        high: Largest number allowed.
        choices: The words allowed, for `Kind.CHOICE`.
        past: Whether a moment after the import is impossible.
    """

    kind: Kind
    required: bool = False
    default: str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    past: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its columns in the order of the domain model, and what makes a row the same fact twice.

    Attributes:
        name: Its name.
        columns: Rules by column name.
        key: Columns whose values together name one fact.
        hashed_id: Whether a file without ids gets them from the content of its rows.
        open_column: The JSON object column that takes any further column of a file, if there is one.
    """

    name: TableName
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)
    hashed_id: bool = False
    open_column: str | None = None


_ID = Column(Kind.ID, required=True)
_REFERENCE = Column(Kind.ID)
_TEXT = Column(Kind.TEXT)
_LABEL = Column(Kind.LABEL)
_NAME = Column(Kind.TEXT, required=True)
_HAPPENED = Column(Kind.TIME, required=True, past=True)
_CURRENCY = Column(Kind.CURRENCY, default="USD")
_AMOUNT = Column(Kind.NUMBER, low=0.0)


def _choice(words: tuple[str, ...], *, required: bool = False, default: str | None = None) -> Column:
    return Column(Kind.CHOICE, required=required, default=default, choices=words)


_TABLES = (
    Table(
        TableName.LEADS,
        {
            "id": _ID,
            "market": Column(Kind.LABEL, required=True),
            "created_at": _HAPPENED,
            "source": Column(Kind.LABEL, required=True),
            "name": _TEXT,
            "company": _TEXT,
            "email": Column(Kind.EMAIL),
            "phone": Column(Kind.PHONE),
            "region": _LABEL,
            "language": Column(Kind.LANGUAGE, default="en"),
            "timezone": Column(Kind.TIMEZONE, default="UTC"),
            "product_id": _REFERENCE,
            "fields": Column(Kind.OBJECT, default="{}"),
            "provenance": Column(Kind.PROVENANCE),
        },
        open_column="fields",
    ),
    Table(
        TableName.REPS,
        {
            "id": _ID,
            "market": Column(Kind.LABEL, required=True),
            "name": _NAME,
            "email": Column(Kind.EMAIL),
            "regions": Column(Kind.TEXTS, default="[]"),
            "languages": Column(Kind.LANGUAGES, default='["en"]'),
            "certificates": Column(Kind.TEXTS, default="[]"),
            "skills": Column(Kind.SKILLS, default="[]"),
            "capacity": Column(Kind.INTEGER, default="20", low=0, high=1_000_000),
            "timezone": Column(Kind.TIMEZONE, default="UTC"),
            "work_days": Column(Kind.WEEKDAYS, default='["mon", "tue", "wed", "thu", "fri"]'),
            "work_start_hour": Column(Kind.INTEGER, default="9", low=0, high=23),
            "work_end_hour": Column(Kind.INTEGER, default="18", low=1, high=24),
            "active": Column(Kind.FLAG, default="true"),
            "hired_at": Column(Kind.TIME),
            "place": Column(Kind.PLACE),
        },
    ),
    Table(
        TableName.PRODUCTS,
        {
            "id": _ID,
            "market": Column(Kind.LABEL, required=True),
            "name": _NAME,
            "price": _AMOUNT,
            "currency": _CURRENCY,
            "certificate": _LABEL,
            "description": Column(Kind.TEXT, default=""),
        },
    ),
    Table(
        TableName.INTERACTIONS,
        {
            "id": _ID,
            "lead_id": _ID,
            "kind": _choice(tuple(InteractionKind), required=True),
            "at": _HAPPENED,
            "channel": _choice(tuple(Channel)),
            "rep_id": _REFERENCE,
            "product_id": _REFERENCE,
            "duration_s": _AMOUNT,
            "text": _TEXT,
            "attributes": Column(Kind.OBJECT, default="{}"),
        },
        hashed_id=True,
        open_column="attributes",
    ),
    Table(
        TableName.OUTCOMES,
        {
            "lead_id": _ID,
            "kind": _choice(tuple(OutcomeKind), required=True),
            "at": _HAPPENED,
            "rep_id": _REFERENCE,
            "product_id": _REFERENCE,
            "value": _AMOUNT,
            "currency": _CURRENCY,
            "reason": _LABEL,
        },
        key=("lead_id", "kind", "at"),
    ),
    Table(
        TableName.CONSENTS,
        {
            "id": _ID,
            "lead_id": _ID,
            "channel": _choice(tuple(Channel)),
            "purpose": _choice(tuple(Purpose), default=Purpose.MARKETING),
            "granted": Column(Kind.FLAG, required=True),
            "at": _HAPPENED,
            "source": Column(Kind.LABEL, required=True, default="import"),
            "proof": _TEXT,
            "expires_at": Column(Kind.TIME),
        },
        hashed_id=True,
    ),
    Table(
        TableName.ASSIGNMENTS,
        {
            "id": _ID,
            "lead_id": _ID,
            "rep_id": _REFERENCE,
            "at": _HAPPENED,
            "by": Column(Kind.LABEL, required=True, default="importer"),
            "decision_id": _REFERENCE,
            "reason": Column(Kind.TEXT, default=""),
        },
        hashed_id=True,
    ),
)

TABLES: Mapping[TableName, Table] = MappingProxyType({table.name: table for table in _TABLES})

MAX_LENGTHS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.ID: MAX_ID_LENGTH,
        Kind.LABEL: MAX_TEXT_LENGTH,
        Kind.TEXT: MAX_TEXT_LENGTH,
    }
)
"""Longest text allowed, in characters."""

OBJECT_COLUMNS = frozenset(
    name for table in _TABLES for name, column in table.columns.items() if column.kind in JSON_KINDS
)
"""Names of the columns of any table whose value is a list or an object."""
