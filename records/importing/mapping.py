"""The mapping file: which column of a file becomes which column of a table, and how. Pure values; reads no data."""

import codecs
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from domain.values import Value
from records.importing.tables import TableName
from records.importing.zones import check_timezone

NULL_VALUES = ("",)
"""Texts that mean "not measured" in every file; a mapping adds its own."""


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError("is no encoding; name one such as utf-8 or cp1252") from error


Encoding = Annotated[str, AfterValidator(_known_encoding)]
TimezoneName = Annotated[str, AfterValidator(check_timezone)]


class FieldType(StrEnum):
    """What a market-specific lead field holds."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOL = "bool"
    TEXT = "text"
    DATE = "date"


class FormatHints(Value):
    """How the file is written, where sniffing needs help."""

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: Encoding | None = None
    null_values: tuple[str, ...] = Field(default=(), description='Texts that mean "not measured" in any column.')
    decimal: str = Field(default=".", pattern=r"^[.,]$", description="What parts whole and fraction of a number.")


class Sequence(Value):
    """A made-up time that keeps the order of the rows: row n is at `start` + (n - 1) * `step_seconds`."""

    start: datetime
    step_seconds: float = Field(gt=0)


class Source(Value):
    """Where one column comes from. One of `from`, `template`, `sequence`.

    With `default` alone it is a constant; without any of them it is the column of the target's own name.
    """

    from_: str | None = Field(default=None, alias="from")
    template: str | None = Field(
        default=None, min_length=1, description="Text with {column}, {row} (row number) or {hash} (of the row)."
    )
    sequence: Sequence | None = None
    map: dict[str, str] = Field(default_factory=dict, description="Replaces whole cells; an empty text empties one.")
    null: tuple[str, ...] = Field(default=(), description='Texts that mean "not measured" here.')
    default: str | None = Field(default=None, description="Taken where the cell is empty.")
    date_format: str | None = Field(default=None, description="As in strftime, such as %d.%m.%Y.")
    scale: float | None = Field(default=None, description="Numbers are multiplied by it.")
    not_before: str | None = Field(default=None, description="Column of the file whose time cannot be later.")

    @model_validator(mode="before")
    @classmethod
    def _accept_a_bare_column_name(cls, value: object) -> object:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        origins = [name for name, value in self._origins().items() if value is not None]
        if len(origins) > 1:
            raise ValueError(f"has both {' and '.join(origins)}; keep one")
        return self

    def _origins(self) -> dict[str, object]:
        return {"from": self.from_, "template": self.template, "sequence": self.sequence}

    @property
    def has_origin(self) -> bool:
        """Whether cells come from the file."""
        return any(value is not None for value in self._origins().values())

    @property
    def is_constant(self) -> bool:
        """Whether `default` is all there is."""
        return self.default is not None and not self.has_origin

    def or_from(self, name: str) -> Self:
        """Return this source, reading the column of a name if it says neither where to read nor what to fill in."""
        return self if self.has_origin or self.is_constant else self.model_copy(update={"from_": name})


class FieldSource(Source):
    """Where a market-specific field comes from, and its type."""

    type: FieldType = FieldType.CATEGORY


class Levels(Value):
    """The words that a column may hold, and known misspellings of them."""

    allowed: tuple[str, ...] = ()
    corrections: dict[str, str] = Field(default_factory=dict)


class Join(Value):
    """Another file whose columns are added to each row, found by one column."""

    file: str = Field(min_length=1, description="Beside the data file, else beside the mapping.")
    on: str = Field(min_length=1, description="The column to look up, of the data file.")
    key: str | None = Field(default=None, description="The column of the other file; the same name when absent.")
    prefix: str = Field(default="", description="Put before the other file's column names.")


class Mapping(Value):
    """A mapping file. Targets without an entry are filled by the column of their name, if the file has one."""

    table: TableName | None = Field(default=None, description="Refuses the mapping for any other table.")
    market: str | None = Field(default=None, min_length=1)
    timezone: TimezoneName = Field(default="UTC", description="Of times that name none.")
    phone_region: str | None = Field(
        default=None, pattern=r"^[A-Z]{2}$", description="Country of phone numbers that name none, ISO 3166."
    )
    basis: str = Field(default="legitimate_interest", pattern=r"^(consent|contract|legitimate_interest)$")
    format: FormatHints = FormatHints()
    joins: tuple[Join, ...] = ()
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Rows whose column holds none of these texts are skipped."
    )
    columns: dict[str, Source] = Field(default_factory=dict)
    fields: dict[str, FieldSource] = Field(default_factory=dict, description="Market-specific fields of leads.")
    levels: dict[str, Levels] = Field(default_factory=dict)
    exclude: dict[str, str] = Field(default_factory=dict, description="Columns left out on purpose, with the reason.")
