"""Adds the columns of another, smaller file to each row. Holds that file in memory; changes no row's number."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from domain.errors import MappingError
from records.importing.batches import LINE, ROW, gather
from records.importing.mapping import FormatHints, Join, Mapping
from records.importing.sources import open_source
from records.importing.suggestions import did_you_mean

_KEY = "\N{SECTION SIGN}key"
_FOUND = "\N{SECTION SIGN}found"


@dataclass
class Lookup:
    """One join, ready to be applied.

    Attributes:
        join: Its entry in the mapping.
        rows: The other file, one row per key, its columns under their prefix.
        unmatched: Rows so far whose key the other file does not have; a row without a key is not among them.
    """

    join: Join
    rows: pl.DataFrame
    unmatched: int = 0

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the columns; null where the other file has no such key.

        Raises:
            MappingError: If the rows lack the column to look up, or have one of the added columns already.
        """
        if self.join.on not in rows.columns:
            rule = f"is no column of the file{did_you_mean(self.join.on, rows.columns)}"
            raise MappingError("joins.on", self.join.on, rule)
        twice = next((name for name in self.rows.columns if name in rows.columns), None)
        if twice is not None:
            raise MappingError(
                "joins.prefix", twice, f"names a column twice; give the join of {self.join.file} a prefix"
            )
        keyed = rows.with_columns(pl.col(self.join.on).str.strip_chars().replace("", None).alias(_KEY))
        joined = keyed.join(self.rows, on=_KEY, how="left", maintain_order="left")
        self.unmatched += joined.filter(pl.col(_FOUND).is_null() & pl.col(_KEY).is_not_null()).height
        return joined.drop(_KEY, _FOUND)


def load_lookups(mapping: Mapping, folders: tuple[Path, ...]) -> list[Lookup]:
    """Read the files that a mapping joins.

    Args:
        mapping: The mapping.
        folders: Where relative names are looked for, in order.

    Raises:
        MappingError: If a file is missing, lacks its key or has it twice.
        InvalidInputError: If a file cannot be read.
    """
    return [Lookup(join, _load(join, folders)) for join in mapping.joins]


def _load(join: Join, folders: tuple[Path, ...]) -> pl.DataFrame:
    paths = [folder / join.file for folder in folders]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        rule = f"is in none of {', '.join(str(folder) for folder in folders)}; put it beside the data file"
        raise MappingError("joins.file", join.file, rule)
    # The mapping's hints are about the data file; this one is sniffed.
    rows = gather(open_source(path, FormatHints())).drop(LINE, ROW)
    key = join.key or join.on
    if key not in rows.columns:
        rule = f"is no column of {join.file}{did_you_mean(key, rows.columns)}; it has: {', '.join(rows.columns)}"
        raise MappingError("joins.key", key, rule)
    keys = rows[key].str.strip_chars()
    repeated = keys.filter(keys.is_duplicated() & keys.is_not_null())
    if not repeated.is_empty():
        raise MappingError("joins.key", repeated[0], f"stands more than once in {join.file}; join by a unique column")
    others = rows.drop(key).rename(lambda name: f"{join.prefix}{name}")
    return others.with_columns(keys.alias(_KEY), pl.lit(value=True).alias(_FOUND))
