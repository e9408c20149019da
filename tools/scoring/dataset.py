"""Turns a table of features into the matrix that models read, by a schema stored with the model. Pure: no clock, no I/O."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field

from domain.values import Value, content_hash
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.features import DAYS_SINCE, DAYS_UNTIL, FIELD_PREFIX, LENGTH_MARK, WORD_MARK
from tools.scoring.fields import READ_FROM, is_date
from tools.scoring.free_text import choose_words, is_free_text, words_of

MAX_LEVELS = 60
MIN_LEVEL_COUNT = 10
OTHER = 0
"""Code of a level that is rare or was not seen in training; the stored levels have the codes 1, 2, …"""

MISSING_WORDS = frozenset({"", "-", "?", "n/a", "na", "nan", "none", "null", "select", "unknown"})
"""Texts, in lower case, that people write for "not known" into a column of numbers. There they are not measured; among
the levels of a category they stay a level, because who says nothing differs from who was not asked."""

_FREE_TEXT_SHARE = 0.5
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NAN = float("nan")
_BLANKS = " \t\r\n\f\v\xa0"
"""Named one by one, because Python and Polars differ on what else is blank."""


class Kind(StrEnum):
    """How a column enters the matrix."""

    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"
    WORD = "word"
    LENGTH = "length"


class Column(Value):
    """One column of the matrix."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = Field(
        default=(), description="Levels of a category in the order of their codes; the word of a `word`."
    )
    source: str | None = Field(default=None, description="Column of the table that it is read from, if not `name`.")

    @property
    def read_from(self) -> str:
        """Name of the table's column behind it."""
        return self.source or self.name


