"""What became of each group of leads beside what was expected of them. Knows tables only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit

from tools.matching.arrays import FloatVector, IntVector
from tools.matching.effectiveness.report import GroupLine, Strength
from tools.matching.effectiveness.statistics import Estimate, GroupEffects, Z, group_effects, wilson

ENOUGH = 20
"""Settled leads from which a group is judged at all."""


@dataclass(frozen=True)
class Groups:
    """The settled leads by the values of a column, with the estimated effect of each value.

    Attributes:
        keys: The values, n_groups of them.
        index: Shape (n_settled,). Group of each settled lead.
        effects: What each group adds, in log-odds.
    """

    keys: tuple[str, ...]
    index: IntVector
    effects: GroupEffects


def group_by(settled: pl.DataFrame, column: str, keys: Sequence[str]) -> Groups:
    """Estimate what each value of a column adds; settled leads without a value are left out of `index` as -1.

    Args:
        settled: As `expectation.settle` returns.
        column: Column to group by.
        keys: All values, those without settled leads too.
    """
    places = {key: number for number, key in enumerate(keys)}
    index = np.array([places.get(value, -1) for value in settled[column]], dtype=np.int64)
    known = index >= 0
    offset, won = settled["offset"].to_numpy()[known], settled["won"].to_numpy()[known]
    return Groups(tuple(keys), index, group_effects(offset, won, index[known], len(keys)))


def lines(
    leads: pl.DataFrame, settled: pl.DataFrame, groups: Groups, column: str, names: Mapping[str, str]
) -> list[Any]:
    """Return one line per group as the fields of `GroupLine`, in the order of the keys."""
    arrived = (pl.col("first_contact_at") - pl.col("created_at")).dt.total_seconds() / 3600
    counted = {
        key: (count, hours, contacted)
        for key, count, hours, contacted in leads.group_by(column)
        .agg(pl.len(), arrived.mean().alias("hours"), pl.col("first_contact_at").count().alias("contacted"))
        .rows()
    }
    offset, won = settled["offset"].to_numpy(), settled["won"].to_numpy()
    rows = []
    for number, key in enumerate(groups.keys):
        mine = groups.index == number
        count, hours, contacted = counted.get(key, (0, None, 0))
        rows.append(
            {
                "key": key,
                "name": names.get(key, key),
                "leads": count,
                "hours_to_first_contact": hours,
                "contacted": contacted,
                **_judged(offset[mine], won[mine], groups.effects, number),
            }
        )
    return rows


def group_lines(
    leads: pl.DataFrame, settled: pl.DataFrame, column: str, names: Mapping[str, str] | None = None
) -> tuple[GroupLine, ...]:
    """Return a line per value of a column that occurs, the most frequent first."""
    keys = [
        key
        for key, _ in leads.drop_nulls(column)
        .group_by(column)
        .len()
        .sort("len", column, descending=[True, False])
        .rows()
    ]
    if not keys:
        return ()
    found = lines(leads, settled, group_by(settled, column, keys), column, names or {})
    return tuple(GroupLine(**row) for row in found)


def find_strengths(settled: pl.DataFrame, reps: Groups) -> tuple[Strength, ...]:
    """Return the products on which a rep differs from himself beyond chance, the largest first.

    Each rep's own effect is part of what is expected here, so a good rep is not strong everywhere.
    """
    known = settled.with_columns(pl.Series("rep", reps.index)).filter(
        (pl.col("rep") >= 0) & pl.col("product_id").is_not_null()
    )
    if not known.height:
        return ()
    cells = known.group_by("rep", "product_id").len().sort("rep", "product_id").rows()
    places = {(rep, product): number for number, (rep, product, _) in enumerate(cells)}
    index = np.array([places[pair] for pair in known.select("rep", "product_id").iter_rows()], dtype=np.int64)
    offset = known["offset"].to_numpy() + reps.effects.mean[known["rep"].to_numpy()]
    won = known["won"].to_numpy()
    effects = group_effects(offset, won, index, len(cells))
    found = [
        Strength(rep_id=reps.keys[rep], product_id=product, settled=n, added_per_100=added)
        for number, (rep, product, n) in enumerate(cells)
        if n >= ENOUGH and _beyond_chance(added := _added(offset[index == number], effects, number))
    ]
    return tuple(sorted(found, key=lambda strength: -abs(strength.added_per_100.value)))


def _judged(offset: FloatVector, won: FloatVector, effects: GroupEffects, number: int) -> dict[str, Any]:
    n, wins = len(won), int(won.sum())
    chance = expit(offset)
    above = float(wins - chance.sum())
    half = Z * float(np.sqrt((chance * (1 - chance)).sum()))
    added = _added(offset, effects, number)
    return {
        "settled": n,
        "wins": wins,
        "conversion": wilson(wins, n),
        "expected_wins": float(chance.sum()),
        "above_expected": Estimate(value=above, low=above - half, high=above + half),
        "added_per_100": added,
        "verdict": _verdict(n, added),
    }


def _added(offset: FloatVector, effects: GroupEffects, number: int) -> Estimate:
    """Return wins added per 100 of these cases by the effect of their group, and at both ends of its interval."""
    if not len(offset):
        return Estimate(value=0.0, low=0.0, high=0.0)
    mean, sd = float(effects.mean[number]), float(effects.sd[number])
    low, value, high = (
        100 * float((expit(offset + effect) - expit(offset)).mean()) for effect in (mean - Z * sd, mean, mean + Z * sd)
    )
    return Estimate(value=value, low=low, high=high)


def _verdict(n: int, added: Estimate) -> str:
    if n < ENOUGH:
        return "not enough"
    if not _beyond_chance(added):
        return "as expected"
    return "better" if added.value > 0 else "worse"


def _beyond_chance(added: Estimate) -> bool:
    return added.low > 0 or added.high < 0
