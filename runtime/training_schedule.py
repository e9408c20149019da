"""Whether and when markets are trained every night: the settings, as a schedule. Trains nothing."""

from collections.abc import Sequence
from typing import Protocol

from domain.values import Market
from runtime.settings import Settings


class NightlySchedule(Protocol):
    """A schedule that can be kept or dropped, any number of times."""

    async def keep_schedule(self, markets: Sequence[Market], *, hour_utc: int) -> None:
        """Make the nightly schedule what it should be."""
        ...

    async def drop_schedule(self) -> None:
        """Remove it."""
        ...


async def keep_trainings_scheduled(schedule: NightlySchedule, settings: Settings, markets: Sequence[Market]) -> None:
    """Make the nightly schedule what the settings say. Every worker does so at its start.

    Raises:
        WorkflowsUnavailableError: If Temporal does not answer.
    """
    if settings.training_schedule == "on":
        await schedule.keep_schedule(markets, hour_utc=settings.train_hour_utc)
    else:
        await schedule.drop_schedule()
