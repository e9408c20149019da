"""What was won because a rep had leads, and not the average candidate. Pure; knows arrays only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatVector
from tools.matching.effectiveness.counterfactual import RepUplift
from tools.matching.effectiveness.groups import ENOUGH
from tools.matching.effectiveness.logged import Logged
from tools.matching.effectiveness.policies import FULL, MOST_WEIGHT, per_100
from tools.matching.effectiveness.statistics import Estimate, Z, group_effects
from tools.matching.off_policy import estimate_policy_gain

_STEPS = 25


@dataclass(frozen=True)
class Uplift:
    """What reps added to their leads.

    Attributes:
        lines: One per rep in whose hands a lead ended, most wins added first.
        spread: Standard deviation between reps, log-odds, beyond what the decisions thought of them.
        belief: How far outcomes bear out what the decisions thought; None without leads.
    """

    lines: tuple[RepUplift, ...]
    spread: float
    belief: Estimate | None


def measure_uplift(log: Logged, names: Mapping[str, str]) -> Uplift:
    """Say what each rep won beyond the average candidate.

    Expected is the mean chance of the listed candidates, as the decisions thought it before anybody worked on the lead.
    A rep is drawn towards what they thought of him, as far as outcomes over all reps bear that out: fully where it came
    true, not at all where it did not; and what remains of each rep is estimated together with all others, shrunk by how
    thin the data are. Beside it stands what the draws of luck say alone, over all leads that a rep could have had, where
    they bear on it: that owes nothing to who gets which leads, and is much less certain.

    Intervals hold luck and what is not known about the rep; not an error that the decisions make about the others.

    Args:
        log: The matcher's choices about leads that ended.
        names: Name of each rep by id.
    """
    if not len(log.won):
        return Uplift((), 0.0, None)
    expected = (log.even * log.chance).sum(axis=1)
    thought = _thought(log) - logit(expected)
    belief, doubt = _fit_belief(logit(expected), thought, log.won)
    line = logit(expected) + belief * thought
    # The level that the chances were shifted to is known no better than so many outcomes tell it.
    level = 1 / float((expected * (1 - expected)).sum())
    effects = group_effects(line, log.won, log.closer, len(log.rep_ids))
    found = []
    for rep in np.unique(log.closer):
        mine = log.closer == rep
        sd = float(np.sqrt(effects.sd[rep] ** 2 + (doubt * thought[mine].mean()) ** 2 + level))
        mean = float(effects.mean[rep])
        low, value, high = (
            float((expit(line[mine] + effect) - expected[mine]).sum())
            for effect in (mean - Z * sd, mean, mean + Z * sd)
        )
        added = Estimate(value=value, low=low, high=high)
        found.append(_line(log, rep, expected[mine], added, names))
    return Uplift(
        lines=tuple(sorted(found, key=lambda each: (-each.added_wins.value, each.key))),
        spread=effects.spread,
        belief=Estimate(value=belief, low=belief - Z * doubt, high=belief + Z * doubt),
    )


def _thought(log: Logged) -> FloatVector:
    """Return the log-odds that the decisions gave whoever closed each lead; the average candidate's for a stranger."""
    his = log.rep == log.closer[:, None]
    known = his.any(axis=1)
    chance = np.where(known, (log.chance * his).sum(axis=1), (log.even * log.chance).sum(axis=1))
    odds: FloatVector = logit(chance)
    return odds


def _fit_belief(offset: FloatVector, thought: FloatVector, won: FloatVector) -> tuple[float, float]:
    """Return by how much of what was thought the outcomes differ, and its standard error.

    A normal prior around 0 of spread 1 keeps it near 0 where hardly anything was thought or known.
    """
    belief, bend = 0.0, 1.0
    for _ in range(_STEPS):
        chance = expit(offset + belief * thought)
        bend = float((thought**2 * chance * (1 - chance)).sum()) + 1.0
        belief += float(np.clip((float(thought @ (won - chance)) - belief) / bend, -1.0, 1.0))
    return belief, bend**-0.5


def _line(log: Logged, rep: int, expected: FloatVector, added: Estimate, names: Mapping[str, str]) -> RepUplift:
    n, wins, key = len(expected), int(log.won[log.closer == rep].sum()), log.rep_ids[rep]
    promised = float(expected.sum())
    above, luck = wins - promised, Z * float(np.sqrt((expected * (1 - expected)).sum()))
    drawn, support = _drawn(log, rep)
    return RepUplift(
        key=key,
        name=names.get(key, key),
        settled=n,
        wins=wins,
        expected_wins=promised,
        above_expected=Estimate(value=above, low=above - luck, high=above + luck),
        added_wins=added,
        added_per_100=Estimate(value=100 * added.value / n, low=100 * added.low / n, high=100 * added.high / n),
        drawn_per_100=drawn,
        drawn_support=support,
        verdict=_verdict(n, added),
    )


def _drawn(log: Logged, rep: int) -> tuple[Estimate | None, float | None]:
    """Return what giving a rep all leads that list him would add to an even draw, and its support; None if untold."""
    his = (log.rep == rep) & log.listed
    rows = his.any(axis=1) & log.drawn
    part, policy = log.keep(rows), his[rows].astype(np.float64)
    got = part.rep[np.arange(len(part.won)), part.chosen] == rep
    if got.sum() < ENOUGH or not part.open_to_chance.any():
        return None, None
    logged = part.chosen, part.propensity, part.won, policy
    try:
        found = estimate_policy_gain(*logged, over=part.even, model=part.chance, most=MOST_WEIGHT, draw=part.draw)
    except InvalidInputError:  # the log does not bear on it
        return None, None
    return (per_100(found) if found.support >= FULL else None), found.support


def _verdict(n: int, added: Estimate) -> str:
    if n < ENOUGH:
        return "not enough"
    if added.low > 0:
        return "adds"
    return "costs" if added.high < 0 else "no more than chance"
