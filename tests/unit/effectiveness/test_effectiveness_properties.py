"""What holds of every report, whatever the leads."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.effectiveness.conftest import Make
from tools.matching.effectiveness.facts import LEADS
from tools.matching.effectiveness.measuring import measure_effectiveness

names = st.sampled_from([None, "a", "b"])
chances = st.one_of(st.none(), st.floats(0, 1))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "product_id": names,
            "region": names,
            "source": st.sampled_from(["web", "fair"]),
            "rep_id": st.sampled_from([None, "rep-0", "rep-1", "left-long-ago"]),
            "outcome": st.sampled_from([None, "won", "lost", "disqualified"]),
            "value": st.one_of(st.none(), st.floats(0, 1e6)),
            "p_lead": chances,
        }
    ),
    max_size=40,
)


def report_on(table):
    return measure_effectiveness(replace(Make.facts(0), leads=table), "roofing", since=Make.since, before=Make.now)


def as_leads(found):
    fixed = {"created_at": Make.since, "first_contact_at": None}
    return pl.DataFrame([{"lead_id": f"l-{i}", **fixed, **row} for i, row in enumerate(found)], schema=LEADS)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_counts_add_up_and_intervals_hold_their_value(found):
    report = report_on(as_leads(found))
    settled = [row for row in found if row["outcome"] in {"won", "lost"} and row["rep_id"]]
    assert (report.leads, report.settled) == (len(found), len(settled))
    assert sum(line.settled for line in report.reps) == report.settled
    assert sum(line.wins for line in report.reps) == report.wins
    for line in (*report.reps, *report.products, *report.segments["region"], *report.segments["source"]):
        assert line.above_expected.low <= line.above_expected.value <= line.above_expected.high
        assert line.added_per_100.low <= line.added_per_100.value <= line.added_per_100.high
        assert line.above_expected.value == pytest.approx(line.wins - line.expected_wins)
        assert line.conversion is None or 0 <= line.conversion.low <= line.conversion.value <= line.conversion.high <= 1


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_leads_changes_nothing(found, order):
    table = as_leads(found)
    numbers = list(range(len(found)))
    order.shuffle(numbers)
    one, other = report_on(table), report_on(table[numbers])
    assert one.summary == other.summary
    for a, b in zip(one.reps, other.reps, strict=True):
        assert (a.key, a.wins, a.verdict) == (b.key, b.wins, b.verdict)
        assert a.expected_wins == pytest.approx(b.expected_wins, abs=1e-6)
