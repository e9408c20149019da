"""Reads histories into arrays: a frame of many (lead, moment) pairs, or the records of one lead. Computes no feature."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import polars as pl

from domain.errors import InvalidInputError
from domain.events import InteractionKind
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.bots import AGENT_HINTS, is_bot_agent, without_bots
from tools.scoring.events import DAY_US, KIND_CODES, KINDS, Events, no_measures, time_order
from tools.scoring.local_time import microseconds, utc_offset
from tools.scoring.words import PRICE_PAGE, measure

KEYS = ["lead_id", "as_of"]
"""Columns that name a pair."""

_PRICE_PAGE = re.compile(PRICE_PAGE)
_TEXT_HINT, _AGENT_HINT, _PAGE_HINT = '"text"', '"user_agent"', '"page"'
_PAGE_VIEWED = KIND_CODES[InteractionKind.PAGE_VIEWED]
_Texts = list[str | None]


@dataclass(frozen=True)
class Leads:
    """The leads of n_pairs (lead, moment) pairs as known at the moments; every list has n_pairs entries.

    Attributes:
        lead_id: Ids.
        as_of: Microseconds since 1970.
        created_at: Microseconds since 1970.
        source: Sources.
        product: Products of interest.
        rep: Reps the leads were with before the moments.
        payload: Everything else, as stored.
        fields: The leads' own fields, out of the payloads.
    """

    lead_id: list[str]
    as_of: IntVector
    created_at: IntVector
    source: _Texts
    product: _Texts
    rep: _Texts
    payload: list[Mapping[str, Any]]
    fields: list[Mapping[str, Any]]

    def texts(self, key: str) -> _Texts:
        """Return one entry of the payloads."""
        return [payload.get(key) for payload in self.payload]

    @property
    def age_days(self) -> FloatVector:
        """Days from creation to the moment."""
        return np.asarray((self.as_of - self.created_at) / DAY_US)


@dataclass(frozen=True)
class Read:
    """What was read: leads, their events without bots, and the rows of the bots' events."""

    leads: Leads
    events: Events
    bot_rows: IntVector


