"""Creates a file once and for good: the atom under both outboxes. Knows nothing of messages."""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4


def create_once(path: Path, content: bytes, *, at: datetime) -> bool:
    """Create a file with all of its content, unless it exists.

    The content is written under a temporary name, synced, and linked to the final one. Linking fails where the name
    exists, so of any number of callers in any number of processes exactly one creates the file, and a crash leaves
    the whole file or none (at worst a hidden temporary one).

    Args:
        path: The file; its folder is made when missing.
        content: All of it.
        at: Becomes the file's time of modification, for `time_of`.

    Returns:
        Whether this call created the file.

    Raises:
        OSError: If the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{uuid4().hex}.tmp"
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.utime(draft, (at.timestamp(), at.timestamp()))
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def time_of(path: Path) -> datetime:
    """Return the `at` that the file was created with. Raises `OSError` where there is none."""
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
