"""Flags name what a reader of a score must know, in 25 words, with the events behind it."""

from datetime import timedelta

import polars as pl
import pytest

from tests.unit.scoring.conftest import START
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.features import FEATURES, Unit
from tools.scoring.flags import find_flags
from tools.scoring.ranges import Ranges

SCHEMA = Schema(
    columns=(
        Column(name="page_views_total", kind=Kind.NUMBER),
        Column(name="region", kind=Kind.CATEGORY, levels=("north",)),
        Column(name="field.notes#words", kind=Kind.LENGTH, source="field.notes"),
    )
)
TRAINING = pl.DataFrame(
    {
        "page_views_total": [float(i % 10) for i in range(1000)],
        "region": ["north"] * 950 + [None] * 50,
        "field.notes": ["some words here"] * 500 + [None] * 500,
    }
)
RANGES = Ranges.of(TRAINING)
USUAL = {"page_views_total": 4.0, "region": "north", "field.notes": None}


def kinds(row, **more) -> list[str]:
    return [flag.kind for flag in find_flags(row, SCHEMA, RANGES, **more)]


def test_a_usual_lead_has_no_flag():
    assert kinds(USUAL) == []


@pytest.mark.parametrize(("value", "flagged"), [(9.0, False), (20.0, False), (40.0, True), (-40.0, True)])
def test_a_value_is_an_outlier_beyond_the_fences_and_the_quantiles(value, flagged):
    assert kinds(USUAL | {"page_views_total": value}) == (["outlier"] if flagged else [])


def test_a_gap_is_said_only_where_most_leads_have_the_fact():
    assert kinds(USUAL | {"region": None, "page_views_total": None}) == ["imputed"]


def test_bots_are_listed_with_their_events():
    flags = find_flags(USUAL, SCHEMA, RANGES, bot_ids=["e1", "e2"])
    assert (flags[0].kind, flags[0].evidence_ids) == ("bot", ("e1", "e2"))


@pytest.mark.parametrize(("days", "expected"), [(13, []), (15, ["stale"])])
def test_an_old_model_is_said_to_be_old(days, expected):
    assert kinds(USUAL, as_of=START + timedelta(days=days), trained_at=START) == expected


def test_a_flag_has_at_most_25_words():
    names = [feature.name for feature in FEATURES if feature.unit not in (Unit.CATEGORY, Unit.FLAG)]
    schema = Schema(columns=tuple(Column(name=name, kind=Kind.NUMBER) for name in names))
    training = pl.DataFrame({name: [float(i % 7) for i in range(200)] for name in names})
    for values in (dict.fromkeys(names, 1e9), dict.fromkeys(names)):
        for first in range(len(names)):
            part = dict(list(values.items())[first : first + 5])
            flags = find_flags(part, schema, Ranges.of(training), bot_ids=["e"])
            assert all(len(flag.text.split()) <= 25 for flag in flags)


def test_few_rows_give_no_range():
    assert Ranges.of(TRAINING.head(50)) == Ranges()
