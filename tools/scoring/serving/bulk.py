"""Scores many rows at the rate of the model itself: in parts, each part encoded and predicted in one thread. Pure.

Parts that fit the processor's cache are encoded while others are predicted. LightGBM's own threads would wait for
each other at every part, which costs much where other work shares the machine; one thread a part waits for nobody.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from tools.scoring.arrays import FloatMatrix
from tools.scoring.dataset import encode
from tools.scoring.model import Prediction, TrainedModel

PART_ROWS = 8_192


def score_matrix(
    model: TrainedModel, matrix: FloatMatrix, *, threads: int = 1, part_rows: int = PART_ROWS
) -> Prediction:
    """Predict encoded rows; equal to `TrainedModel.predict_matrix`.

    Args:
        model: Any trained model.
        matrix: Shape (n_rows, n_features), in the order of the model's schema.
        threads: At least 1; the cores that may be used.
        part_rows: Rows of a part, at least 1.
    """
    return _joined(lambda at: model.predict_matrix(matrix[at]), len(matrix), threads, part_rows)


def score_table(
    model: TrainedModel, features: pl.DataFrame, *, threads: int = 1, part_rows: int = PART_ROWS
) -> Prediction:
    """Encode and predict the rows of a feature table; equal to `TrainedModel.predict`.

    Args:
        model: Any trained model.
        features: Columns in any order; absent ones count as not measured.
        threads: At least 1; the cores that may be used.
        part_rows: Rows of a part, at least 1.
    """

    def part(at: slice) -> Prediction:
        return model.predict_matrix(encode(features[at], model.schema))

    return _joined(part, features.height, threads, part_rows)


def _joined(part: Callable[[slice], Prediction], n_rows: int, threads: int, part_rows: int) -> Prediction:
    slices = list(_slices(n_rows, threads, part_rows))
    if threads == 1 or len(slices) == 1:
        parts = [part(at) for at in slices]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(part, slices))
    p, low, high, matrix = (
        np.concatenate(each) for each in zip(*((x.p, x.low, x.high, x.matrix) for x in parts), strict=True)
    )
    return Prediction(p, low, high, matrix)


def _slices(n_rows: int, threads: int, part_rows: int) -> Iterator[slice]:
    """Cut rows into parts of equal size, as many for each thread; one empty part where there are no rows."""
    rounds = max(1, -(-n_rows // (threads * part_rows)))
    size = max(1, -(-n_rows // (threads * rounds)))
    yield from (slice(begin, begin + size) for begin in range(0, max(n_rows, 1), size))
