"""The gate: says whether a scorecard is good enough, and why not. Pure."""

from enum import StrEnum

from evals.results import Better, Metric, Scorecard

MAX_UNMEASURED = 0.05
"""Part of a metric's cases that may go unmeasured before the metric counts as failed."""


class Verdict(StrEnum):
    """What the gate says about a metric."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not measured"
    INFORMS = "informs"


def judge(metric: Metric) -> Verdict:
    """Judge one metric against its bar.

    A metric with a hard bar that was not measured, or whose unmeasured cases are more than 5 %, fails: silence must
    not open the gate.
    """
    if metric.bar is None:
        return Verdict.NOT_MEASURED if metric.value is None else Verdict.INFORMS
    if metric.value is None:
        return Verdict.FAILED if metric.bar.hard else Verdict.NOT_MEASURED
    total = metric.n + metric.unmeasured
    if total and metric.unmeasured / total > MAX_UNMEASURED and metric.bar.hard:
        return Verdict.FAILED
    good = metric.value >= metric.bar.value if metric.bar.better is Better.HIGHER else metric.value <= metric.bar.value
    if good:
        return Verdict.PASSED
    return Verdict.FAILED if metric.bar.hard else Verdict.INFORMS


def failures(card: Scorecard) -> tuple[str, ...]:
    """Say, one line each, what keeps the gate closed; empty when it is open."""
    return tuple(
        f"{suite.name}: {metric.name} is {_shown(metric)}, "
        f"must be {'at least' if metric.bar.better is Better.HIGHER else 'at most'} {metric.bar.value:g}"
        for suite in card.suites
        for metric in suite.metrics
        if metric.bar is not None and judge(metric) is Verdict.FAILED
    )


def _shown(metric: Metric) -> str:
    measured = "not measured" if metric.value is None else f"{metric.value:.4g}"
    return (
        f"{measured} ({metric.unmeasured} of {metric.n + metric.unmeasured} cases gave nothing)"
        if metric.unmeasured
        else measured
    )
