"""What scoring asks of the system of record: the event log as frames, point in time. Declares; reads nothing itself."""

from datetime import datetime
from typing import Protocol

import polars as pl

from domain.values import Market

MOMENT = pl.Datetime("us", "UTC")

HISTORY_SCHEMA: dict[str, pl.DataType] = {
    "lead_id": pl.Utf8(),
    "as_of": MOMENT,
    "record": pl.Utf8(),
    "id": pl.Utf8(),
    "at": MOMENT,
    "kind": pl.Utf8(),
    "channel": pl.Utf8(),
    "rep_id": pl.Utf8(),
    "product_id": pl.Utf8(),
    "value": pl.Float64(),
    "payload": pl.Utf8(),
}
"""Columns of the frame that `History.known_before` returns."""

MOMENTS_SCHEMA: dict[str, pl.DataType] = {"lead_id": pl.Utf8(), "as_of": MOMENT}
"""Columns of the frame that `History.known_before` takes."""

OUTCOMES_SCHEMA: dict[str, pl.DataType] = {
    "lead_id": pl.Utf8(),
    "created_at": MOMENT,
    "product_id": pl.Utf8(),
    "region": pl.Utf8(),
    "source": pl.Utf8(),
    "rep_id": pl.Utf8(),
    "outcome": pl.Utf8(),
    "outcome_at": MOMENT,
    "value": pl.Float64(),
    "currency": pl.Utf8(),
}
"""Columns of the frame that `History.outcomes` returns; one row per lead, `outcome` null while it is open."""


class History(Protocol):
    """Reads the event log point in time."""

    async def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Return everything known about leads before moments (`HISTORY_SCHEMA`).

        Args:
            moments: `MOMENTS_SCHEMA`; a lead may appear at several moments.

        Returns:
            One row of record `lead` per (lead, moment) and every other record strictly before the moment,
            ordered by lead, moment and time. A lead that did not exist yet is absent.
        """
        ...

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return one row per lead created before a moment, with how it ended, if it has (`OUTCOMES_SCHEMA`)."""
        ...

    async def open_leads(self, market: Market, *, as_of: datetime) -> pl.DataFrame:
        """Return the leads without an outcome at a moment: `lead_id`, `created_at`."""
        ...
