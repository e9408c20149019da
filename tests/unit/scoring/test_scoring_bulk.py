"""Bulk scoring equals scoring at once, however it is cut."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.scoring.model import untrained_model
from tools.scoring.serving.bulk import score_matrix, score_table

MODEL = untrained_model()
WIDTH = len(MODEL.schema.columns)
MATRIX = np.random.default_rng(2).choice([0.0, 0.7, 1.0, 20.0, np.nan], size=(97, WIDTH))


@given(rows=st.integers(0, 97), threads=st.integers(1, 3), part_rows=st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_parts_and_threads_change_no_number(rows, threads, part_rows):
    matrix = MATRIX[:rows]
    expected = MODEL.predict_matrix(matrix)
    frame = pl.DataFrame(dict(zip(MODEL.schema.names, matrix.T, strict=True))).fill_nan(None)
    for found in (
        score_matrix(MODEL, matrix, threads=threads, part_rows=part_rows),
        score_table(MODEL, frame, threads=threads, part_rows=part_rows),
    ):
        np.testing.assert_array_equal(found.p, expected.p)
        np.testing.assert_array_equal(found.low, expected.low)
        np.testing.assert_array_equal(found.high, expected.high)
        np.testing.assert_array_equal(found.matrix, matrix)


def test_an_error_in_a_part_is_raised():
    with pytest.raises(IndexError):
        score_matrix(MODEL, MATRIX[:, :2], threads=2, part_rows=10)
