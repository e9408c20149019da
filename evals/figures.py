"""Makes metrics out of cases. Pure."""

from collections.abc import Sequence

from evals.results import Bar, Case, Metric


def mean_of(cases: Sequence[Case], key: str, name: str, bar: Bar | None = None, note: str = "") -> Metric:
    """Average one figure over the cases that have it.

    Cases marked invalid, and cases whose figure is None, count as not measured; cases without the figure do not count.

    Args:
        cases: All cases of a suite.
        key: Name of the figure in the cases.
        name: Name of the metric.
        bar: Its threshold.
        note: What it means.
    """
    asked = [case for case in cases if key in case.metrics or case.invalid is not None]
    values = [value for case in asked if case.invalid is None and (value := case.metrics[key]) is not None]
    return Metric(
        name=name,
        value=sum(values) / len(values) if values else None,
        n=len(values),
        unmeasured=len(asked) - len(values),
        bar=bar,
        note=note,
    )
