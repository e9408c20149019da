"""Checks features that a caller gives against a model's schema and turns them into its row. Guesses nothing. Pure."""

import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, nan
from typing import NamedTuple

from domain.errors import InvalidInputError
from domain.values import FieldValue
from tools.scoring.dataset import OTHER, Column, Kind, Schema, encode_row
from tools.scoring.features import BY_NAME, FEATURES_VERSION, FIELD_PREFIX, Unit, describe

MAX_TEXT = 200
MAX_FREE_TEXT = 10_000
_HASH_DIGITS = 24
_LARGEST = sys.float_info.max
_NEVER_NEGATIVE = (Unit.COUNT, Unit.SECONDS)
_FREE_TEXT = (Kind.WORD, Kind.LENGTH)

Features = Mapping[str, FieldValue]
"""Features by name; None is "not measured"."""


class Reading(NamedTuple):
    """Features as a model reads them.

    Attributes:
        row: Length n_features; NaN is "not measured".
        feature_hash: Of everything that decides the score and its reasons: names, values and formulas.
    """

    row: list[float]
    feature_hash: str


@dataclass(frozen=True)
class _Rule:
    """How one feature may look, and which columns are read from it.

    Attributes:
        kind: How it is given: as a number, a flag, one of some texts, or free text (`Kind.WORD`).
        places: Columns that are read from it; none where this model does not read it.
        columns: The same, as a schema of their own.
        codes: Of the levels of a category.
        at_least: Smallest number allowed.
        is_field: Whether it is a field of the lead's own, written as the feature table writes it.
    """

    kind: Kind
    places: tuple[int, ...]
    columns: Schema
    codes: Mapping[str, float]
    at_least: float
    is_field: bool


class FeatureReader:
    """Reads the features of one model version.

    Every feature of the table may be given, whether this model reads it or not, so that a caller need not know which
    rung answers. A lead's own field may be given if the model reads it, or if the model reads no field at all.

    Args:
        schema: What the model was trained on.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._width = len(schema.columns)
        self._rules = {name: _rule(name, {}) for name in BY_NAME} | {
            name: _rule(name, columns) for name, columns in _by_input(schema).items()
        }
        # What is given as it should be takes the short way; the rules look at everything else.
        self._numbers = {name: (rule.places[0], rule.at_least) for name, rule in self._read_as(Kind.NUMBER)}
        self._flags = {name: rule.places[0] for name, rule in self._read_as(Kind.FLAG)}
        self._texts = {name: (rule.places[0], rule.codes) for name, rule in self._read_as(Kind.CATEGORY)}
        self._fields = sorted(name for name in self._rules if name.startswith(FIELD_PREFIX))
        self._pack = struct.Struct(f"={self._width}d").pack
        self._salt = f"{FEATURES_VERSION} {schema.fingerprint()}".encode()

    def read(self, features: Features) -> Reading:
        """Check features and encode those that the model reads; what is absent, None or empty text is not measured.

        Raises:
            InvalidInputError: At the first feature that is unknown or of the wrong type, no finite number, or
                out of its range.
        """
        row: list[float] = [nan] * self._width
        texts: list[str] = []
        numbers, flags, levels = self._numbers, self._flags, self._texts
        for name, value in features.items():
            if isinstance(value, float) and name in numbers:
                at, at_least = numbers[name]
                if at_least <= value <= _LARGEST:
                    row[at] = value
                    continue
            elif isinstance(value, str) and name in levels:
                at, codes = levels[name]
                if value in codes:
                    row[at] = codes[value]
                    texts.append(f"{name}\0{value}")
                    continue
            elif isinstance(value, bool) and name in flags:
                row[flags[name]] = 1.0 if value else 0.0
                continue
            self._place(row, texts, name, value)
        return Reading(row, self._digest(row, texts))

    def digest(self, row: Sequence[float], texts: Mapping[str, str]) -> str:
        """Return the hash that `read` gives for a row made elsewhere.

        Args:
            row: Length n_features.
            texts: The texts behind its categories, by name.
        """
        return self._digest(row, [f"{name}\0{text}" for name, text in texts.items()])

    def _digest(self, row: Sequence[float], texts: list[str]) -> str:
        digest = sha256(self._salt)
        digest.update(self._pack(*row))
        # Texts that the model takes together are still told apart by its reasons.
        digest.update("\0".join(sorted(texts)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:_HASH_DIGITS]

    def told(self, features: Features, reading: Reading) -> dict[str, FieldValue]:
        """Return features by the names of the model's columns, as reasons tell them."""
        values = {
            name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in features.items()
        }
        for column, number in zip(self._schema.columns, reading.row, strict=True):
            if column.kind in _FREE_TEXT and number == number:  # noqa: PLR0124 - NaN alone differs from itself
                values[column.name] = bool(number) if column.kind is Kind.WORD else number
        return values

    def _read_as(self, kind: Kind) -> list[tuple[str, _Rule]]:
        return [(name, rule) for name, rule in self._rules.items() if rule.kind is kind and len(rule.places) == 1]

    def _place(self, row: list[float], texts: list[str], name: str, value: FieldValue) -> None:
        """Check any feature and put it into the columns that are read from it."""
        rule = self._rules.get(name)
        if rule is None:
            self._let_pass(name, value)
        elif value is None or value == "":
            return
        elif rule.kind in (Kind.NUMBER, Kind.FLAG):
            number = _number(name, value, rule)
            for at in rule.places:
                row[at] = number
        else:
            text = _text(name, value, rule)
            texts.append(f"{name}\0{text}")
            self._place_text(row, name, text, rule)

    def _place_text(self, row: list[float], name: str, text: str, rule: _Rule) -> None:
        if rule.kind is Kind.CATEGORY:
            for at in rule.places:
                row[at] = rule.codes.get(text.strip(), float(OTHER))
        elif rule.places:
            for at, number in zip(rule.places, encode_row({name: text}, rule.columns).tolist(), strict=True):
                row[at] = number

    def _let_pass(self, name: str, value: FieldValue) -> None:
        if not name.startswith(FIELD_PREFIX):
            how = f"is no feature; see the feature table, or write a lead's own field as '{FIELD_PREFIX}<name>'"
            raise InvalidInputError(f"features.{name}", value, how)
        if self._fields:
            known = ", ".join(self._fields)
            raise InvalidInputError(f"features.{name}", value, f"is a field this model does not read; it reads {known}")
        if isinstance(value, (int, float)):
            _finite(name, value)


