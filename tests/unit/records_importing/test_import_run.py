import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import MappingError
from records.importing.importer import DryRunSink
from records.importing.mapping import Mapping
from records.importing.tables import TABLES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEADS = "id,created_at,source,email,age\nl1,2026-01-01,web,ann@example.com,31\nl2,2026-01-02,web,,\n"


def _accounts(report) -> bool:
    return report.read == (report.landed + report.unchanged + report.repeated + report.rejected + report.skipped)


def _column(report, name: str):
    return next(column for column in report.quality.columns if column.name == name)


def test_good_rows_land_and_bad_rows_are_listed(desk):
    report = desk.load(
        "leads",
        "id,created_at,source\nl1,2026-01-01,web\n,2026-01-01,web\nl3,31/01/2026,web\nl4,2026-01-04\nl5,2026-01-05,web\n",
        market="roofing",
    )
    assert [row["id"] for row in desk.sink.landed] == ["l1", "l5"]
    assert (report.read, report.landed, report.rejected) == (5, 2, 3)
    found = [json.loads(line) for line in desk.rejects.read_text().splitlines()]
    assert [(reject["line"], reject["field"], reject["value"]) for reject in found] == [
        (3, "id", None), (4, "created_at", "31/01/2026"), (5, "(line)", "l4,2026-01-04"),
    ]  # fmt: skip
    assert all(set(reject) == {"line", "field", "value", "rule"} for reject in found)
    assert _accounts(report)


def test_a_row_with_two_faults_is_one_rejected_row(desk):
    report = desk.load("leads", "id,created_at,source\nl1,soon,\n", market="roofing")
    assert report.rejected == 1
    assert [remark.field for remark in report.rejects] == ["created_at", "source"]


def test_a_second_import_changes_nothing(desk):
    first = desk.load("leads", LEADS, market="roofing")
    second = desk.load("leads", LEADS, market="roofing")
    assert (first.landed, second.landed, second.unchanged) == (2, 0, 2)


def test_no_rejects_leave_no_file_and_remove_the_old_one(desk):
    desk.load("leads", "id,created_at,source\nl1,soon,web\n", market="roofing")
    assert desk.rejects.exists()
    report = desk.load("leads", LEADS, market="roofing")
    assert (desk.rejects.exists(), report.rejects_file) == (False, None)


