"""One lead's row is the same as its line in the bulk table, whatever happened and in whatever order it was written."""

import asyncio
import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.events import InteractionKind
from tests.unit.scoring.conftest import MARKET, START, InMemoryHistory, moments_of, small_floor
from tools.scoring import events
from tools.scoring.context import MarketContext
from tools.scoring.table import build_features, build_row

AS_OF = START + timedelta(days=60)

payloads = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["How much?", "¿Cuánto cuesta? Es urgente", "another offer", ""]),
        "page": st.sampled_from(["/pricing", "/about"]),
        "user_agent": st.sampled_from(["Mozilla/5.0", "Googlebot/2.1", "Bothy Phone"]),
    },
)
happenings = st.tuples(
    st.sampled_from(["lead-0", "lead-1", "lead-2"]),
    st.integers(0, 60 * 86_400),
    st.sampled_from([*InteractionKind, "never heard of"]),
    st.sampled_from([None, 0.0, 7.5, 600.0]),
    st.sampled_from([None, "p0", "p9"]),
    payloads,
)


def history_of(acts, fields) -> InMemoryHistory:
    history = InMemoryHistory()
    for i, zone in enumerate(["America/New_York", "Europe/Madrid", "Nowhere/Land"]):
        history.add_lead(f"lead-{i}", START + timedelta(days=i), product_id="p0", region="north", timezone=zone,
                         fields=fields[i])  # fmt: skip
        history.add_event(f"lead-{i}", START + timedelta(days=i + 1), "rep", record="assignment", rep_id="rep-1")
    for lead, second, kind, value, product, payload in acts:
        at = START + timedelta(seconds=second)
        history.add_event(lead, at, str(kind), value=value, payload=payload or None)
        history.events[-1]["product_id"] = product
    return history


@pytest.fixture(scope="module")
def context() -> MarketContext:
    floor, now = small_floor(150), START + timedelta(days=400)
    history = floor.frame(moments_of(*((f"lead-{i}", now) for i in range(150))))
    return MarketContext.of(history, asyncio.run(floor.outcomes(MARKET, before=now)))


field_values = st.dictionaries(
    st.sampled_from(["size", "since", "job_title", "employees", "industry"]),
    st.sampled_from([3.0, 2.5, True, "2024-01-15", "2030-05-01", "CEO", "120", "  ", None]),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(
    acts=st.lists(happenings, max_size=30),
    fields=st.tuples(*[field_values] * 3),
    seed=st.integers(0, 99),
    is_known=st.booleans(),
)
def test_a_row_alone_is_its_line_among_others(context, acts, fields, seed, is_known):
    known = context if is_known else MarketContext.unknown()
    frame = history_of(acts, fields).frame(moments_of(*((f"lead-{i}", AS_OF) for i in range(3))))
    table = build_features(frame.sample(fraction=1.0, shuffle=True, seed=seed), known)
    for i in range(3):
        records = frame.filter(pl.col("lead_id") == f"lead-{i}")
        row = build_row(records, AS_OF, known)
        assert build_row(records.to_dicts(), AS_OF, known) == row
        assert same(row, table.row(i, named=True))


def same(row: dict, line: dict) -> bool:
    """Compare; events of one instant and kind may be added up in another order, so numbers are close, not equal."""
    pairs = [(row.get(name), line.get(name)) for name in row | line]
    return all(
        one == other
        or (
            isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        )
        for one, other in pairs
    )


def test_in_the_order_of_the_log_the_numbers_are_the_same_to_the_last_bit(context):
    floor = small_floor(150)
    frame = floor.frame(moments_of(*((f"lead-{i}", START + timedelta(days=450)) for i in range(150))))
    for line in build_features(frame, context).iter_rows(named=True):
        assert build_row(frame.filter(pl.col("lead_id") == line["lead_id"]), line["as_of"], context) == line


def test_the_number_of_pairs_computed_together_changes_nothing(context, monkeypatch):
    floor = small_floor(150)
    frame = floor.frame(moments_of(*((f"lead-{i}", START + timedelta(days=450)) for i in range(150))))
    together = build_features(frame, context)
    monkeypatch.setattr(events, "PAIRS_AT_ONCE", 7)
    assert build_features(frame, context).equals(together)


def test_a_row_without_the_lead_is_refused():
    with pytest.raises(InvalidInputError, match="none of them is the lead's own"):
        build_row([], AS_OF, MarketContext.unknown())


def test_no_pairs_give_an_empty_table_with_every_column():
    table = build_features(InMemoryHistory().frame(moments_of(("nobody", AS_OF))), MarketContext.unknown())
    assert (table.height, table.width > 90) == (0, True)


@given(
    pair=st.lists(st.integers(0, 3), max_size=30),
    seed=st.integers(0, 1000),
    is_sorted=st.booleans(),
)
def test_events_are_put_in_order_by_pair_time_and_kind(pair, seed, is_sorted):
    rng = np.random.default_rng(seed)
    pairs = np.sort(np.array(pair, dtype=np.int64)) if is_sorted else np.array(pair, dtype=np.int64)
    at, kind = rng.integers(0, 4, len(pairs)), rng.integers(0, 3, len(pairs))
    if is_sorted:
        at = at[np.lexsort((at, pairs))]
    order = events.time_order(pairs, at, kind)
    put = np.arange(len(pairs)) if order is None else order
    assert [(pairs[i], at[i], kind[i]) for i in put] == sorted(zip(pairs, at, kind, strict=True))
