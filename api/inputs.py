"""What a caller may write into a field, where the domain is wider than an edge should be. Checks shape only."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

_FIRST_YEAR, _LAST_YEAR = 1900, 2200


class RequestBody(BaseModel):
    """Base of request bodies: a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


def _to_utc(value: datetime) -> datetime:
    # Near the ends of the calendar the shift to UTC itself overflows.
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"must lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return value.astimezone(UTC)


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone, for example Europe/Madrid") from None
    return value


Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")]
"""An id that fits into a path: no slash, no control character."""

LeadIdInPath = Annotated[str, Path(min_length=1, max_length=200, description="Id of the lead.")]

RepIdInPath = Annotated[str, Path(min_length=1, max_length=200, description="Id of the rep.")]

Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A moment with its offset, for example `2026-11-21T09:30:00Z`."""

Timezone = Annotated[str, Field(max_length=60), AfterValidator(_known_timezone)]
"""An IANA time zone."""

NoNulText = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Text without NUL, which PostgreSQL cannot store."""
