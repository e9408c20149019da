"""Ended leads and arrivals of a market, counted by any key as of any moment. Pure: no clock, no I/O.

What is asked as of a moment is answered from what ended, or arrived, strictly before it: rates are safe from the
future by construction, and a lead's own end is never in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector

SHRINKAGE = 20.0
"""Ended leads of average luck that every key is credited with, so that two early wins do not make a star."""

Key = tuple[str, ...]
Asked = Sequence[Key | None]


@dataclass(frozen=True)
class Counted:
    """How many facts there were before each moment, and the total of their amounts; shape (..., n_asked) each."""

    n: FloatVector
    total: FloatVector

    def subtract(self, rows: slice, other: "Counted") -> None:
        """Take what was counted before another moment out of some rows."""
        self.n[rows] -= other.n
        self.total[rows] -= other.total

    def __getitem__(self, row: Any) -> "Counted":
        return Counted(self.n[row], self.total[row])

    def mean(self) -> FloatVector:
        """Return the mean amount; NaN where there was no fact."""
        return np.asarray(self.total / np.where(self.n > 0, self.n, np.nan))

    def shrunk_to(self, mean: FloatVector) -> FloatVector:
        """Return the mean amount with `SHRINKAGE` facts of the given mean added."""
        return np.asarray((self.total + SHRINKAGE * mean) / (self.n + SHRINKAGE))


@dataclass(frozen=True)
class KeyedLog:
    """Facts in order of time, with running totals by several kinds of key; one look-up answers for all kinds.

    A moment is told by how many facts of the whole log it follows.

    Attributes:
        n: Shape (n_kinds, n_facts + 1). How many of the first facts have a key of the kind.
        sums: Shape (n_kinds, n_facts + 1). Total of their amounts.
        codes: Code of each key of each kind; codes rise from kind to kind.
        cells: Shape (n_keyed,). `code * (n_facts + 1) + position in time`, rising.
        cell_sums: Shape (n_keyed + 1,). Running total in the order of `cells`.
        starts: Shape (n_keys + 2,). Where each key begins in `cells`; the last two are the end.
    """

    n: FloatMatrix
    sums: FloatMatrix
    codes: Sequence[Mapping[Key, int]]
    cells: IntVector
    cell_sums: FloatVector
    starts: IntVector

    @classmethod
    def of(cls, kinds: Sequence[tuple[Asked, FloatVector]]) -> Self:
        """Prepare from facts in order of time.

        Args:
            kinds: For each kind of key: n_facts keys, None for a fact that is not counted; and what is added up, shape
                (n_facts,): 1 for a win, days to the end, and the like.
        """
        codes: list[dict[Key, int]] = []
        cells, amounts, n, sums = [], [], [], []
        first = 0
        for keys, amount in kinds:
            known = {key: first + at for at, key in enumerate(sorted({key for key in keys if key is not None}))}
            code = np.array([-1 if key is None else known[key] for key in keys], dtype=np.int64)
            keyed = np.flatnonzero(code >= 0)
            by_key = keyed[np.argsort(code[keyed], kind="stable")]
            cells.append(code[by_key] * (len(code) + 1) + by_key)
            amounts.append(amount[by_key])
            n.append(_running(code >= 0))
            sums.append(_running(np.where(code >= 0, amount, 0.0)))
            codes.append(known)
            first += len(known)
        all_cells = np.concatenate(cells)
        width = len(n[0])
        return cls(
            n=np.array(n),
            sums=np.array(sums),
            codes=codes,
            cells=all_cells,
            cell_sums=_running(np.concatenate(amounts)),
            starts=np.append(np.searchsorted(all_cells, np.arange(first + 1) * width), len(all_cells)),
        )

    def all_before(self, position: IntVector) -> Counted:
        """Count the facts with a key among the first ones of the log, whatever the key; shape (n_kinds, n_asked)."""
        return Counted(self.n[:, position], self.sums[:, position])

    def before(self, kinds: Sequence[int], keys: Sequence[Asked], position: IntVector) -> Counted:
        """Count the facts of one key each; zero for a key never seen.

        Args:
            kinds: The kinds asked.
            keys: For each kind, n_asked keys.
            position: Shape (n_asked,), or (n_kinds_asked, n_asked) where each kind is asked as of moments of its own.

        Returns:
            Counts of shape (n_kinds_asked, n_asked).
        """
        unseen = len(self.starts) - 2
        code = np.array(
            [
                [unseen if key is None else codes.get(key, unseen) for key in asked]
                for codes, asked in zip((self.codes[kind] for kind in kinds), keys, strict=True)
            ],
            dtype=np.int64,
        )
        cell = self.cells.searchsorted(code * self.n.shape[1] + position)
        start = self.starts[code]
        return Counted((cell - start).astype(np.float64), self.cell_sums[cell] - self.cell_sums[start])


@dataclass(frozen=True)
class Column:
    """Texts by code, so that a context stays small: the same few names come again and again."""

    names: tuple[str, ...]
    codes: IntVector

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Self:
        """Encode; -1 is nothing."""
        names = tuple(sorted({text for text in texts if text is not None}))
        known: dict[str | None, int] = {name: code for code, name in enumerate(names)}
        return cls(names, np.array([known.get(text, -1) for text in texts], dtype=np.int64))

    def texts(self) -> list[str | None]:
        """Decode."""
        table = (*self.names, None)
        return [table[code] for code in self.codes.tolist()]


@dataclass(frozen=True)
class EndedLeads:
    """All leads of a market up to a moment, open or ended, as plain columns of n_leads entries.

    Attributes:
        created_at: Shape (n_leads,). Microseconds since 1970.
        ended_at: Shape (n_leads,). The same; -1 while open.
        won: Shape (n_leads,).
        named: `rep`, `product`, `region` and `industry` of the leads.
    """

    created_at: IntVector
    ended_at: IntVector
    won: BoolVector
    named: Mapping[str, Column]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "created_at": self.created_at.tolist(),
            "ended_at": self.ended_at.tolist(),
            "won": self.won.astype(int).tolist(),
            "named": {key: {"names": list(c.names), "codes": c.codes.tolist()} for key, c in self.named.items()},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        named = {
            key: Column(tuple(one["names"]), np.array(one["codes"], dtype=np.int64))
            for key, one in plain["named"].items()
        }
        return cls(
            created_at=np.array(plain["created_at"], dtype=np.int64),
            ended_at=np.array(plain["ended_at"], dtype=np.int64),
            won=np.array(plain["won"], dtype=np.bool_),
            named=named,
        )

    @classmethod
    def none(cls) -> Self:
        """Return the past of a market of which nothing is known."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, np.empty(0, dtype=np.bool_), {key: Column((), nothing) for key in NAMES})


NAMES = ("rep", "product", "region", "industry")


def keys_of(*parts: Sequence[str | None]) -> list[Key | None]:
    """Join columns into keys; a key with a missing part is none."""
    return [None if None in key else key for key in zip(*parts, strict=True)]


def _running(amounts: FloatVector | BoolVector) -> FloatVector:
    return np.concatenate([np.zeros(1), np.cumsum(amounts, dtype=np.float64)])
