"""Past leads are scored while open, at an age drawn from their id, and labelled by the 90 days that follow."""

from datetime import timedelta

import polars as pl

from tests.unit.scoring.conftest import START
from tools.scoring.history import OUTCOMES_SCHEMA
from tools.scoring.moments import MOMENT_DAYS, scoring_moments, settled

NOW = START + timedelta(days=200)


def table(*rows) -> pl.DataFrame:
    made = [
        {"lead_id": i, "created_at": START, "outcome": kind, "outcome_at": at and START + timedelta(days=at)}
        for i, kind, at in rows
    ]
    return pl.DataFrame([{n: row.get(n) for n in OUTCOMES_SCHEMA} for row in made], schema=OUTCOMES_SCHEMA)


def labels(now, *rows) -> dict:
    moments = scoring_moments(table(*rows), now=now)
    return dict(moments.select("lead_id", "converted").iter_rows())


def test_won_in_time_converts_and_won_too_late_or_lost_does_not():
    got = labels(NOW, ("a", "won", 50), ("b", "won", 150), ("c", "lost", 50), ("d", None, None))
    assert got == {"a": True, "b": False, "c": False, "d": False}


def test_an_open_lead_whose_window_is_not_over_is_censored():
    assert labels(START + timedelta(days=60), ("a", None, None)) == {"a": None}


def test_an_outcome_after_now_is_not_known():
    assert labels(START + timedelta(days=60), ("a", "won", 70)) == {"a": None}


def test_only_complete_windows_are_settled():
    now = START + timedelta(days=60)
    moments = scoring_moments(table(("a", "won", 50), ("b", None, None)), now=now)
    assert settled(moments, now=now).height == 0


def test_leads_that_ended_before_their_moment_are_left_out():
    ids = [f"lead-{i}" for i in range(200)]
    moments = scoring_moments(table(*((i, "lost", 2) for i in ids)), now=NOW)
    ages = (moments["as_of"] - START).dt.total_days().unique().sort().to_list()
    assert ages == [0, 1]


def test_the_same_lead_is_always_scored_at_the_same_age():
    rows = [(f"lead-{i}", None, None) for i in range(300)]
    first, again = (scoring_moments(table(*order), now=NOW) for order in (rows, rows[::-1]))
    assert first.equals(again)
    assert sorted((first["as_of"] - START).dt.total_days().unique().to_list()) == sorted(MOMENT_DAYS)
