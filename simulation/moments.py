"""Time as days since the floor's start, and what a local clock shows then. Reads no clock."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from simulation.vectors import FloatVector, IntVector

SECONDS_PER_DAY = 86_400
_WAKING_HOUR, _SLEEPING_HOUR, _QUIET_HOURS = 7.0, 22.0, 9.5
UTC_DATETIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Timeline:
    """The floor's time axis.

    Attributes:
        start: Aware moment of day 0.
        days: Length; day `days` is the moment up to which anything is known.
    """

    start: datetime
    days: float

    def of(self, at: datetime) -> float:
        """Return a moment as days since the start."""
        return (at - self.start).total_seconds() / SECONDS_PER_DAY

    def series(self, days: FloatVector) -> pl.Series:
        """Turn days into aware moments in whole seconds. NaN becomes null."""
        known = np.isfinite(days)
        seconds = np.floor(np.where(known, days, 0.0) * SECONDS_PER_DAY + 1e-4).astype(np.int64)
        origin = int(self.start.timestamp()) * 1_000_000
        moments = pl.Series(origin + seconds * 1_000_000, dtype=pl.Int64).cast(UTC_DATETIME)
        return pl.select(pl.when(pl.Series(known)).then(moments)).to_series()

    def local_hour(self, days: FloatVector, utc_offset_h: FloatVector) -> FloatVector:
        """Return the local hour of the day, in [0, 24)."""
        return np.mod(days * 24 + self._start_hour + utc_offset_h, 24.0)

    def weekday(self, days: FloatVector, utc_offset_h: FloatVector) -> IntVector:
        """Return the local day of the week; Monday is 0."""
        local_days = np.floor(days + (self._start_hour + utc_offset_h) / 24)
        return np.asarray(np.mod(local_days + self.start.weekday(), 7), dtype=np.int64)

    def year_phase(self, days: FloatVector, peak_day: int) -> FloatVector:
        """Return a yearly wave in [-1, 1] that is 1 on the peak day."""
        day_of_year = self.start.timetuple().tm_yday + days
        return np.cos(2 * np.pi * (day_of_year - peak_day) / 365.25)

    def waking(self, days: FloatVector, utc_offset_h: FloatVector) -> FloatVector:
        """Move moments of the local night to the next morning, forward only."""
        hour = self.local_hour(days, utc_offset_h)
        asleep = (hour < _WAKING_HOUR) | (hour >= _SLEEPING_HOUR)
        return days + np.where(asleep, _QUIET_HOURS / 24, 0.0)

    @property
    def _start_hour(self) -> float:
        midnight = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        return (self.start - midnight).total_seconds() / 3600