def _by_input(schema: Schema) -> dict[str, dict[int, Column]]:
    inputs: dict[str, dict[int, Column]] = {}
    for at, column in enumerate(schema.columns):
        inputs.setdefault(column.read_from, {})[at] = column
    return inputs


def _rule(name: str, columns: Mapping[int, Column]) -> _Rule:
    is_field = name.startswith(FIELD_PREFIX)
    unit = None if is_field else describe(name).unit
    first = next(iter(columns.values()), None)
    levels = first.levels if first is not None and first.kind is Kind.CATEGORY else ()
    return _Rule(
        kind=_given_as(first, unit),
        places=tuple(columns),
        columns=Schema(columns=tuple(columns.values())),
        codes={level: float(code) for code, level in enumerate(levels, start=OTHER + 1)},
        at_least=0.0 if unit in _NEVER_NEGATIVE else -_LARGEST,
        is_field=is_field,
    )


def _given_as(column: Column | None, unit: Unit | None) -> Kind:
    """Rules read flags as numbers; they are given as flags all the same."""
    if unit is Unit.FLAG:
        return Kind.FLAG
    if column is not None:
        return Kind.WORD if column.kind in _FREE_TEXT else column.kind
    return Kind.CATEGORY if unit is Unit.CATEGORY else Kind.NUMBER


def _number(name: str, value: FieldValue, rule: _Rule) -> float:
    if rule.kind is Kind.FLAG:
        if value is True or value is False:
            return float(value)
        raise InvalidInputError(f"features.{name}", value, "must be true, false or null")
    if type(value) is not float and type(value) is not int:
        raise InvalidInputError(f"features.{name}", value, "must be a number or null")
    number = _finite(name, value)
    if number < rule.at_least:
        raise InvalidInputError(f"features.{name}", value, f"must be at least {rule.at_least:g}")
    return number


def _finite(name: str, value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = nan
    if not isfinite(number):
        raise InvalidInputError(
            f"features.{name}", value, "must be a finite number; null says that it was not measured"
        )
    return number


def _text(name: str, value: FieldValue, rule: _Rule) -> str:
    if rule.is_field and not isinstance(value, str):
        return _field_text(name, value)
    if not isinstance(value, str):
        raise InvalidInputError(f"features.{name}", value, "must be text or null")
    most = MAX_FREE_TEXT if rule.kind is Kind.WORD else MAX_TEXT
    if len(value) > most or "\0" in value:
        raise InvalidInputError(f"features.{name}", value, f"must be text without NUL of at most {most} characters")
    return value


def _field_text(name: str, value: FieldValue) -> str:
    """Write a field as the feature table does, so that a stored lead and given features score alike."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        number = _finite(name, value)
        return str(int(number)) if number.is_integer() else str(number)
    raise InvalidInputError(f"features.{name}", value, "must be text, a number, true, false or null")
