"""Vectors from any OpenAI-compatible endpoint. Sends text out; counts no tokens."""

from collections.abc import Sequence

import numpy as np
import openai

from domain.errors import KnowledgeUnavailableError
from knowledge.embedding import FloatMatrix, unit_rows

_TEXTS_AT_ONCE = 64


class OpenAiEncoder:
    """Encodes text at an endpoint of OpenAI's form: OpenAI, Azure, vLLM, Ollama, LiteLLM.

    Args:
        model: As the endpoint calls it.
        size: Length of its vectors, in numbers.
        client: Holds address, key, timeout and retries.
    """

    def __init__(self, model: str, *, size: int, client: openai.OpenAI) -> None:
        self.name = f"openai-{''.join(c if c.isalnum() or c in '.-_' else '-' for c in model)}-{size}"
        self.size = size
        self._model = model
        self._client = client

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Encode texts. See `Encoder`."""
        rows: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            rows += self._ask(list(texts[start : start + _TEXTS_AT_ONCE]))
        return unit_rows(np.asarray(rows, dtype=np.float32).reshape(len(texts), self.size))

    def _ask(self, texts: list[str]) -> list[list[float]]:
        try:
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        except openai.OpenAIError as error:
            message = f"the embedding endpoint {self._client.base_url} does not answer for {self._model!r} ({error})"
            raise KnowledgeUnavailableError(message) from error
        rows = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
        if len(rows) != len(texts) or any(len(row) != self.size for row in rows):
            found = sorted({len(row) for row in rows})
            message = (
                f"{self._model!r} sent {len(rows)} vectors of sizes {found} for {len(texts)} texts, not of size "
                f"{self.size}; set the size that the model has"
            )
            raise KnowledgeUnavailableError(message)
        return rows
