"""Names of the array types used in this room, and the logistic function. Holds no other behaviour."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]
IntVector = NDArray[np.int64]
BoolVector = NDArray[np.bool_]
BoolMatrix = NDArray[np.bool_]


def sigmoid(log_odds: FloatVector) -> FloatVector:
    """Turn log-odds into probabilities, element by element."""
    return np.asarray(expit(log_odds), dtype=np.float64)
