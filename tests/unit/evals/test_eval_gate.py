import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.figures import mean_of
from evals.gate import MAX_UNMEASURED, Verdict, failures, judge
from evals.results import Bar, Better, Case, Metric, Scorecard, Suite

figures = st.floats(min_value=-10, max_value=10)
sides = st.sampled_from(Better)


def metric(value: float | None, *, n: int = 10, unmeasured: int = 0, bar: Bar | None = None) -> Metric:
    return Metric(name="probe", value=value, n=n, unmeasured=unmeasured, bar=bar)


@given(bar=figures, better=sides, silence=st.sampled_from((None, math.nan)))
def test_a_hard_bar_is_never_passed_in_silence(bar: float, better: Better, silence: float | None) -> None:
    assert judge(metric(silence, n=0, bar=Bar(value=bar, better=better))) is Verdict.FAILED


@given(value=figures, bar=figures, better=sides)
def test_a_metric_passes_exactly_on_the_good_side_of_its_bar(value: float, bar: float, better: Better) -> None:
    good = value >= bar if better is Better.HIGHER else value <= bar
    assert (judge(metric(value, bar=Bar(value=bar, better=better))) is Verdict.PASSED) == good


@given(n=st.integers(1, 500), unmeasured=st.integers(0, 500))
def test_too_many_unmeasured_cases_fail_however_good_the_rest(n: int, unmeasured: int) -> None:
    verdict = judge(metric(1.0, n=n, unmeasured=unmeasured, bar=Bar(value=0.5)))
    assert (verdict is Verdict.FAILED) == (unmeasured / (n + unmeasured) > MAX_UNMEASURED)


@pytest.mark.parametrize("value", [None, 0.0])
def test_a_soft_bar_never_closes_the_gate(value: float | None) -> None:
    soft = metric(value, bar=Bar(value=0.5, hard=False))
    card = Scorecard(
        at=datetime(2026, 11, 20, tzinfo=UTC),
        seed=1,
        versions={},
        suites=(Suite(name="probe", title="Probe", metrics=(soft,), seconds=0),),
    )
    assert failures(card) == ()


def test_a_failure_names_suite_metric_value_and_bar() -> None:
    missed = Metric(name="facts", value=0.5, n=4, bar=Bar(value=0.75))
    suite = Suite(name="replies", title="Replies", metrics=(missed,), seconds=0)
    card = Scorecard(at=datetime(2026, 11, 20, tzinfo=UTC), seed=1, versions={}, suites=(suite,))
    assert failures(card) == ("replies: facts is 0.5, must be at least 0.75",)


def test_the_figures_of_invalid_cases_do_not_count() -> None:
    cases = [
        Case(id="right", metrics={"facts": 1.0}),
        Case(id="wrong", metrics={"facts": 0.0}),
        Case(id="judge away", metrics={"facts": math.nan}),
        Case(id="turn failed", metrics={"facts": 0.0}, invalid="records unavailable"),
        Case(id="another question", metrics={"numbers": 1.0}),
    ]
    found = mean_of(cases, "facts", "facts")
    assert (found.value, found.n, found.unmeasured) == (0.5, 2, 2)


def test_no_cases_at_all_are_not_measured() -> None:
    assert mean_of([], "facts", "facts").value is None
