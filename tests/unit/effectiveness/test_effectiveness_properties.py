"""What holds of every report, whatever the leads."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.effectiveness.conftest import Make
from tools.matching.effectiveness.counterfactual import OthersReport
from tools.matching.effectiveness.facts import CANDIDATES, CHOICES, GIVEN, LEADS
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


chances_known = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0])
choices = st.lists(
    st.fixed_dictionaries(
        {
            "listed": st.lists(st.tuples(st.sampled_from("abcd"), chances_known), min_size=1, max_size=4, unique_by=lambda e: e[0]),
            "chosen": st.integers(0, 3),
            "closer": st.sampled_from("abcde"),
            "propensity": st.one_of(st.none(), st.sampled_from([0.01, 0.3, 1.0])),
            "outcome": st.sampled_from([None, "won", "lost"]),
            "by": st.sampled_from(["matcher", "manager"]),
            "p_before": st.one_of(st.none(), chances_known),
            "minute": st.integers(0, 40),
        }
    ),
    max_size=60,
)  # fmt: skip


@given(choices)
@settings(max_examples=60, deadline=None)
def test_whatever_was_chosen_the_report_of_others_is_finite_and_adds_up(made):
    ids = [f"l-{i}" for i in range(len(made))]
    plain = {"created_at": Make.since, "product_id": None, "region": None, "source": "web", "value": None}
    leads = [
        {
            **plain,
            "lead_id": i,
            "rep_id": row["closer"],
            "outcome": row["outcome"],
            "p_lead": None,
            "first_contact_at": None,
        }
        for i, row in zip(ids, made, strict=True)
    ]
    picked = [row["listed"][row["chosen"] % len(row["listed"])][0] for row in made]
    table = [
        (i, rep, None, row["propensity"], Make.since + timedelta(minutes=row["minute"]))
        for i, rep, row in zip(ids, picked, made, strict=True)
    ]
    listed = [
        (i, place, rep, p, p) for i, row in zip(ids, made, strict=True) for place, (rep, p) in enumerate(row["listed"])
    ]
    facts = replace(
        Make.facts(0),
        leads=pl.DataFrame(leads, schema=LEADS),
        given=pl.DataFrame(
            [(i, r["by"], r["p_before"]) for i, r in zip(ids, made, strict=True)], schema=GIVEN, orient="row"
        ),
        choices=pl.DataFrame(table, schema=CHOICES, orient="row"),
        candidates=pl.DataFrame(listed, schema=CANDIDATES, orient="row"),
    )
    report = measure_effectiveness(facts, "roofing", since=Make.since, before=Make.now).others
    ended = sum(row["outcome"] is not None for row in made)
    assert sum(line.settled for line in report.uplift) == ended
    assert report.policies.settled + report.policies.unlogged == ended
    assert report.comparison.matcher.settled + report.comparison.manual.settled == ended
    assert OthersReport.model_validate_json(report.model_dump_json()) == report  # JSON has no NaN
    for line in report.uplift:
        assert line.added_wins.low <= line.added_wins.value <= line.added_wins.high
