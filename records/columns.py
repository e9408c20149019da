"""Column types that mean the same on SQLite and PostgreSQL. Knows no table."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.errors import InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))

SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
"""Type of an automatic row number; SQLite numbers rows by itself for the exact type INTEGER only."""


def require_aware(at: datetime) -> None:
    """Refuse a moment without a time zone. Raises `InvalidInputError`."""
    if at.tzinfo is None:
        raise InvalidInputError("at", at.isoformat(), "has no time zone; pass an aware moment")


def microseconds(at: datetime) -> int:
    """Count the microseconds from 1970 to an aware moment, exactly."""
    return (at - _EPOCH) // _MICROSECOND


class UtcInstant(TypeDecorator[datetime]):
    """An aware moment in UTC, to the microsecond; a naive one is refused.

    PostgreSQL keeps `timestamptz`. SQLite, which has no type for time, keeps the microseconds since 1970 as an
    integer, so that comparing and sorting are exact and fast.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of a back end."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """Encode a moment. Raises `InvalidInputError` when it is naive."""
        if value is None:
            return None
        require_aware(value)
        return microseconds(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Decode a moment, in UTC."""
        if value is None:
            return None
        return _EPOCH + timedelta(microseconds=value) if dialect.name == "sqlite" else value.astimezone(UTC)


def dump_json(value: Any) -> str:
    """Write a JSON column: compact, so that an empty object is `{}` on both back ends.

    Raises:
        InvalidInputError: For NaN and infinity, which JSON does not have. What was not measured is None.
    """
    try:
        return _ENCODER.encode(value)
    except ValueError:
        raise InvalidInputError("json", value, "holds NaN or infinity; use null for what is not measured") from None
