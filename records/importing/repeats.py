"""Tells repeated rows from contradictions, by hashes: 16 bytes per row and no row kept. Pure but for its memory."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """What each row of a batch is; exactly one of the three holds.

    Attributes:
        new: Shape (n_rows,). The first row with its key.
        repeated: Shape (n_rows,). Says again what the first row with its key said.
        contradicting: Shape (n_rows,). Says something else than the first row with its key.
    """

    new: Flags
    repeated: Flags
    contradicting: Flags


class SeenRows:
    """Remembers the first content under each key.

    Two different rows have the same 64-bit hash about once in ten million files of a million rows.
    """

    def __init__(self) -> None:
        # Sorted runs, each more than twice as long as the next: a million rows are merged some twenty times at most.
        self._runs: list[tuple[Hashes, Hashes]] = []

    def judge(self, keys: pl.Series, contents: pl.Series) -> Judgement:
        """Compare rows with all rows before them, also within the batch, and remember the new ones.

        Args:
            keys: Shape (n_rows,), UInt64. Hashes of what makes a row the same fact.
            contents: Shape (n_rows,), UInt64. Hashes of all that a row says.
        """
        leads = keys.is_first_distinct()
        first = contents if leads.all() else _first_contents(keys, contents)
        known, held = self._look_up(keys.to_numpy())
        new = ~known & leads.to_numpy()
        same = np.where(known, held, first.to_numpy()) == contents.to_numpy()
        self._remember(keys.to_numpy()[new], contents.to_numpy()[new])
        return Judgement(new, ~new & same, ~new & ~same)

    def _look_up(self, keys: Hashes) -> tuple[Flags, Hashes]:
        known = np.zeros(len(keys), dtype=np.bool_)
        held = np.zeros(len(keys), dtype=np.uint64)
        for run_keys, run_contents in self._runs:
            places = np.minimum(np.searchsorted(run_keys, keys), len(run_keys) - 1)
            found = run_keys[places] == keys
            known |= found
            held[found] = run_contents[places[found]]
        return known, held

    def _remember(self, keys: Hashes, contents: Hashes) -> None:
        if not len(keys):
            return
        order = np.argsort(keys)
        self._runs.append((keys[order], contents[order]))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            last, before = self._runs.pop(), self._runs.pop()
            merged_keys = np.concatenate([before[0], last[0]])
            order = np.argsort(merged_keys, kind="stable")
            self._runs.append((merged_keys[order], np.concatenate([before[1], last[1]])[order]))


def _first_contents(keys: pl.Series, contents: pl.Series) -> pl.Series:
    batch = pl.DataFrame([keys.alias("key"), contents.alias("content")])
    return batch.select(pl.col("content").first().over("key")).to_series()


def hash_rows(frame: pl.DataFrame) -> pl.Series:
    """Hash each row to 64 bits; equal rows are equal within this process only."""
    return frame.hash_rows(seed=2026)