def test_the_frame_has_every_column_of_the_table_and_aware_times(desk):
    desk.load("leads", LEADS, market="roofing")
    frame = desk.sink.frames[0]
    assert frame.columns == list(TABLES["leads"].columns)
    assert frame.schema["created_at"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_lands_with_nothing_but_what_it_requires(desk, table: str):
    values = {"id": "a", "at": "2026-01-01", "created_at": "2026-01-01", "kind": "won", "granted": "yes"}
    if table == "interactions":
        values["kind"] = "email_opened"
    names = [name for name, column in TABLES[table].columns.items() if column.required and column.default is None]
    names = [name for name in names if name != "market"]
    report = desk.load(
        table, f"{','.join(names)}\n{','.join(values.get(name, 'x') for name in names)}\n", market="roofing"
    )
    assert (report.landed, report.rejected) == (1, 0)


def test_leads_know_where_they_come_from(desk):
    desk.load("leads", LEADS, mapping={"market": "roofing", "basis": "contract"})
    provenance = json.loads(desk.sink.landed[0]["provenance"])["*"]
    assert provenance == {
        "source": "file.csv", "recorded_at": "2026-06-01T12:00:00Z", "recorded_by": "import", "basis": "contract",
    }  # fmt: skip


def test_fields_are_json_and_absent_when_not_measured(desk):
    desk.load("leads", 'id,created_at,source,age,"say ""x"""\nl1,2026-01-01,web,31,"a ""b"" {c}"\nl2,2026-01-01,web,,\n',
              market="roofing")  # fmt: skip
    assert [json.loads(row["fields"]) for row in desk.sink.landed] == [{"age": 31.0, 'say "x"': 'a "b" {c}'}, {}]


def test_fields_are_typed(desk):
    mapping = {
        "market": "roofing",
        "fields": {
            "age": {"type": "number"},
            "owner": {"from": "own", "type": "bool"},
            "since": {"type": "date", "date_format": "%d.%m.%Y"},
            "zip": {"type": "category"},
        },
    }
    desk.load(
        "leads", "id,created_at,source,age,own,since,zip\nl1,2026-01-01,web,31,yes,05.01.2020,01234\n", mapping=mapping
    )
    assert json.loads(desk.sink.landed[0]["fields"]) == {
        "age": 31.0, "owner": True, "since": "2020-01-05", "zip": "01234",
    }  # fmt: skip


def test_a_broken_address_costs_itself_and_is_reported(desk):
    report = desk.load(
        "leads", "id,created_at,source,email,phone\nl1,2026-01-01,web,ann@,12\n",
        mapping={"market": "roofing", "phone_region": "US"},
    )  # fmt: skip
    assert (desk.sink.landed[0]["email"], desk.sink.landed[0]["phone"]) == (None, None)
    assert [(remark.field, remark.count, remark.lines) for remark in report.warnings] == [
        ("email", 1, (2,)), ("phone", 1, (2,)),
    ]  # fmt: skip


def test_levels_are_corrected_and_unknown_ones_reported(desk):
    mapping = {
        "market": "roofing",
        "levels": {"region": {"allowed": ["Suburban", "Urban"], "corrections": {"Surburban": "Suburban"}}},
    }
    report = desk.load(
        "leads",
        "id,created_at,source,region\na,2026-01-01,web,Surburban\nb,2026-01-01,web,Urbn\nc,2026-01-01,web,Urban\n",
        mapping=mapping,
    )
    assert [row["region"] for row in desk.sink.landed] == ["Suburban", "Urbn", "Urban"]
    unknown = _column(report, "region").unknown_levels
    assert [(level.value, level.count, level.suggestion) for level in unknown] == [("Urbn", 1, "Urban")]


def test_null_values_of_the_file_and_of_a_column(desk):
    mapping = {
        "market": "roofing",
        "format": {"null_values": ["unknown", "Select"]},
        "fields": {"pdays": {"type": "number", "null": ["999"]}, "age": {"type": "number"}},
    }
    report = desk.load(
        "leads", "id,created_at,source,region,pdays,age\na,2026-01-01,web,Select,999,999\n", mapping=mapping
    )
    assert desk.sink.landed[0]["region"] is None
    assert json.loads(desk.sink.landed[0]["fields"]) == {"age": 999.0}
    assert _column(report, "region").missing == 1


def test_cells_are_replaced_emptied_and_defaulted(desk):
    mapping = {
        "columns": {
            "lead_id": "id",
            "kind": {"from": "y", "map": {"yes": "won", "no": "lost"}},
            "at": {"from": "day", "default": "2026-01-31"},
            "reason": {"from": "why", "map": {"n/a": ""}},
        }
    }
    desk.load("outcomes", "id,y,day,why\na,yes,,n/a\nb,no,2026-01-01,price\n", mapping=mapping)
    assert [(row["kind"], row["at"].day, row["reason"]) for row in desk.sink.landed] == [
        ("won", 31, None), ("lost", 1, "price"),
    ]  # fmt: skip


def test_ids_and_times_can_follow_the_row_number(desk):
    mapping = {
        "market": "roofing",
        "columns": {
            "id": {"template": "bank-{row}"},
            "created_at": {"sequence": {"start": "2026-01-01T00:00:00Z", "step_seconds": "90.5"}},
            "source": {"default": "phone"},
        },
    }
    desk.load("leads", "age\n1\n2\n3\n", mapping=mapping, batch_chars=1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert [(row["id"], row["created_at"] - start) for row in desk.sink.landed] == [
        (f"bank-{number}", timedelta(seconds=90.5) * (number - 1)) for number in (1, 2, 3)
    ]


def test_a_time_before_another_column_is_impossible(desk):
    mapping = {"columns": {"lead_id": "id", "at": {"from": "closed", "not_before": "opened"}}}
    report = desk.load(
        "outcomes",
        "id,kind,opened,closed\na,won,2026-02-01,2026-01-01\nb,won,,2026-01-01\nc,won,x,2026-01-01\nd,won,2026-01-01,2026-01-01\n",
        mapping=mapping,
    )
    assert [row["lead_id"] for row in desk.sink.landed] == ["b", "d"]
    assert [(remark.rule, remark.lines) for remark in report.rejects] == [
        ("cannot be held against opened, which is no time", (4,)), ("lies before opened", (2,)),
    ]  # fmt: skip
    assert _column(report, "at").impossible_dates == 2


def test_an_event_of_the_future_is_impossible_and_a_hire_is_not(desk):
    events = desk.load("interactions", "lead_id,kind,at\na,email_opened,2026-06-02\n")
    hires = desk.load("reps", "id,name,hired_at\nr,Ann,2026-07-01\n", market="roofing")
    assert (events.rejected, hires.rejected) == (1, 0)


def test_rows_that_are_not_wanted_are_skipped(desk):
    mapping = {"only": {"stage": ["Won", "Lost"]}, "columns": {"lead_id": "id", "kind": "stage"}}
    report = desk.load("outcomes", "id,stage,at\na,Won,2026-01-01\nb,Open,\nc,,\n", mapping=mapping)
    assert (report.landed, report.skipped, report.rejected) == (1, 2, 0)
    assert _accounts(report)


def test_equal_rows_land_once_and_contradicting_ones_are_rejected(desk):
    report = desk.load(
        "products",
        "id,name,price\na,A,1\nb,B,2\na,A,1.0\nb,B,3\nb,B,2\nc,C,\n",
        market="roofing",
        batch_chars=1,
    )
    assert [(row["id"], row["price"]) for row in desk.sink.landed] == [("a", 1.0), ("b", 2.0), ("c", None)]
    assert (report.landed, report.repeated, report.rejected) == (3, 2, 1)
    assert [(remark.field, remark.lines) for remark in report.rejects] == [("id", (5,))]
    assert report.quality.repeated_rows == 1
    assert _accounts(report)


def test_a_rejected_row_does_not_claim_its_key(desk):
    report = desk.load("products", "id,name,price\na,A,-1\na,A,1\n", market="roofing")
    assert (report.landed, report.rejected) == (1, 1)


def test_events_without_ids_keep_theirs_when_rows_are_added(desk):
    desk.load("interactions", "lead_id,kind,at\na,email_opened,2026-01-02\n")
    report = desk.load(
        "interactions", "lead_id,kind,at\nb,sms_sent,2026-01-01\na,email_opened,2026-01-02\na,email_opened,2026-01-02\n"
    )
    assert (report.landed, report.unchanged, report.repeated) == (1, 1, 1)


def test_another_file_adds_columns(desk):
    desk.write("accounts.csv", "name,sector\nAcme,retail\nBeta,\n")
    mapping = {
        "market": "roofing",
        "joins": [{"file": "accounts.csv", "on": "account", "key": "name", "prefix": "account_"}],
        "fields": {"sector": {"from": "account_sector"}},
    }
    report = desk.load(
        "leads",
        "id,created_at,source,account\na,2026-01-01,web,Acme\nb,2026-01-01,web,Beta\nc,2026-01-01,web,\nd,2026-01-01,web,Nil\n",
        mapping=mapping,
    )
    assert [json.loads(row["fields"]) for row in desk.sink.landed] == [{"sector": "retail"}, {}, {}, {}]
    assert report.quality.unmatched_joins == {"accounts.csv": 1}


@pytest.mark.parametrize(
    ("join", "rule"),
    [
        ({"file": "none.csv", "on": "source"}, "put it beside the data file"),
        ({"file": "other.csv", "on": "sorce", "key": "k"}, "did you mean 'source'"),
        ({"file": "other.csv", "on": "source", "key": "kk"}, "is no column of other.csv"),
        ({"file": "other.csv", "on": "source", "key": "twice"}, "stands more than once"),
        ({"file": "other.csv", "on": "source", "key": "k"}, "give the join of other.csv a prefix"),
    ],
)
def test_a_join_that_does_not_fit_says_how(desk, join: dict, rule: str):
    desk.write("other.csv", "k,twice,age\nx,1,2\ny,1,3\n")
    with pytest.raises(MappingError, match=rule):
        desk.load("leads", LEADS, mapping={"market": "roofing", "joins": [join]})


def test_quality_finds_outliers_placeholders_and_lookalikes(desk):
    rows = [f"l{number},2026-01-01,web,{number % 10},technology" for number in range(200)]
    rows += ["x1,2026-01-01,web,5000,technolgy", "x2,2026-01-01,web,,Select"]
    report = desk.load(
        "leads", "\n".join(["id,created_at,source,age,sector", *rows]), market="roofing", batch_chars=500
    )
    numbers, sector = _column(report, "fields.age").numbers, _column(report, "fields.sector")
    assert (numbers.median, numbers.maximum, numbers.outliers, numbers.estimated) == (5.0, 5000.0, 1, False)
    assert [(extreme.line, extreme.value) for extreme in numbers.extremes] == [(202, 5000.0)]
    assert [(level.value, level.suggestion) for level in sector.lookalikes] == [("technolgy", "technology")]
    assert [level.value for level in sector.placeholders] == ["Select"]
    assert _column(report, "fields.age").missing == 1


def test_unknown_kinds_are_reported_with_a_suggestion(desk):
    report = desk.load("interactions", "lead_id,kind,at\na,email_opend,2026-01-01\n")
    assert _column(report, "kind").unknown_levels[0].suggestion == "email_opened"
    assert report.nothing_landed


def test_a_header_alone_imports_nothing(desk):
    report = desk.load("leads", "id,created_at,source\n", market="roofing")
    assert (report.read, report.landed, report.nothing_landed) == (0, 0, False)


def test_a_dry_run_calls_every_good_row_new(desk):
    desk.sink = DryRunSink()
    assert desk.load("leads", LEADS, market="roofing").landed == 2


def test_progress_reaches_the_size_of_the_file(desk):
    desk.load("leads", LEADS, market="roofing", batch_chars=1)
    assert desk.ticks[-1] == (len(LEADS), len(LEADS))
    assert [done for done, _ in desk.ticks] == sorted(done for done, _ in desk.ticks)


def test_json_lines_and_parquet_land_as_the_csv_does(desk):
    frame = pl.DataFrame(
        {
            "id": ["a", "b"],
            "created_at": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
            "source": ["web", "web"],
            "fields.age": [31.0, None],
        }
    )
    path = desk.folder / "x"
    frame.write_csv(path)
    desk.load("leads", path.read_bytes(), market="roofing", name="f.csv")
    expected = [{**row, "provenance": None} for row in desk.sink.landed]
    for name, write in (("f.jsonl", frame.write_ndjson), ("f.parquet", frame.write_parquet)):
        desk.sink.rows.clear()
        write(path)
        desk.load("leads", path.read_bytes(), market="roofing", name=name)
        assert [{**row, "provenance": None} for row in desk.sink.landed] == expected


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc "), st.sampled_from(["A", "B", ""]), st.sampled_from(["1", "-1", "x", ""])),
        max_size=20,
    ),
    chars=st.sampled_from([1, 40, 100_000]),
)
def test_every_row_is_accounted_for_whatever_the_batches(new_desk, rows, chars):
    desk = new_desk()
    content = "id,name,price\n" + "".join(f"{','.join(row)}\n" for row in rows)
    first = desk.load("products", content, mapping=Mapping(market="m"), batch_chars=chars)
    second = desk.load("products", content, mapping=Mapping(market="m"), batch_chars=100_000)
    assert first.read == len(rows)
    assert _accounts(first)
    assert (second.landed, second.rejected, second.repeated) == (0, first.rejected, first.repeated)
