"""What an evaluation found: cases, metrics, suites and the scorecard. Values only; nothing is measured here."""

import math
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from domain.values import Instant, Value


def _nan_is_not_measured(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


Measured = Annotated[float | None, BeforeValidator(_nan_is_not_measured)]
"""A figure, or None for "not measured". NaN becomes None, never zero."""


class Case(Value):
    """One case and what became of it."""

    id: str
    metrics: dict[str, Measured] = Field(default_factory=dict)
    detail: str = Field(default="", description="What was asked and what came back, shortened.")
    invalid: str | None = Field(default=None, description="Why the case says nothing about quality: infrastructure.")


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Bar(Value):
    """A threshold. `hard` bars close the gate; the others only inform."""

    value: float
    better: Better = Better.HIGHER
    hard: bool = True


class Metric(Value):
    """A figure of a suite, with how many cases it rests on."""

    name: str
    value: Measured
    n: int = Field(ge=0, description="Cases measured.")
    unmeasured: int = Field(default=0, ge=0, description="Cases that gave no figure.")
    unit: str = ""
    bar: Bar | None = None
    baseline: Measured = Field(default=None, description="The same figure of a baseline, measured in the same run.")
    baseline_name: str = ""
    note: str = ""


class Suite(Value):
    """What one suite found."""

    name: str
    title: str
    metrics: tuple[Metric, ...]
    cases: tuple[Case, ...] = ()
    seconds: float = Field(ge=0)


class Scorecard(Value):
    """Everything that one run found."""

    at: Instant
    seed: int
    versions: dict[str, str]
    suites: tuple[Suite, ...]
