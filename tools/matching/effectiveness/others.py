"""What others would have won: people, other rules, the average candidate. Pure: facts in, values out."""

import polars as pl

from tools.matching.effectiveness.arms import compare_arms
from tools.matching.effectiveness.counterfactual import OthersReport
from tools.matching.effectiveness.facts import Facts
from tools.matching.effectiveness.logged import read_log
from tools.matching.effectiveness.policies import judge_policies
from tools.matching.effectiveness.uplift import measure_uplift
from tools.matching.effectiveness.wording_others import summarise_others


def measure_others(facts: Facts, settled: pl.DataFrame) -> OthersReport:
    """Say what people, other rules of handing out, and the average candidate would have won.

    Args:
        facts: What is known about the leads of the period.
        settled: As `expectation.settle` returns.
    """
    log = read_log(facts.choices, facts.candidates, settled)
    uplift = measure_uplift(log, dict(facts.reps.select("rep_id", "name").iter_rows()))
    report = OthersReport(
        comparison=compare_arms(facts.leads, settled, facts.given),
        policies=judge_policies(log),
        uplift=uplift.lines,
        uplift_spread=uplift.spread,
        belief=uplift.belief,
        summary=(),
    )
    return report.model_copy(update={"summary": summarise_others(report)})
