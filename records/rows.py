"""Domain values to rows and back. Knows models and tables by their fields only; runs nothing."""

import json
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Row, Table

from domain.values import Value, content_hash
from records.columns import UtcInstant

Model = TypeVar("Model", bound=Value)
AnyRow = Row[*tuple[Any, ...]]

_DECODER = json.JSONDecoder(parse_int=float)


@cache
def columns_of(model: type[Value], table: Table) -> tuple[Column[Any], ...]:
    """List the columns that hold a model's fields, in the model's order. Each field has a column of its name."""
    return tuple(table.c[name] for name in model.model_fields)


def to_row(value: Value, table: Table) -> dict[str, Any]:
    """Write a value as a row: JSON-plain but for moments, which the column type encodes."""
    row = value.model_dump(mode="json")
    for name in _instants(type(value), table):
        row[name] = getattr(value, name)
    return row


def from_row(model: type[Model], row: AnyRow) -> Model:
    """Read a value from a row that has exactly its fields as columns."""
    return model.model_validate(row._asdict())


def load_json(text: str) -> Any:
    """Read JSON text with all its numbers as floats, as the domain does, so that 12 and 12.0 are the same.

    Raises:
        ValueError: If it is no JSON.
    """
    return _DECODER.decode(text)


def fingerprint(value: Value) -> str:
    """Hash everything a value says, but not when its provenance was noted.

    An import repeated tomorrow says the same of a lead, from the same source and on the same basis, so it is no news.
    """
    content = value.model_dump(mode="json")
    for origin in content.get("provenance", {}).values():
        del origin["recorded_at"]
    return content_hash(content)


@cache
def _instants(model: type[Value], table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in columns_of(model, table) if isinstance(column.type, UtcInstant))
