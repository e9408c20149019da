"""Raw frames become an event log that answers as the records do: what was known then, and nothing later."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from domain.errors import InvalidInputError
from tests.unit.scoring.conftest import MARKET, START, moments_of
from tools.scoring.event_log import EventLog, ingest_lead_data
from tools.scoring.history import HISTORY_SCHEMA, OUTCOMES_SCHEMA


def day(n: float) -> datetime:
    return START + timedelta(days=n)


LEADS = pl.DataFrame(
    {
        "id": ["a", "b"], "market": [MARKET, MARKET], "created_at": [day(0), day(5)], "source": ["web", "fair"],
        "region": ["north", None], "email": ["a@b.example", None], "fields.size": [3.0, None],
    }
)  # fmt: skip
ACTS = pl.DataFrame(
    {
        "lead_id": ["a", "a", "b"], "kind": ["chat_message", "page_viewed", "page_viewed"],
        "at": [day(1), day(2), day(1)], "text": ["How much?", None, None],
        "attributes": ['{"action_id": "x"}', None, None],
    }
)  # fmt: skip
GIVEN = pl.DataFrame({"lead_id": ["a", "a"], "rep_id": ["r1", "r2"], "at": [day(1), day(8)]})
ENDS = pl.DataFrame(
    {"lead_id": ["a"], "kind": ["won"], "at": [day(6)], "value": [9.0], "currency": ["EUR"]},
    schema_overrides={"value": pl.Float64},
)


def log() -> EventLog:
    return ingest_lead_data(LEADS, ACTS, GIVEN, ENDS)


def test_a_history_holds_what_happened_strictly_before_in_the_records_shape():
    history = log().known_before(moments_of(("a", day(2)), ("a", day(9)), ("b", day(4))))
    assert dict(history.schema) == HISTORY_SCHEMA
    seen = [(row["as_of"], row["record"], row["kind"]) for row in history.iter_rows(named=True)]
    assert seen == [
        (day(2), "lead", "web"), (day(2), "assignment", None), (day(2), "interaction", "chat_message"),
        (day(9), "lead", "web"), (day(9), "assignment", None), (day(9), "interaction", "chat_message"),
        (day(9), "interaction", "page_viewed"), (day(9), "outcome", "won"), (day(9), "assignment", None),
    ]  # fmt: skip


def test_a_lead_that_is_not_there_yet_has_no_row():
    assert log().known_before(moments_of(("b", day(4)))).is_empty()


def test_texts_and_fields_are_where_the_records_put_them():
    history = log().known_before(moments_of(("a", day(9))))
    texts = history.filter(pl.col("kind").is_in(["web", "chat_message"]))["payload"].str.json_decode(
        pl.Struct(
            {"fields": pl.Struct({"size": pl.Float64}), "has_email": pl.Boolean, "text": pl.Utf8, "action_id": pl.Utf8}
        )
    )
    assert texts.to_list() == [
        {"fields": {"size": 3.0}, "has_email": True, "text": None, "action_id": None},
        {"fields": None, "has_email": None, "text": "How much?", "action_id": "x"},
    ]


@pytest.mark.parametrize(
    ("before", "outcome", "rep"), [(day(6), None, "r1"), (day(7), "won", "r1"), (day(9), "won", "r1")]
)
def test_outcomes_are_told_as_of_a_moment_with_the_rep_of_that_time(before, outcome, rep):
    table = log().outcomes(MARKET, before=before)
    assert dict(table.schema) == OUTCOMES_SCHEMA
    first = table.row(0, named=True)
    assert (table["lead_id"].to_list(), first["outcome"], first["rep_id"]) == (["a", "b"], outcome, rep)


def test_other_markets_and_ended_leads_are_not_open():
    open_leads = log().open_leads(MARKET, as_of=day(7))
    assert open_leads["lead_id"].to_list() == ["b"]
    assert log().outcomes("elsewhere", before=day(9)).is_empty()


def test_a_frame_without_a_needed_column_is_refused():
    with pytest.raises(InvalidInputError, match="lacks the column 'source'"):
        ingest_lead_data(LEADS.drop("source"), ACTS)


def test_a_time_without_a_zone_is_refused():
    naive = ACTS.with_columns(pl.col("at").dt.replace_time_zone(None))
    with pytest.raises(InvalidInputError, match=r"interactions\.at"):
        ingest_lead_data(LEADS, naive)
