"""What a row of the feature table holds. Types only."""

from dataclasses import dataclass
from enum import StrEnum

from domain.events import InteractionKind


class Unit(StrEnum):
    """What a feature's number means; decides how a reason says it."""

    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"
    SECONDS = "seconds"
    SHARE = "share"
    FLAG = "flag"
    CATEGORY = "category"
    NUMBER = "number"


class Family(StrEnum):
    """What a feature speaks of: who the lead is, what it did, when, or what its market does."""

    FIT = "fit"
    ENGAGEMENT = "engagement"
    TIMING = "timing"
    MARKET = "market"


class Detail(StrEnum):
    """A detail of an interaction that a log may never hold. A feature that needs it is then not measured."""

    TEXT = "text"
    DURATION = "duration"
    PAGE = "page"
    PRODUCT = "product"


EVENTS_BEFORE = "interactions strictly before as_of"
STORED = "the lead as stored at as_of"
CLOCK = "as_of and the time of creation"
ENDED_BEFORE = "leads that ended strictly before as_of and before the training"
ARRIVED_BEFORE = "leads that arrived strictly before as_of and before the training"


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: Column name.
        unit: What the number means.
        label: Noun phrase that a reason builds its sentence on.
        formula: How it is computed, in words. Null where it was not measured.
        group: Features of one group give one reason, so that a fact is not told three times.
        actionable: Whether a rep can change it.
        kinds: Interaction kinds that it is computed from: the evidence behind it.
        days: Length of its window before `as_of`; None for the whole history.
        newest_only: Whether only the newest of these interactions matters.
        family: What it speaks of.
        as_of_rule: Which part of the past it may read.
        bounds: For an actionable feature, the smallest and largest value that a rep can plausibly bring about.
        needs: A detail of the interactions without which it is not measured.
    """

    name: str
    unit: Unit
    label: str
    formula: str
    group: str
    actionable: bool = False
    kinds: frozenset[InteractionKind] = frozenset()
    days: int | None = None
    newest_only: bool = False
    family: Family = Family.FIT
    as_of_rule: str = STORED
    bounds: tuple[float, float] | None = None
    needs: Detail | None = None
