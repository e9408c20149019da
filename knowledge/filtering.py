"""The scope of a search as engine-neutral conditions, so that every back end filters alike. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.knowledge import Passage
from knowledge.store import Scope

MARKET = "market"
KEYWORD_FIELDS = ("kind", "product_id")
NUMBER_FIELDS = ("valid_from", "valid_until")

_NO_PRODUCT = ""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = 2.0**53
"""Beyond every year that a datetime can hold, in milliseconds, and still an exact float."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class AnyOf:
    """The field has one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class AtMost:
    """The field is this number or less."""

    field: str
    number: float


@dataclass(frozen=True)
class MoreThan:
    """The field is more than this number."""

    field: str
    number: float


Condition = AnyOf | AtMost | MoreThan


def filter_fields(passage: Passage) -> dict[str, str | float]:
    """Return the fields that conditions speak of. An absent bound becomes a number beyond all others."""
    return {
        MARKET: passage.market,
        "kind": passage.kind,
        "product_id": passage.product_id or _NO_PRODUCT,
        "valid_from": -_ALWAYS if passage.valid_from is None else _milliseconds(passage.valid_from),
        "valid_until": _ALWAYS if passage.valid_until is None else _milliseconds(passage.valid_until),
    }


def conditions(scope: Scope) -> Sequence[Condition]:
    """Return the conditions that a passage in scope meets, all of them."""
    at = _milliseconds(scope.at)
    found: list[Condition] = [
        AnyOf(MARKET, (scope.market,)),
        AtMost("valid_from", at),
        MoreThan("valid_until", at),
    ]
    if scope.product_id is not None:
        found.append(AnyOf("product_id", (_NO_PRODUCT, scope.product_id)))
    if scope.kinds:
        found.append(AnyOf("kind", scope.kinds))
    return found


def _milliseconds(moment: datetime) -> float:
    return float((moment - _EPOCH) // _MILLISECOND)