class Schema(Value):
    """The columns a model reads, in order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def categorical(self) -> list[int]:
        """Positions of the categories."""
        return [i for i, column in enumerate(self.columns) if column.kind is Kind.CATEGORY]

    def fingerprint(self) -> str:
        """Hash of names, kinds and levels: two models with the same fingerprint read the same matrix."""
        return content_hash(self.model_dump(mode="json"))

    @cached_property
    def _readers(self) -> tuple[tuple[str, Kind, dict[str, float]], ...]:
        return tuple((column.read_from, column.kind, _codes(column)) for column in self.columns)


def infer_schema(frame: pl.DataFrame, *, leave_out: Collection[str] = ()) -> Schema:
    """Decide how each column enters the matrix.

    Text that reads as a number everywhere, but for words that mean "not known", is a number, `true`/`false` a flag,
    other text a category. Text in which most values are unique enters by its length and the words found in many of
    its values if it is made of sentences, and is left out if it is made of names or ids. Columns that are constant or
    empty are left out. So are dates: what counts is how far they lie from the moment of the score, which only the
    feature table knows.

    Args:
        frame: Feature columns only; dtypes number, boolean or text.
        leave_out: Columns that must not be read, for instance by an administrator's wish: names of columns, or of a
            lead's fields; what is derived from a field goes with it.
    """
    columns: list[Column] = []
    for name in frame.columns:
        if not is_left_out(name, leave_out):
            columns += _infer(frame.get_column(name))
    return Schema(columns=tuple(column for column in columns if column.name not in leave_out))


def encode(frame: pl.DataFrame, schema: Schema) -> FloatMatrix:
    """Encode a table.

    Args:
        frame: Columns in any order; a column that is absent, or a value that does not parse, is not measured.
        schema: What the model was trained on.

    Returns:
        Shape (n_rows, n_features): numbers as they are, flags 0 or 1, categories as codes; NaN is "not measured".
    """
    encoded = [_encode(frame, column) for column in schema.columns]
    # With the columns beside, a frame that has none of the schema's keeps its height.
    matrix = frame.with_columns(encoded).select(schema.names).to_numpy() if encoded else np.empty((frame.height, 0))
    return np.ascontiguousarray(matrix, dtype=np.float64)


def encode_row(row: Mapping[str, Any], schema: Schema) -> FloatVector:
    """Encode one row, the same as `encode` does, in some ten microseconds.

    Args:
        row: Values by column name: numbers, booleans, texts, None.
        schema: What the model was trained on.

    Returns:
        Shape (n_features,).
    """
    get = row.get
    return np.array([_value(get(name), kind, codes) for name, kind, codes in schema._readers], dtype=np.float64)  # noqa: SLF001 - its own module


def _value(value: Any, kind: Kind, codes: dict[str, float]) -> float:
    if value is None:
        return _NAN
    if kind is Kind.CATEGORY:
        text = value.strip(_BLANKS) if isinstance(value, str) else _text(value)
        return codes.get(text, float(OTHER)) if text else _NAN
    if isinstance(value, str):
        return _of_text(value.strip(_BLANKS), kind, codes)
    is_written = kind is Kind.WORD or kind is Kind.LENGTH
    return float(value) if isfinite(value) and not is_written else _NAN


def _of_text(text: str, kind: Kind, codes: dict[str, float]) -> float:
    """Return what a stripped text is as a flag, a number, or a text that is searched for words."""
    if kind is Kind.FLAG:
        return codes.get(text, _NAN)
    if kind is Kind.NUMBER:
        number = float(text) if _NUMBER.fullmatch(text) else _NAN
        return number if isfinite(number) else _NAN
    words = words_of(text)
    if not text:
        return _NAN
    return float(len(words)) if kind is Kind.LENGTH else float(any(word in codes for word in words))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _codes(column: Column) -> dict[str, float]:
    if column.kind is Kind.FLAG:
        return {"true": 1.0, "false": 0.0}
    return {level: float(code) for code, level in enumerate(column.levels, start=OTHER + 1)}


def is_left_out(name: str, leave_out: Collection[str]) -> bool:
    """Whether a column is named, or made from a field that is."""
    if any({made_from, FIELD_PREFIX + made_from} & set(leave_out) for made_from in READ_FROM.get(name, ())):
        return True
    field = name.removesuffix(DAYS_SINCE).removesuffix(DAYS_UNTIL)
    return not {name, field, field.removeprefix(FIELD_PREFIX)}.isdisjoint(leave_out)


def _infer(series: pl.Series) -> list[Column]:
    values = series.drop_nulls()
    is_text = values.dtype == pl.Utf8
    if is_text:
        values = values.str.strip_chars(_BLANKS)
        values = values.filter(values != "")
    if values.n_unique() < 2 or values.dtype.is_temporal():  # noqa: PLR2004 - a constant says nothing
        return []
    if values.dtype == pl.Boolean or (is_text and values.is_in(["true", "false"]).all()):
        return [Column(name=series.name, kind=Kind.FLAG)]
    if _is_number(values):
        return [Column(name=series.name, kind=Kind.NUMBER)]
    if is_text and all(is_date(text) for text in values):
        return []
    if values.n_unique() > _FREE_TEXT_SHARE * len(values):
        return _free_text(series.name, values) if is_text else []
    return _category(values)


def _category(values: pl.Series) -> list[Column]:
    counts = values.value_counts().sort(["count", values.name], descending=[True, False])
    levels = counts.filter(pl.col("count") >= MIN_LEVEL_COUNT).head(MAX_LEVELS).get_column(values.name).to_list()
    return [Column(name=values.name, kind=Kind.CATEGORY, levels=tuple(levels))] if levels else []


def _is_number(values: pl.Series) -> bool:
    if values.dtype == pl.Utf8:
        values = values.filter(~values.str.to_lowercase().is_in(sorted(MISSING_WORDS)))
        if values.n_unique() < 2:  # noqa: PLR2004 - as above
            return False
    return bool(values.cast(pl.Float64, strict=False).is_finite().fill_null(value=False).all())


def _free_text(name: str, values: pl.Series) -> list[Column]:
    texts = values.to_list()
    if not is_free_text(texts):
        return []
    words = [
        Column(name=f"{name}{WORD_MARK}{word}", kind=Kind.WORD, levels=(word,), source=name)
        for word in choose_words(texts)
    ]
    return [Column(name=name + LENGTH_MARK, kind=Kind.LENGTH, source=name), *words]


def _encode(frame: pl.DataFrame, column: Column) -> pl.Expr | pl.Series:
    name = column.read_from
    if name not in frame.columns:
        return pl.lit(None, dtype=pl.Float64).alias(column.name)
    codes = _codes(column)
    is_text = frame.schema[name] == pl.Utf8
    value = pl.col(name).str.strip_chars(_BLANKS) if is_text else pl.col(name)
    match column.kind:
        case Kind.CATEGORY:
            text = value.cast(pl.Utf8)
            code = text.replace_strict(codes, default=float(OTHER), return_dtype=pl.Float64)
            return pl.when(text.is_not_null() & (text != "")).then(code).alias(column.name)
        case Kind.FLAG if is_text:
            return value.replace_strict(codes, default=None, return_dtype=pl.Float64).alias(column.name)
        case Kind.WORD | Kind.LENGTH:
            texts = frame.get_column(name).to_list() if is_text else [None] * frame.height
            encoded = [_NAN if text is None else _of_text(text.strip(_BLANKS), column.kind, codes) for text in texts]
            return pl.Series(column.name, encoded, dtype=pl.Float64)
    if is_text:
        value = pl.when(value.str.contains(rf"^(?:{_NUMBER.pattern})$")).then(value)
    number = value.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).fill_null(_NAN).alias(column.name)
