"""What a file is like: the values of a data quality report. Measures nothing."""

from pydantic import Field

from domain.values import Value


class Level(Value):
    """A word of a column and how often it stands there."""

    value: str
    count: int = Field(ge=1)
    suggestion: str | None = Field(default=None, description="The word that was probably meant.")


class Extreme(Value):
    """A number far from the others, and where it stands."""

    line: int
    value: float


class Numbers(Value):
    """How the numbers of a column are spread. Outliers lie outside of Tukey's fences, 1.5 IQR beyond the quartiles."""

    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    outliers: int = Field(ge=0)
    extremes: tuple[Extreme, ...] = Field(default=(), description="The outliers farthest out, each number once.")
    estimated: bool = Field(default=False, description="Whether quartiles and outliers come from a sample.")


class ColumnQuality(Value):
    """What one column of the table is like, over all rows that were read."""

    name: str
    missing: int = Field(ge=0)
    distinct: int | None = Field(default=None, description="None where there are many or they were not counted.")
    levels: tuple[Level, ...] = Field(default=(), description="The most frequent words.")
    unknown_levels: tuple[Level, ...] = Field(default=(), description="Words that are not allowed.")
    lookalikes: tuple[Level, ...] = Field(default=(), description="Words that look like a more frequent one.")
    placeholders: tuple[Level, ...] = Field(default=(), description='Words that read like "not measured".')
    numbers: Numbers | None = None
    impossible_dates: int = Field(default=0, ge=0)


class Remark(Value):
    """A rule that cells broke at no other cost than themselves, or rows at the cost of the row."""

    field: str
    rule: str
    count: int = Field(ge=1)
    lines: tuple[int, ...] = Field(default=(), description="The first of them.")


class QualityReport(Value):
    """What a file is like."""

    rows: int = Field(ge=0)
    repeated_rows: int = Field(ge=0, description="Rows of the file that are equal to an earlier row in every cell.")
    columns: tuple[ColumnQuality, ...] = ()
    unused_columns: tuple[str, ...] = Field(default=(), description="Columns of the file that were not imported.")
    excluded_columns: dict[str, str] = Field(default_factory=dict, description="Left out on purpose, and why.")
    unmatched_joins: dict[str, int] = Field(default_factory=dict, description="Rows whose key a joined file lacks.")
