"""What is known of reps before any outcome: declared skill, regions, languages, pace. Pure; estimates no effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import polars as pl

from domain.people import Rep
from domain.values import ProductId, RepId
from tools.matching.affinities.kinds import LeadKind
from tools.matching.arrays import FloatMatrix, FloatVector

CONTENT = ("declared_skill", "region_fit", "language_fit", "response")
PENALTIES: FloatVector = np.array([1.0, 4.0, 4.0, 4.0])
"""Inverse prior variances of the weights, in units per log-odds."""

_LEAST_LEVEL = 0.02
_PACE_LEADS = 10.0
"""Leads whose first contact was timed, from which a rep's own pace counts half."""


@dataclass(frozen=True)
class Content:
    """The scale of the content terms.

    Attributes:
        skill_means: Mean log-odds of declared skill, by product; products without any are absent.
        pace: By rep, how much faster than the team he makes the first contact: minus the log of the ratio of medians,
            shrunk to 0 where few were timed.
    """

    skill_means: Mapping[ProductId, float]
    pace: Mapping[RepId, float]

    @classmethod
    def of(cls, judged: pl.DataFrame, reps: Sequence[Rep]) -> "Content":
        """Measure the scale on a roster and a table of judged leads, whose `hours_to_contact` is optional."""
        levels: dict[ProductId, list[float]] = {}
        for rep in reps:
            for skill in rep.skills:
                levels.setdefault(skill.product_id, []).append(_log_odds(skill.level))
        means = {product_id: float(np.mean(found)) for product_id, found in sorted(levels.items())}
        return cls(means, _paces(judged) if "hours_to_contact" in judged.columns else {})

    def table(self, reps: Sequence[Rep | None], kinds: Sequence[LeadKind]) -> FloatMatrix:
        """Tabulate the content of pairs; 0 where nothing is declared or known, also for a rep who left (None).

        Returns:
            Shape (n_terms, n_reps, n_kinds), terms in the order of `CONTENT`: log-odds of declared skill above the
            product's mean; -1 where the rep does not serve the region, or does not speak the language; pace.
        """
        found = np.zeros((len(CONTENT), len(reps), len(kinds)))
        columns = {product_id: column for column, product_id in enumerate(self.skill_means)}
        skill = np.zeros((len(reps), len(columns) + 1))
        asked = np.array([columns.get(k.product_id, -1) if k.product_id else -1 for k in kinds], dtype=np.int64)
        wanted = {product_id for product_id in columns if columns[product_id] in set(asked.tolist())}
        regions, languages = [kind.region for kind in kinds], [kind.language for kind in kinds]
        # Many reps serve the same regions and speak the same languages.
        strange: dict[tuple[str, ...], FloatVector] = {}
        unspoken: dict[tuple[str, ...], FloatVector] = {}
        for row, rep in enumerate(reps):
            if rep is None:
                continue
            for declared in rep.skills:
                if declared.product_id in wanted:
                    mean = self.skill_means[declared.product_id]
                    skill[row, columns[declared.product_id]] = _log_odds(declared.level) - mean
            if rep.regions:
                if rep.regions not in strange:
                    strange[rep.regions] = _outside(rep.regions, regions)
                found[1, row] = strange[rep.regions]
            if rep.languages not in unspoken:
                unspoken[rep.languages] = _outside(rep.languages, languages)
            found[2, row] = unspoken[rep.languages]
            found[3, row] = self.pace.get(rep.id, 0.0)
        found[0] = skill[:, asked]
        return found


def _outside(known: Sequence[str], asked: Sequence[str | None]) -> FloatVector:
    """Return -1 for each level asked for that is not among the known ones, else 0; 0 where none is asked for."""
    return np.array([-1.0 if level and level not in known else 0.0 for level in asked])


def _log_odds(level: float) -> float:
    """Spread a declared level out: the ends of the scale mean more than its middle."""
    held = min(max(level, _LEAST_LEVEL), 1 - _LEAST_LEVEL)
    return log(held / (1 - held))


def _paces(judged: pl.DataFrame) -> dict[RepId, float]:
    timed = judged.filter(pl.col("hours_to_contact") > 0).select("rep_id", log=pl.col("hours_to_contact").log())
    if timed.is_empty():
        return {}
    team = float(timed["log"].to_numpy().mean()) if timed.height == 1 else float(np.median(timed["log"].to_numpy()))
    rows = timed.group_by("rep_id").agg(pl.col("log").median(), pl.len().alias("n")).sort("rep_id").rows()
    return {RepId(rep): (team - own) * n / (n + _PACE_LEADS) for rep, own, n in rows}
