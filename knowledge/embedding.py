"""What turns text into dense vectors, as a role. Loads no model itself."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatVector = NDArray[np.float32]
"""Shape (size,)."""

FloatMatrix = NDArray[np.float32]
"""Shape (n_texts, size)."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity.

    Two encoders of the same name give the same vectors; an index is bound to the name of its encoder.
    """

    @property
    def name(self) -> str:
        """Name of the model, as part of a file or collection name: letters, digits, `.`, `-` and `_`."""
        ...

    @property
    def size(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Encode texts, in input order, to rows of length 1.

        Raises:
            KnowledgeUnavailableError: If the model cannot be loaded or does not answer.
        """
        ...


def unit_rows(rows: FloatMatrix) -> FloatMatrix:
    """Scale each row to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
