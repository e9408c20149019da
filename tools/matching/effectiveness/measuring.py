"""Measures how effectively leads are handed out. Pure: facts in, report out; no clock, no I/O."""

from datetime import datetime

import polars as pl

from domain.errors import InvalidInputError
from domain.values import Market
from tools.matching.effectiveness.choices import judge_overrides, measure_regret
from tools.matching.effectiveness.expectation import settle
from tools.matching.effectiveness.facts import Facts
from tools.matching.effectiveness.fairness import expected_values, measure_equality, measure_treatment
from tools.matching.effectiveness.groups import Groups, find_strengths, group_by, group_lines, lines
from tools.matching.effectiveness.others import measure_others
from tools.matching.effectiveness.report import EffectivenessReport, RepLine
from tools.matching.effectiveness.statistics import wilson
from tools.matching.effectiveness.wording import expectation_in_words, summarise

_SEGMENTS = ("region", "source", "language")


def measure_effectiveness(facts: Facts, market: Market, *, since: datetime, before: datetime) -> EffectivenessReport:
    """Say what became of a market's leads by rep, product and segment, and how fairly and well they were handed out.

    A rep is judged by wins beside those that his leads' own scores promised, so hard leads are not held against him;
    effects are shrunk by how thin the data are. Leads that are still open are counted and never judged.

    Args:
        facts: What is known about the leads of the period.
        market: The market, for the report's head.
        since: Begin of the period, aware.
        before: Its end, aware; nothing from then on is in the facts.

    Raises:
        InvalidInputError: If the period is empty.
    """
    if before <= since:
        raise InvalidInputError("since", since.isoformat(), f"must lie before {before.isoformat()}")
    settled = settle(facts.leads)
    won = settled["won"].to_numpy()
    rate = float(won.mean()) if settled.height else 0.0
    leads = expected_values(facts.leads, rate)
    reps = group_by(settled, "rep_id", _rep_ids(facts))
    columns = [name for name in _SEGMENTS if name in leads.columns]
    scored = settled["p_lead"].count()
    active = facts.reps.filter(pl.col("active"))["rep_id"].sort().to_list()
    report = EffectivenessReport(
        market=market,
        since=since,
        before=before,
        leads=leads.height,
        settled=settled.height,
        wins=int(won.sum()),
        scored=scored,
        expectation=expectation_in_words(scored, settled.height),
        reps=_rep_lines(facts, leads, settled, reps),
        rep_spread=reps.effects.spread,
        products=group_lines(leads, settled, "product_id", facts.product_names),
        segments={column: group_lines(leads, settled, column) for column in columns},
        strengths=find_strengths(settled, reps),
        equality=measure_equality(leads, active),
        treatment=measure_treatment(leads, reps, columns),
        regret=measure_regret(facts.matches),
        overrides=judge_overrides(leads, settled, facts.overrides),
        others=measure_others(facts, settled),
        summary=(),
    )
    return report.model_copy(update={"summary": summarise(report)})


def _rep_ids(facts: Facts) -> list[str]:
    return sorted({*facts.reps["rep_id"], *facts.leads["rep_id"].drop_nulls()})


def _rep_lines(facts: Facts, leads: pl.DataFrame, settled: pl.DataFrame, reps: Groups) -> tuple[RepLine, ...]:
    names = dict(facts.reps.select("rep_id", "name").iter_rows())
    active = set(facts.reps.filter(pl.col("active"))["rep_id"])
    offered = dict(facts.matches.drop_nulls("rep_id").group_by("rep_id").len().iter_rows())
    values = dict(leads.drop_nulls("rep_id").group_by("rep_id").agg(pl.col("expected_value").sum()).iter_rows())
    reasons = _by_rep(facts.rejections)
    found = []
    for row in lines(leads, settled, reps, "rep_id", names):
        rejected = reasons.get(row["key"], {})
        offers = max(offered.get(row["key"], 0), sum(rejected.values()))
        found.append(
            RepLine(
                **row,
                active=row["key"] in active,
                offered=offers,
                rejected=rejected,
                accepted=wilson(offers - sum(rejected.values()), offers),
                expected_value=values.get(row["key"], 0.0),
            )
        )
    return tuple(sorted(found, key=_by_merit))


def _by_rep(rejections: pl.DataFrame) -> dict[str, dict[str, int]]:
    summed = rejections.group_by("rep_id", "reason").agg(pl.col("count").sum()).sort("rep_id", "reason")
    found: dict[str, dict[str, int]] = {}
    for rep_id, reason, count in summed.iter_rows():
        found.setdefault(rep_id, {})[reason] = count
    return found


def _by_merit(line: RepLine) -> tuple[float, str]:
    return -line.added_per_100.value, line.key
