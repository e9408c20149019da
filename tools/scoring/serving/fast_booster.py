"""Predicts one row with LightGBM's own single-row call, past the Python wrapper. Knows nothing of calibration.

`Booster.predict` rebuilds its configuration at every call. The C library has a call that keeps it
(`LGBM_BoosterPredictForMatSingleRowFast`), which the Python package does not offer
(https://github.com/microsoft/LightGBM/issues/6913); here it is reached through ctypes, with the same bits as result.
"""

import ctypes
import struct
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm.basic import _LIB

from domain.errors import InvalidInputError
from tools.scoring.arrays import FloatVector

_RAW, _CONTRIBUTIONS = 1, 3
_FLOAT64 = 1
_INIT, _CALL, _FREE = (
    "LGBM_BoosterPredictForMatSingleRowFastInit",
    "LGBM_BoosterPredictForMatSingleRowFast",
    "LGBM_FastConfigFree",
)
_PARAMETERS = b"num_threads=1 verbosity=-1"

_HOLDING = ctypes.PyDLL(_LIB._name)  # noqa: SLF001 - the loaded library is what the package keeps in this name
"""The same library, called with the interpreter's lock held: a raw score takes some microseconds, and whoever
releases the lock for them may wait milliseconds to get it back."""


class _Lane:
    """A prepared call with buffers of its own, for one thread and one kind of result."""

    def __init__(self, booster: lgb.Booster, library: ctypes.CDLL, kind: int, width: int, n_results: int) -> None:
        rounds = booster.best_iteration if booster.best_iteration > 0 else -1
        handle = ctypes.c_void_p()
        self._error = library.LGBM_GetLastError
        self._error.restype = ctypes.c_char_p
        self._check(
            getattr(library, _INIT)(
                booster._handle,  # noqa: SLF001 - the C library knows the booster by it
                ctypes.c_int(kind),
                ctypes.c_int(0),
                ctypes.c_int(rounds),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(width),
                ctypes.c_char_p(_PARAMETERS),
                ctypes.byref(handle),
            )
        )
        self.row = (ctypes.c_double * width)()
        self.result = (ctypes.c_double * n_results)()
        self._length = ctypes.c_int64()
        self._call = getattr(library, _CALL)
        self._arguments = (handle, ctypes.byref(self.row), ctypes.byref(self._length), ctypes.byref(self.result))
        # The booster stays alive until the call prepared on it is gone.
        weakref.finalize(self, _release, handle, booster)

    def run(self) -> None:
        """Fill `result` from `row`."""
        self._check(self._call(*self._arguments))

    def _check(self, status: int) -> None:
        if status:
            raise lgb.basic.LightGBMError((self._error() or b"unknown").decode())


def _release(handle: ctypes.c_void_p, _booster: lgb.Booster) -> None:
    getattr(_LIB, _FREE)(handle)


def has_fast_call(library: Any = _LIB) -> bool:
    """Whether a loaded LightGBM library offers the call."""
    return all(hasattr(library, name) for name in (_INIT, _CALL, _FREE))


class FastBooster:
    """One row in, one raw score or its contributions out, equal to `Booster.predict` to the last bit.

    Each thread gets a prepared call of its own, freed with the thread.

    Args:
        booster: A trained booster with one tree a round.
        is_fast: Whether to use the prepared call; without it every call is a `Booster.predict`.

    Raises:
        InvalidInputError: If the booster has several classes.
    """

    def __init__(self, booster: lgb.Booster, *, is_fast: bool | None = None) -> None:
        per_round = booster.num_model_per_iteration()
        if per_round != 1:
            raise InvalidInputError("booster", per_round, "trees a round; only one is a lead's score")
        self.booster = booster
        self.width = int(booster.num_feature())
        self.is_fast = has_fast_call() if is_fast is None else is_fast
        self._pack: Callable[..., None] = struct.Struct(f"={self.width}d").pack_into
        self._lanes = threading.local()

    def raw_score(self, row: Sequence[float] | FloatVector) -> float:
        """Return the log-odds of one row, shape (n_features,); NaN is "not measured".

        Raises:
            InvalidInputError: If the row has another length.
        """
        if len(row) != self.width:
            raise InvalidInputError("row", len(row), f"values; the model reads {self.width}")
        if not self.is_fast:
            return float(self._slow(row, raw_score=True)[0])
        try:
            lane: _Lane = self._lanes.raw
        except AttributeError:
            lane = self._lanes.raw = _Lane(self.booster, _HOLDING, _RAW, self.width, 1)
        self._pack(lane.row, 0, *(row.tolist() if isinstance(row, np.ndarray) else row))
        lane.run()
        return lane.result[0]

    def contributions(self, row: Sequence[float] | FloatVector) -> FloatVector:
        """Return the exact TreeSHAP values of one row, shape (n_features + 1,), the expectation last.

        The interpreter's lock is released meanwhile: this takes a hundred times as long as a score.

        Raises:
            InvalidInputError: If the row has another length.
        """
        if len(row) != self.width:
            raise InvalidInputError("row", len(row), f"values; the model reads {self.width}")
        if not self.is_fast:
            return np.asarray(self._slow(row, pred_contrib=True)[0])
        try:
            lane: _Lane = self._lanes.contributions
        except AttributeError:
            lane = self._lanes.contributions = _Lane(self.booster, _LIB, _CONTRIBUTIONS, self.width, self.width + 1)
        self._pack(lane.row, 0, *row)
        lane.run()
        return np.array(lane.result)

    def _slow(self, row: Sequence[float] | FloatVector, **kind: bool) -> Any:
        matrix = np.asarray(row, dtype=np.float64)[None]
        return np.asarray(self.booster.predict(matrix, num_threads=1, **kind))
