"""Writes rejects as JSON Lines and counts them by rule. Decides nothing."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from records.importing.batches import Reject
from records.importing.quality import Remark

_SHOWN_LINES = 5
_MOST_RULES = 1_000


class RemarkCounts:
    """Counts of broken rules by column."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._lines: dict[tuple[str, str], list[int]] = {}

    def add(self, field: str, rule: str, lines: Iterable[int]) -> None:
        """Count the lines on which a column broke a rule."""
        key = (field, rule)
        if key not in self._counts and len(self._counts) == _MOST_RULES:
            key = (field, "breaks further rules")
        for line in lines:
            self._counts[key] = self._counts.get(key, 0) + 1
            first = self._lines.setdefault(key, [])
            if len(first) < _SHOWN_LINES:
                first.append(line)

    def report(self) -> tuple[Remark, ...]:
        """Return the counts, highest first."""
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Remark(field=key[0], rule=key[1], count=count, lines=tuple(self._lines[key])) for key, count in ranked
        )


class RejectsFile:
    """A file of rejects, one JSON object per line: line, field, value, rule. It exists only if there are any.

    A file left by an earlier import is removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def written(self) -> bool:
        """Whether there are any rejects."""
        return self._file is not None

    def add(self, rejects: Iterable[Reject]) -> None:
        """Write rejects."""
        for reject in rejects:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("wb")
            self._file.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))
