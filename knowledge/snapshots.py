"""The embedded truth on disk: whole corpora, published by renaming. Knows files, not engines.

```
<folder>/
    current              the name of the newest snapshot, replaced atomically
    writing.lock         held while a writer reads, changes and publishes; the kernel frees it when a process dies
    <version>/           never changed once it has this name
        passages.jsonl   one passage a line
        vectors.npy      float32, shape (n_passages, size), in the order of the lines; absent without an encoder
```

A reader needs no lock: it sees the old snapshot or the new one. A writer that is killed leaves an unnamed temporary
folder, which the next writer removes.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic import ValidationError

from domain.errors import KnowledgeUnavailableError
from domain.knowledge import Passage
from knowledge.store import IndexedPassage, corpus_version

_CURRENT = "current"
_LOCK = "writing.lock"
_PASSAGES = "passages.jsonl"
_VECTORS = "vectors.npy"
_UNPUBLISHED = "unpublished-"
_READ_ATTEMPTS = 3


@dataclass(frozen=True)
class SnapshotFolder:
    """Publishes and loads snapshots. Any number of processes may share the folder."""

    folder: Path

    def current(self) -> str | None:
        """Return the name of the newest snapshot, or None before the first."""
        try:
            return (self.folder / _CURRENT).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from error

    def load(self) -> tuple[str | None, list[IndexedPassage]]:
        """Load the newest snapshot.

        Returns:
            Its name and its passages in order of id; None and nothing before the first.

        Raises:
            KnowledgeUnavailableError: If the files cannot be read or are not what was written.
        """
        for _ in range(_READ_ATTEMPTS):
            version = self.current()
            if version is None:
                return None, []
            try:
                return version, _read(self.folder / version)
            except FileNotFoundError:
                continue  # a writer published twice and removed this snapshot between our two reads
            except (OSError, ValueError, ValidationError) as error:
                raise self._unavailable(error) from error
        raise self._unavailable(f"the snapshot {version!r} is gone")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder's only writer's lock; wait for it while another process has it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / _LOCK).open("w")
        except OSError as error:
            raise self._unavailable(error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def publish(self, entries: Sequence[IndexedPassage]) -> str:
        """Make these passages the newest snapshot. Call it under `writing`.

        Args:
            entries: All passages of all markets; either all of them have a vector, or none has.

        Returns:
            The snapshot's name.
        """
        entries = sorted(entries, key=lambda entry: entry.passage.id)
        version = corpus_version(entry.fingerprint for entry in entries)
        previous = self.current()
        try:
            if not (self.folder / version).is_dir():
                self._write(version, entries)
            self._point_to(version)
            self._remove_all_but({version, previous})
        except OSError as error:
            raise self._unavailable(error) from error
        return version

    def _write(self, version: str, entries: Sequence[IndexedPassage]) -> None:
        unnamed = self.folder / f"{_UNPUBLISHED}{uuid.uuid4().hex}"
        unnamed.mkdir()
        with (unnamed / _PASSAGES).open("w", encoding="utf-8") as lines:
            lines.writelines(f"{entry.passage.model_dump_json()}\n" for entry in entries)
            _to_disk(lines)
        vectors = [entry.vector for entry in entries if entry.vector is not None]
        if vectors:
            with (unnamed / _VECTORS).open("wb") as rows:
                np.save(rows, np.stack(vectors).astype(np.float32))
                _to_disk(rows)
        unnamed.rename(self.folder / version)

    def _point_to(self, version: str) -> None:
        unnamed = self.folder / f"{_CURRENT}.new"
        with unnamed.open("w", encoding="utf-8") as pointer:
            pointer.write(version)
            _to_disk(pointer)
        unnamed.replace(self.folder / _CURRENT)

    def _remove_all_but(self, kept: set[str | None]) -> None:
        """Remove old snapshots and what killed writers left; the previous one stays for readers just opening it."""
        for child in self.folder.iterdir():
            if child.is_dir() and child.name not in kept:
                shutil.rmtree(child, ignore_errors=True)

    def _unavailable(self, cause: object) -> KnowledgeUnavailableError:
        return KnowledgeUnavailableError(
            f"the knowledge folder {str(self.folder)!r} cannot be used ({cause}); check its permissions and free space, "
            "or remove it and run `leadline ingest` again"
        )


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read(folder: Path) -> list[IndexedPassage]:
    with (folder / _PASSAGES).open(encoding="utf-8") as lines:
        passages = [Passage.model_validate_json(line) for line in lines]
    if not (folder / _VECTORS).exists():
        return [IndexedPassage(passage, None) for passage in passages]
    rows = np.load(folder / _VECTORS, allow_pickle=False)
    return [IndexedPassage(passage, row) for passage, row in zip(passages, rows, strict=True)]
