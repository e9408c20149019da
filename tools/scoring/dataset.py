"""Turns a table of features into the matrix that models read, by a schema stored with the model. Pure: no clock, no I/O."""

from enum import StrEnum

import numpy as np
import polars as pl
from pydantic import Field

from domain.values import Value, content_hash
from tools.scoring.arrays import FloatMatrix

MAX_LEVELS = 60
MIN_LEVEL_COUNT = 10
OTHER = 0
"""Code of a level that is rare or was not seen in training; the stored levels have the codes 1, 2, …"""

_FREE_TEXT_SHARE = 0.5


class Kind(StrEnum):
    """How a column enters the matrix."""

    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"


class Column(Value):
    """One column of the matrix."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = Field(default=(), description="Levels of a category in the order of their codes.")


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


def infer_schema(frame: pl.DataFrame) -> Schema:
    """Decide how each column enters the matrix.

    Text that reads as a number everywhere is a number, `true`/`false` a flag, other text a category. Columns
    that are constant or empty are left out, and so is text in which most values are unique (names, ids, notes).

    Args:
        frame: Feature columns only; dtypes number, boolean or text.
    """
    columns = [_infer(frame.get_column(name)) for name in frame.columns]
    return Schema(columns=tuple(column for column in columns if column is not None))


def encode(frame: pl.DataFrame, schema: Schema) -> FloatMatrix:
    """Encode a table.

    Args:
        frame: Columns in any order; a column that is absent, or a value that does not parse, is not measured.
        schema: What the model was trained on.

    Returns:
        Shape (n_rows, n_features): numbers as they are, flags 0 or 1, categories as codes; NaN is "not measured".
    """
    encoded = [_encode(frame, column) for column in schema.columns]
    matrix = frame.select(encoded).to_numpy() if encoded else np.empty((frame.height, 0))
    return np.ascontiguousarray(matrix, dtype=np.float64)


def _infer(series: pl.Series) -> Column | None:
    values = series.drop_nulls()
    if values.n_unique() < 2:  # noqa: PLR2004 - a constant says nothing
        return None
    if values.dtype == pl.Boolean or (values.dtype == pl.Utf8 and values.is_in(["true", "false"]).all()):
        return Column(name=series.name, kind=Kind.FLAG)
    if values.cast(pl.Float64, strict=False).is_finite().fill_null(value=False).all():
        return Column(name=series.name, kind=Kind.NUMBER)
    counts = values.value_counts().sort(["count", series.name], descending=[True, False])
    if values.n_unique() > _FREE_TEXT_SHARE * len(values):
        return None
    levels = counts.filter(pl.col("count") >= MIN_LEVEL_COUNT).head(MAX_LEVELS).get_column(series.name).to_list()
    return Column(name=series.name, kind=Kind.CATEGORY, levels=tuple(levels)) if levels else None


def _encode(frame: pl.DataFrame, column: Column) -> pl.Expr:
    if column.name not in frame.columns:
        return pl.lit(None, dtype=pl.Float64).alias(column.name)
    value = pl.col(column.name)
    is_text = frame.schema[column.name] == pl.Utf8
    if column.kind is Kind.CATEGORY:
        codes = {level: float(code) for code, level in enumerate(column.levels, start=OTHER + 1)}
        text = value.cast(pl.Utf8)
        code = text.replace_strict(codes, default=float(OTHER), return_dtype=pl.Float64)
        return pl.when(text.is_not_null()).then(code).alias(column.name)
    if column.kind is Kind.FLAG and is_text:
        flag = value.replace_strict({"true": 1.0, "false": 0.0}, default=None, return_dtype=pl.Float64)
        return flag.alias(column.name)
    number = value.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).fill_null(float("nan")).alias(column.name)
