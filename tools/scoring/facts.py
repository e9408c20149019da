"""Reads leads for scoring: features, the events behind them, flags, and a hash of it all. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

import numpy as np
import orjson
import polars as pl

from domain.scores import ScoreFlag
from domain.values import LeadId, Market, content_hash
from tools.scoring.arrays import FloatMatrix, IntVector
from tools.scoring.dataset import Kind, Schema, encode, encode_row
from tools.scoring.flags import find_flags
from tools.scoring.reading import KEYS, Read, process_interactions, read_lead
from tools.scoring.serving.shelf import Prepared, ServedModel
from tools.scoring.table import row_of, table_of

_TEXTS = (Kind.CATEGORY, Kind.WORD, Kind.LENGTH)


@dataclass(frozen=True)
class Facts:
    """One lead at one moment, as a model reads it.

    Attributes:
        lead_id: Whose.
        as_of: When.
        values: Features by name; None is "not measured".
        row: Length n_features. The values as the model reads them; NaN is "not measured".
        feature_hash: Of everything that decides the score and its reasons.
        interactions: Interactions before the moment, bots left out, oldest first: `id`, `kind`, `at`.
        flags: What a reader of the score must know about the evidence.
    """

    lead_id: LeadId
    as_of: datetime
    values: Mapping[str, Any]
    row: Sequence[float]
    feature_hash: str
    interactions: Sequence[Mapping[str, Any]]
    flags: tuple[ScoreFlag, ...]


class Happened(Sequence[Mapping[str, Any]]):
    """Interactions of one lead, oldest first, each made when it is asked for: reasons look at few of many."""

    def __init__(self, history: pl.DataFrame, rows: IntVector) -> None:
        self._id, self._kind, self._at = (history.get_column(name) for name in ("id", "kind", "at"))
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = int(self._rows[index])
        return {"id": self._id[row], "kind": self._kind[row], "at": self._at[row]}


def read_one(history: pl.DataFrame, as_of: datetime, served: ServedModel, prepared: Prepared) -> Facts:
    """Read one lead for a prepared model, without the cost of frames.

    Args:
        history: `HISTORY_SCHEMA`, of one lead at one moment.
        as_of: The moment.
        served: The version that serves.
        prepared: Which of its models is to answer.

    Raises:
        InvalidInputError: If no row describes the lead.
    """
    read = read_lead(history, as_of)
    values = row_of(read, as_of, served.context)
    schema = prepared.compiled.trained.schema
    row = encode_row(values, schema).tolist()
    return Facts(
        lead_id=LeadId(values["lead_id"]),
        as_of=as_of,
        values=values,
        row=row,
        feature_hash=prepared.reader.digest(row, _texts(values, schema)),
        interactions=Happened(history, read.events.row),
        flags=_flags(values, schema, served, [history.get_column("id")[int(i)] for i in read.bot_rows]),
    )


def read_many(history: pl.DataFrame, served: ServedModel) -> tuple[list[Facts], FloatMatrix]:
    """Read every (lead, moment) of a history for the version that serves.

    Returns:
        The facts, ordered by lead and moment, and their matrix, shape (n_facts, n_features).
    """
    read = process_interactions(history)
    features = table_of(read, served.context)
    schema = served.model.compiled.trained.schema
    matrix = encode(features, schema)
    ends = np.searchsorted(read.events.pair, np.arange(features.height + 1))
    bots = _bots(history, read)
    facts = []
    for i, values in enumerate(features.iter_rows(named=True)):
        lead_id, as_of, row = values["lead_id"], values["as_of"], matrix[i].tolist()
        facts.append(
            Facts(
                lead_id=LeadId(lead_id),
                as_of=as_of,
                values=values,
                row=row,
                feature_hash=served.model.reader.digest(row, _texts(values, schema)),
                interactions=Happened(history, read.events.row[ends[i] : ends[i + 1]]),
                flags=_flags(values, schema, served, bots.get((lead_id, as_of), [])),
            )
        )
    return facts, matrix


def records_hash(history: pl.DataFrame) -> str:
    """Return a hash of everything that is recorded of one lead; it changes with every record and every correction."""
    records = history.drop("as_of").with_columns(pl.col("at").dt.epoch("us"))
    return content_hash(records.rows(), length=24)


def market_of(history: pl.DataFrame) -> Market:
    """Return the market of a history's first lead."""
    is_lead = history.get_column("record") == "lead"
    return _market(history.get_column("payload").filter(is_lead)[0])


def by_market(history: pl.DataFrame) -> dict[Market, pl.DataFrame]:
    """Split a history by the market of its leads, in the order of the names."""
    leads = history.filter(pl.col("record") == "lead").unique("lead_id", maintain_order=True)
    markets = [_market(payload) for payload in leads.get_column("payload")]
    if len(set(markets)) <= 1:
        return dict.fromkeys(markets[:1], history)
    named = leads.select("lead_id").with_columns(market=pl.Series(markets, dtype=pl.Utf8))
    joined = history.join(named, on="lead_id", how="left", maintain_order="left")
    parts = joined.partition_by("market", as_dict=True, maintain_order=True)
    return {Market(str(key[0])): parts[key].drop("market") for key in sorted(parts)}


def _market(payload: str) -> Market:
    return Market(orjson.loads(payload)["market"])


def _texts(values: Mapping[str, Any], schema: Schema) -> dict[str, str]:
    """Return what a model reads as text, by name."""
    names = {column.read_from for column in schema.columns if column.kind in _TEXTS}
    return {name: str(values[name]) for name in names if values.get(name) is not None}


def _flags(
    values: Mapping[str, Any], schema: Schema, served: ServedModel, bot_ids: Sequence[str]
) -> tuple[ScoreFlag, ...]:
    ranges = served.context.ranges
    return find_flags(values, schema, ranges, bot_ids=bot_ids, as_of=values["as_of"], trained_at=served.trained_at)


def _bots(history: pl.DataFrame, read: Read) -> dict[tuple[str, datetime], list[str]]:
    found: dict[tuple[str, datetime], list[str]] = {}
    for lead_id, as_of, event_id in history[read.bot_rows].select(*KEYS, "id").iter_rows():
        found.setdefault((lead_id, as_of), []).append(event_id)
    return found
