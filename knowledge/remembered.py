"""An encoder that keeps the vectors of large batches on disk, for texts that are encoded at every start."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from domain.values import content_hash
from knowledge.embedding import Encoder, FloatMatrix

_WORTH_KEEPING = 32
"""Texts in one call from which on the vectors are kept: examples of a classifier, never a message."""


class RememberedEncoder:
    """Encodes a batch once, and reads it back after a restart.

    A batch is kept under the hash of its texts and of the encoder's name. A file that cannot be read or written costs
    time, never an error.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        """Wrap an encoder.

        Args:
            encoder: Does the work.
            folder: Where the vectors are kept; made when the first are.
        """
        self._encoder, self._folder = encoder, folder

    @property
    def name(self) -> str:
        """The encoder's name."""
        return self._encoder.name

    @property
    def size(self) -> int:
        """Length of the vectors."""
        return self._encoder.size

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return unit vectors, shape (n_texts, size)."""
        if len(texts) < _WORTH_KEEPING:
            return self._encoder.encode(texts)
        file = self._folder / f"{content_hash(self.name, list(texts))}.npy"
        kept = self._read(file, len(texts))
        if kept is not None:
            return kept
        vectors = self._encoder.encode(texts)
        self._write(file, vectors)
        return vectors

    def _read(self, file: Path, n_texts: int) -> FloatMatrix | None:
        try:
            vectors = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return vectors.astype(np.float32, copy=False) if vectors.shape == (n_texts, self.size) else None

    def _write(self, file: Path, vectors: FloatMatrix) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as unfinished:
                np.save(unfinished, vectors)
            Path(unfinished.name).replace(file)
        except OSError:
            return
