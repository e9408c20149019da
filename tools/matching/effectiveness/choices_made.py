"""The matcher's recorded decisions as tables of the facts. Pure: decides nothing, estimates nothing."""

from collections.abc import Sequence

import polars as pl

from domain.decisions import Decision
from tools.matching.effectiveness.facts import CANDIDATES, CHOICES
from tools.matching.recording import unexplored_rep


def choices_of(decisions: Sequence[Decision]) -> pl.DataFrame:
    """Return whom each decision chose and by what chance, as the table `CHOICES`; those that chose nobody are left out."""
    rows = [
        (each.subject_id, each.chosen, unexplored_rep(each), each.propensity, each.at)
        for each in decisions
        if each.chosen is not None
    ]
    return pl.DataFrame(rows, schema=CHOICES, orient="row")


def candidates_of(decisions: Sequence[Decision]) -> pl.DataFrame:
    """Return whom each decision considered, as the table `CANDIDATES`.

    A candidate's utility holds the workload of his next lead already; his price is what other leads of the batch would
    give for the place beyond that. At the optimum every lead has a rep of the greatest utility less price.
    """
    rows = [
        (each.subject_id, place, row["rep_id"], row["p_convert"], row["utility"] - row.get("price", 0.0))
        for each in decisions
        for place, row in enumerate(each.considered)
    ]
    return pl.DataFrame(rows, schema=CANDIDATES, orient="row")
