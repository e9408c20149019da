"""Small shared values: ids, aware time, probabilities and the frozen base model. Pure: no clock, no I/O."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, NewType

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

LeadId = NewType("LeadId", str)
RepId = NewType("RepId", str)
ProductId = NewType("ProductId", str)
Market = NewType("Market", str)
DecisionId = NewType("DecisionId", str)
ConversationId = NewType("ConversationId", str)
TurnId = NewType("TurnId", str)

MAX_ID_LENGTH = 200


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # near the ends of the calendar the shift itself leaves it
        raise ValueError("must lie within the calendar in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An aware moment, always in UTC. A naive datetime is refused."""

Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A number in [0, 1]; NaN is refused."""

FieldValue = str | float | bool | None
"""The value of a market-specific field. `None` means not measured, never zero."""


class Value(BaseModel):
    """Base of every domain value: immutable, compared by content, refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Place(Value):
    """A point on the earth, in degrees."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)


def content_hash(*parts: object, length: int = 24) -> str:
    """Hash JSON-plain parts to a stable lowercase hex string.

    The same parts give the same hash in every process, so ids made with it are idempotent under retry.

    Args:
        parts: JSON-plain values; mappings are hashed independently of key order, other objects by `str`.
        length: Hex digits returned, 1 to 64.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
