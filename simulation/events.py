"""A batch of interactions on its way into a frame: vectors in, columns out. Draws nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from domain.events import Channel, InteractionKind
from simulation.vectors import FloatVector, IntVector


@dataclass(frozen=True)
class Events:
    """Interactions of one kind; vectors have shape (n_events,).

    Attributes:
        kind: What happened.
        channel: Where.
        lead: Index of the lead.
        at: Days since the start.
        rep: Index of the rep, -1 for none; nobody where left out.
        seconds: Durations; none where left out.
        text: What was written; nothing where left out.
        attributes: JSON text; nothing where left out.
    """

    kind: InteractionKind
    channel: Channel
    lead: IntVector
    at: FloatVector
    rep: IntVector | None = None
    seconds: FloatVector | None = None
    text: pl.Series | None = None
    attributes: pl.Series | None = None

    def frame(self) -> pl.DataFrame:
        """Return the columns lead, kind, at, channel, rep, duration_s, text and attributes."""
        n = len(self.lead)
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, n)
        return pl.DataFrame(
            {
                "lead": self.lead,
                "kind": pl.Series([self.kind.value]).new_from_index(0, n),
                "at": self.at,
                "channel": pl.Series([self.channel.value]).new_from_index(0, n),
                "rep": self.rep if self.rep is not None else np.full(n, -1),
                "duration_s": np.round(self.seconds, 0) if self.seconds is not None else np.full(n, np.nan),
                "text": self.text if self.text is not None else nothing,
                "attributes": self.attributes if self.attributes is not None else nothing,
            }
        )


def as_json(rows: Sequence[dict[str, object]], index: IntVector) -> pl.Series:
    """Write each of a few dictionaries once and repeat it by index."""
    return pl.Series([json.dumps(row) for row in rows], dtype=pl.String).gather(pl.Series(index))