def process_interactions(history: pl.DataFrame) -> Read:
    """Read a history of many pairs: order its interactions in time and leave out bots.

    Args:
        history: `HISTORY_SCHEMA`, in any order; rows at or after `as_of` are ignored.

    Returns:
        Pairs ordered by lead and moment; rows are numbered as in `history`.
    """
    rows = history.with_row_index("row")
    found = rows.filter(pl.col("record") == "lead").unique(KEYS, keep="last", maintain_order=True).sort(KEYS)
    is_past = pl.col("at") < pl.col("as_of")
    used = [*KEYS, "row", "at", "kind", "value", "product_id", "payload"]
    acts = rows.filter((pl.col("record") == "interaction") & is_past).select(used)
    given = rows.filter((pl.col("record") == "assignment") & is_past).sort([*KEYS, "at", "id"])
    reps = given.group_by(KEYS, maintain_order=True).agg(pl.col("rep_id").last())
    payload = [orjson.loads(text) if text else {} for text in found["payload"]]
    leads = Leads(
        lead_id=found["lead_id"].to_list(),
        as_of=_us(found["as_of"]),
        created_at=_us(found["at"]),
        source=found["kind"].to_list(),
        product=found["product_id"].to_list(),
        rep=found.select(KEYS).join(reps, on=KEYS, how="left", maintain_order="left")["rep_id"].to_list(),
        payload=payload,
        fields=[one.get("fields") or {} for one in payload],
    )
    pair = _pair_of(acts, found)
    kind = acts["kind"].cast(pl.Enum(KINDS), strict=False).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    marks = _marks(acts["payload"])
    usable = (pair >= 0) & (kind >= 0)
    bot_rows = acts["row"].to_numpy()[usable & marks.is_bot].astype(np.int64)
    usable &= ~marks.is_bot
    if not usable.all():
        acts = acts.filter(pl.Series(usable))
        pair, kind, marks = pair[usable], kind[usable], marks.keep(usable)
    said = np.flatnonzero(marks.text >= 0)
    read = _events(
        leads,
        pair,
        kind,
        _us(acts["at"]),
        acts["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        _about(acts["product_id"], leads.product, pair),
        marks.on_prices & (kind == _PAGE_VIEWED),
        (said, marks.measures[marks.text[said]]),
        acts["row"].to_numpy().astype(np.int64),
    )
    return Read(leads, read.events, np.sort(np.concatenate([bot_rows, read.bot_rows])))


def read_lead(records: pl.DataFrame | Sequence[Mapping[str, Any]], as_of: datetime) -> Read:
    """Read the records of one lead, without a query engine: for one lead that is faster.

    Args:
        records: Rows of `HISTORY_SCHEMA` of one lead, `as_of` not read; rows at or after the moment are ignored.
        as_of: Aware.

    Raises:
        InvalidInputError: If no row describes the lead.
    """
    record, lead_id, id_, at, kind, rep_id, product_id, value, payload = _columns_of(records)
    until = microseconds(as_of)
    found = [i for i, name in enumerate(record) if name == "lead"]
    if not found:
        raise InvalidInputError("records", len(record), "rows, and none of them is the lead's own")
    mine = found[-1]
    described = orjson.loads(payload[mine]) if payload[mine] else {}
    given = sorted((at[i], id_[i], i) for i, name in enumerate(record) if name == "assignment" and at[i] < until)
    leads = Leads(
        lead_id=[lead_id[mine]],
        as_of=np.array([until]),
        created_at=np.array([at[mine]]),
        source=[kind[mine]],
        product=[product_id[mine]],
        rep=[rep_id[given[-1][2]] if given else None],
        payload=[described],
        fields=[described.get("fields") or {}],
    )
    acts = [i for i, name in enumerate(record) if name == "interaction" and at[i] < until and kind[i] in KIND_CODES]
    bots = [i for i in acts if _is_bot(payload[i])] if _hints_at_bots([payload[i] for i in acts]) else []
    if bots:
        left_out = set(bots)
        acts = [i for i in acts if i not in left_out]
    own = product_id[mine]
    texts = [(n, measure(said)) for n, i in enumerate(acts) if (said := _text_of(payload[i])) is not None]
    about = [np.nan if product_id[i] is None or own is None else 1.0 if product_id[i] == own else 0.0 for i in acts]
    read = _events(
        leads,
        np.zeros(len(acts), dtype=np.int64),
        np.array([KIND_CODES[kind[i]] for i in acts], dtype=np.int64),
        np.array([at[i] for i in acts], dtype=np.int64),
        np.array([value[i] for i in acts], dtype=np.float64),
        np.array(about, dtype=np.float64),
        np.array([kind[i] == "page_viewed" and _is_on_prices(payload[i]) for i in acts], dtype=np.bool_),
        (
            np.array([n for n, _ in texts], dtype=np.int64),
            np.array([measures for _, measures in texts]) if texts else no_measures(),
        ),
        np.array(acts, dtype=np.int64),
    )
    return Read(leads, read.events, np.sort(np.concatenate([np.array(bots, dtype=np.int64), read.bot_rows])))


def _events(
    leads: Leads,
    pair: IntVector,
    kind: IntVector,
    at: IntVector,
    value: FloatVector,
    about: FloatVector,
    on_prices: BoolVector,
    texts: tuple[IntVector, FloatMatrix],
    row: IntVector,
) -> Read:
    """Put the events in order, and leave out the visits that look like a bot's."""
    said, measures = texts
    order = time_order(pair, at, kind)
    if order is not None:
        pair, kind, at, value = pair[order], kind[order], at[order], value[order]
        about, on_prices, row = about[order], on_prices[order], row[order]
        position = np.empty(len(order), dtype=np.int64)
        position[order] = np.arange(len(order))
        said = position[said]
        again = np.argsort(said)
        said, measures = said[again], measures[again]
    zones = zip(leads.texts("timezone"), leads.as_of.tolist(), strict=True)
    events = Events(
        lead_age=leads.age_days,
        utc_offset=np.array([utc_offset(zone, moment) for zone, moment in zones], dtype=np.float64),
        pair=pair,
        kind=kind,
        at=at,
        age=(leads.as_of[pair] - at) / DAY_US,
        value=value,
        about=about,
        on_prices=on_prices,
        said=said,
        measures=measures,
        row=row,
    )
    people, is_bot = without_bots(events)
    return Read(leads, people, row[is_bot])


# -- a frame ------------------------------------------------------------------------------------------------------


def _us(moments: pl.Series) -> IntVector:
    return moments.dt.epoch("us").to_numpy().astype(np.int64, copy=False)


def _pair_of(rows: pl.DataFrame, leads: pl.DataFrame) -> IntVector:
    """Return the pair of each row, shape (n_rows,); -1 for a pair without a lead. Rows of a pair come in long runs."""
    if rows.is_empty():
        return np.empty(0, dtype=np.int64)
    begins = (
        (pl.col("lead_id") != pl.col("lead_id").shift(1)) | (pl.col("as_of") != pl.col("as_of").shift(1))
    ).fill_null(value=True)
    is_first = rows.select(begins.alias("begins"))["begins"]
    named = leads.select(KEYS).with_row_index("pair")
    heads = rows.filter(is_first).select(KEYS).join(named, on=KEYS, how="left", maintain_order="left")
    pairs = heads["pair"].cast(pl.Int64).fill_null(-1).to_numpy()
    return np.asarray(pairs[np.cumsum(is_first.to_numpy()) - 1])


@dataclass(frozen=True)
class _Marks:
    """What the payloads of n_events interactions say: a bot, a page about prices, a text (-1, or its measures' row)."""

    is_bot: BoolVector
    on_prices: BoolVector
    text: IntVector
    measures: FloatMatrix

    def keep(self, kept: BoolVector) -> "_Marks":
        return _Marks(self.is_bot[kept], self.on_prices[kept], self.text[kept], self.measures)


def _marks(payload: pl.Series) -> _Marks:
    """Read the payloads; equal ones, of which a site's log is full, are read once."""
    distinct = pl.DataFrame({"payload": payload.unique()}).with_row_index("code")
    rows = pl.DataFrame({"payload": payload}).join(
        distinct, on="payload", how="left", maintain_order="left", nulls_equal=True
    )
    code, raw = rows["code"].to_numpy(), distinct["payload"]
    hinted = raw.str.contains_any(list(AGENT_HINTS), ascii_case_insensitive=True).fill_null(value=False)
    is_bot = np.zeros(len(raw), dtype=np.bool_)
    for i in np.flatnonzero(hinted.to_numpy()).tolist():
        is_bot[i] = _is_bot(raw[i])
    text = np.full(len(raw), -1)
    measured: list[tuple[float, ...]] = []
    speaks = raw.str.contains(_TEXT_HINT, literal=True).fill_null(value=False)
    for i in np.flatnonzero(speaks.to_numpy()).tolist():
        if (said := _text_of(raw[i])) is not None:
            text[i] = len(measured)
            measured.append(measure(said))
    return _Marks(
        is_bot=is_bot[code],
        on_prices=raw.str.contains(PRICE_PAGE).fill_null(value=False).to_numpy()[code],
        text=text[code],
        measures=np.array(measured) if measured else no_measures(),
    )


def _about(product: pl.Series, wanted: _Texts, pair: IntVector) -> FloatVector:
    about = np.full(len(product), np.nan)
    some = np.flatnonzero(product.is_not_null().to_numpy())
    for i, named in zip(some.tolist(), product.gather(some).to_list(), strict=True):
        own = wanted[pair[i]]
        if own is not None:
            about[i] = 1.0 if named == own else 0.0
    return about


# -- one lead -----------------------------------------------------------------------------------------------------


def _columns_of(records: pl.DataFrame | Sequence[Mapping[str, Any]]) -> tuple[list[Any], ...]:
    names = ("record", "lead_id", "id", "at", "kind", "rep_id", "product_id", "value", "payload")
    if isinstance(records, pl.DataFrame):
        series = [records.get_column(name) for name in names]
        return tuple(_us(one).tolist() if one.name == "at" else one.to_list() for one in series)
    columns: list[list[Any]] = [[row.get(name) for row in records] for name in names]
    columns[3] = [microseconds(at) for at in columns[3]]
    return tuple(columns)


def _hints_at_bots(payloads: _Texts) -> bool:
    everything = "\n".join(payload for payload in payloads if payload).lower()
    return any(hint in everything for hint in AGENT_HINTS)


def _is_bot(payload: str | None) -> bool:
    return payload is not None and _AGENT_HINT in payload and is_bot_agent(payload)


def _is_on_prices(payload: str | None) -> bool:
    return payload is not None and _PAGE_HINT in payload and _PRICE_PAGE.search(payload) is not None


def _text_of(payload: str | None) -> str | None:
    if payload is None or _TEXT_HINT not in payload:
        return None
    said = orjson.loads(payload).get("text")
    return said if isinstance(said, str) and said else None
