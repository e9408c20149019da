from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge.embedding import FloatMatrix
from knowledge.remembered import RememberedEncoder

MANY = [f"text {n}" for n in range(40)]


class CountingEncoder:
    name, size = "counting", 3

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.calls += 1
        return np.array([[len(text), hash(text) % 7, 1] for text in texts], dtype=np.float32)


def test_a_large_batch_is_encoded_once_over_restarts(tmp_path: Path) -> None:
    encoder = CountingEncoder()

    first = RememberedEncoder(encoder, tmp_path).encode(MANY)
    again = RememberedEncoder(encoder, tmp_path).encode(MANY)

    assert encoder.calls == 1
    np.testing.assert_array_equal(first, again)


def test_other_texts_are_another_batch(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    remembered = RememberedEncoder(encoder, tmp_path)

    remembered.encode(MANY)
    remembered.encode([*MANY, "one more"])

    assert encoder.calls == 2


def test_a_message_is_never_kept(tmp_path: Path) -> None:
    RememberedEncoder(CountingEncoder(), tmp_path).encode(["personal words of a lead"])

    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_costs_time_and_nothing_else(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    remembered = RememberedEncoder(encoder, tmp_path)
    remembered.encode(MANY)
    for file in tmp_path.iterdir():
        file.write_bytes(b"half a f")

    vectors = remembered.encode(MANY)

    assert encoder.calls == 2
    assert vectors.shape == (40, 3)


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    assert RememberedEncoder(CountingEncoder(), tmp_path / "file" / "below").encode(MANY).shape == (40, 3)
