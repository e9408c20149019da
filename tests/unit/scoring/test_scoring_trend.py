"""A trend follows what the lead does, not what a new model makes of it, and does not flutter."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.score_history import Trend
from tests.unit.scoring.conftest import START
from tools.scoring.calibration import identity, sigmoid
from tools.scoring.evidence import Bin, Evidence
from tools.scoring.explaining.changes import Snapshot
from tools.scoring.explaining.reliability import MIN_LEADS, reliability_of_band
from tools.scoring.explaining.trend import WINDOW, next_direction, trend

BASE = -2.0


def at(day: float, points: float, *, version="v1") -> Snapshot:
    log_odds = float(np.log(points / (100 - points)))
    return Snapshot(
        lead_id="a", as_of=START + timedelta(days=day), model_version=version, names=("replies_7d",),
        values={"replies_7d": points}, p=float(sigmoid(np.array(log_odds))), low=0.0, high=1.0,
        contributions=np.array([log_odds - BASE, BASE]), calibrator=identity(),
    )  # fmt: skip


def directions(*scores: float, every: float = 3.0) -> list[Trend]:
    found = trend([at(every * i, points) for i, points in enumerate(scores)])
    assert found is not None
    return [point.direction for point in found.history]


def test_one_score_has_no_trend():
    assert trend([at(0, 20)]) is None


def test_a_rising_score_improves_and_a_falling_one_declines():
    assert directions(10, 20)[-1] is Trend.IMPROVING
    assert directions(20, 10)[-1] is Trend.DECLINING


def test_a_small_move_is_steady():
    assert directions(20, 21, 20, 22) == [Trend.STEADY] * 4


def test_a_direction_stays_until_the_move_is_nearly_undone():
    assert directions(20, 24, 22.5, 20.5) == [Trend.STEADY, Trend.IMPROVING, Trend.IMPROVING, Trend.STEADY]


def test_what_lies_further_back_than_the_window_no_longer_counts():
    days = WINDOW.days + 1
    found = trend([at(0, 10), at(1, 20), at(1 + days, 20.2)])
    assert found is not None
    assert [point.direction for point in found.history] == [Trend.STEADY, Trend.IMPROVING, Trend.STEADY]


def test_a_new_model_alone_changes_no_direction():
    found = trend([at(0, 10), at(1, 40, version="v2")], same_facts={1: replace(at(0, 40, version="v2"))})
    assert found is not None
    assert found.direction is Trend.STEADY
    assert found.history[1].change is not None
    assert found.history[1].change.model_points == pytest.approx(30, abs=1e-6)


def test_every_point_but_the_first_has_its_cause():
    found = trend([at(0, 10), at(2, 20), at(4, 21)])
    assert found is not None
    assert found.history[0].change is None
    assert found.history[1].change is not None
    assert found.history[1].change.changes[0].feature == "replies_7d"
    assert [point.points for point in found.history] == pytest.approx([10, 20, 21])


def test_scores_out_of_order_are_refused():
    with pytest.raises(InvalidInputError, match="order of time"):
        trend([at(2, 10), at(2, 20)])


@given(moved=st.floats(-60, 60), points=st.floats(0, 100), current=st.sampled_from(Trend))
def test_a_direction_never_goes_against_the_move(moved, points, current):
    direction = next_direction(current, moved, points)
    assert not (direction is Trend.IMPROVING and moved <= 0)
    assert not (direction is Trend.DECLINING and moved >= 0)


@given(moved=st.floats(-60, 60), points=st.floats(0, 100), current=st.sampled_from(Trend))
def test_the_same_move_again_changes_nothing(moved, points, current):
    direction = next_direction(current, moved, points)
    assert next_direction(direction, moved, points) is direction


TABLE = (Bin(rows=8, said=0.02, seen=0.0), Bin(rows=100, said=0.1, seen=0.12), Bin(rows=50, said=0.43, seen=0.4))


def evidence(*table: Bin) -> Evidence:
    return Evidence(rows=1, won=0, folds=1, why="", calibration="", reliability=table)


def test_leads_that_scored_alike_are_counted():
    band = reliability_of_band(evidence(*TABLE), 0.4)
    assert band is not None
    assert (band.leads, band.converted) == (50, 20)
    assert band.text == "Leads that scored about 43 % converted in 20 of 50 cases"


def test_a_band_of_few_leads_is_widened():
    band = reliability_of_band(evidence(*TABLE), 0.01)
    assert band is not None
    assert (band.leads, band.converted) == (108, 12)
    assert band.text == "Leads that scored 2 % to 10 % converted in 12 of 108 cases"


def test_a_model_that_nothing_tested_says_nothing():
    assert reliability_of_band(evidence(), 0.3) is None


@given(
    rows=st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12),
    p=st.floats(0, 1),
)
def test_a_band_is_large_enough_or_the_whole_table(rows, p):
    table = [Bin(rows=n, said=said, seen=seen) for n, said, seen in rows]
    band = reliability_of_band(evidence(*table), p)
    assert band is not None
    assert 0 <= band.converted <= band.leads
    assert band.leads >= MIN_LEADS or band.leads == sum(n for n, _, _ in rows)
