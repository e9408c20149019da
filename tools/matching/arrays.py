"""Names of the array types that matching works with. Types only."""

import numpy as np
import numpy.typing as npt

FloatVector = npt.NDArray[np.float64]
FloatMatrix = npt.NDArray[np.float64]
SingleVector = npt.NDArray[np.float32]
SingleMatrix = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]
BoolMatrix = npt.NDArray[np.bool_]
BoolVector = npt.NDArray[np.bool_]
