"""Ended leads and arrivals of a market, counted by any key as of any moment. Pure: no clock, no I/O.

What is asked as of a moment is answered from what ended, or arrived, strictly before it: rates are safe from the
future by construction, and a lead's own end is never in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.segments import ratio

SHRINKAGE = 20.0
"""Ended leads of average luck that every key is credited with, so that two early wins do not make a star."""

Key = tuple[str, ...]
Asked = Sequence[Key | None]


@dataclass(frozen=True)
class Counted:
    """How many facts there were before each moment, and the total of their amounts; shape (n_asked,) each."""

    n: FloatVector
    total: FloatVector

    def __sub__(self, other: "Counted") -> "Counted":
        return Counted(self.n - other.n, self.total - other.total)

    def mean(self) -> FloatVector:
        """Return the mean amount; NaN where there was no fact."""
        return ratio(self.total, self.n)

    def shrunk_to(self, mean: FloatVector) -> FloatVector:
        """Return the mean amount with `SHRINKAGE` facts of the given mean added."""
        return np.asarray((self.total + SHRINKAGE * mean) / (self.n + SHRINKAGE))


@dataclass(frozen=True)
class KeyedLog:
    """Facts in order of time with running totals by key. A moment is told by how many facts of the whole log it follows.

    Attributes:
        n: Shape (n_facts + 1,). How many of the first facts have a key.
        sums: Shape (n_facts + 1,). Total of their amounts.
        codes: Code of each key.
        cells: Shape (n_keyed,). `code * (n_facts + 1) + position in time`, rising.
        cell_sums: Shape (n_keyed + 1,). Running total in the order of `cells`.
        starts: Shape (n_keys + 1,). Where each key begins in `cells`; the last is the end.
    """

    n: FloatVector
    sums: FloatVector
    codes: Mapping[Key, int]
    cells: IntVector
    cell_sums: FloatVector
    starts: IntVector

    @classmethod
    def of(cls, keys: Asked, amounts: FloatVector) -> Self:
        """Prepare from facts in order of time.

        Args:
            keys: n_facts keys; None for a fact that is not counted.
            amounts: Shape (n_facts,). What is added up: 1 for a win, days to the end, and the like.
        """
        codes = {key: code for code, key in enumerate(sorted({key for key in keys if key is not None}))}
        code = np.array([-1 if key is None else codes[key] for key in keys], dtype=np.int64)
        keyed = np.flatnonzero(code >= 0)
        by_key = keyed[np.argsort(code[keyed], kind="stable")]
        return cls(
            n=_running(code >= 0),
            sums=_running(np.where(code >= 0, amounts, 0.0)),
            codes=codes,
            cells=code[by_key] * (len(code) + 1) + by_key,
            cell_sums=_running(amounts[by_key]),
            starts=np.searchsorted(code[by_key], np.arange(len(codes) + 1)),
        )

    def all_before(self, position: IntVector) -> Counted:
        """Count the facts with a key among the first ones of the log, whatever the key."""
        return Counted(self.n[position], self.sums[position])

    def before(self, keys: Asked, position: IntVector) -> Counted:
        """Count the facts of one key each; zero for a key never seen."""
        unseen = len(self.codes)
        code = np.array([unseen if key is None else self.codes.get(key, unseen) for key in keys], dtype=np.int64)
        cell = self.cells.searchsorted(code * len(self.n) + position)
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
