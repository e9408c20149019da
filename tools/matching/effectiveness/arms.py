"""The matcher's leads beside those given out by people, with and without the leads' own chances. Knows tables only."""

import numpy as np
import polars as pl
from scipy.special import expit, logit

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolVector, FloatVector
from tools.matching.base_rate import fit_logistic
from tools.matching.comparing import LEAST_REPS, compare_with_manual
from tools.matching.effectiveness.counterfactual import Arm, ArmComparison, Beside
from tools.matching.effectiveness.statistics import Estimate
from tools.matching.handing_over import ASSIGNED_BY

ENOUGH_LEADS = 20
"""Settled leads that each side needs."""

_CLIP = 1e-6
_RIDGE = 1e-3
_FAR_APART_DAYS = 30
_DAY_S = 86_400


def compare_arms(leads: pl.DataFrame, settled: pl.DataFrame, given: pl.DataFrame) -> ArmComparison:
    """Compare leads by who gave them their first rep, whatever happened to them later.

    Who decides later, a manager who overrides or a rep who declines, decides about leads that he has seen: counting by
    the last hand would compare what was kept with what was not. A lead's own chance is its score when nobody had it
    yet, bent to the outcomes of both sides alike; taken out of the outcome it makes good and bad leads comparable, as far
    as the score knows them.

    Args:
        leads: Table `LEADS` of the facts.
        settled: As `expectation.settle` returns.
        given: Table `GIVEN` of the facts.
    """
    told = given.with_columns(matcher=pl.col("by") == ASSIGNED_BY)
    known = leads.select("lead_id").join(told, on="lead_id")
    ended = settled.select("lead_id", "rep_id", "created_at", "won").join(told, on="lead_id").sort("lead_id")
    matcher, manual = (_arm(known, ended, matcher=side) for side in (True, False))
    scored = ended.filter(pl.col("p_before").is_not_null())
    won = scored["won"].to_numpy()
    chance = _own_chance(scored["p_before"].to_numpy(), scored["matcher"].to_numpy(), won)
    plain, adjusted = _compare(ended, ended["won"].to_numpy()), _compare(scored, won - chance)
    return ArmComparison(
        matcher=matcher,
        manual=manual,
        plain=plain,
        adjusted=adjusted,
        verdict=_verdict(adjusted),
        missing=(*_too_few(matcher, manual), *_unscored(adjusted, matcher, manual), *_apart(ended)),
    )


def _arm(known: pl.DataFrame, ended: pl.DataFrame, *, matcher: bool) -> Arm:
    mine = ended.filter(pl.col("matcher") == matcher)
    return Arm(
        leads=known.filter(pl.col("matcher") == matcher).height,
        settled=mine.height,
        wins=int(mine["won"].to_numpy().sum()),
        reps=mine["rep_id"].n_unique(),
        scored=mine["p_before"].count(),
    )


def _own_chance(scored: FloatVector, matcher: BoolVector, won: FloatVector) -> FloatVector:
    """Return what leads of such a score win, whoever gave them out. Shape (n_leads,).

    Log-odds are bent by a line, so that a score that is too bold or too timid does no harm; the sides may differ while
    it is fitted, so that their difference is not taken for a merit of the score.
    """
    odds = logit(scored.clip(_CLIP, 1 - _CLIP))
    side = matcher - matcher.mean() if len(matcher) else odds
    design = np.column_stack([np.ones(len(odds)), odds, side])
    found = fit_logistic(design, won, np.full(3, _RIDGE)) if len(odds) else np.zeros(3)
    chance: FloatVector = expit(found[0] + found[1] * odds)
    return chance


def _compare(ended: pl.DataFrame, outcome: FloatVector) -> Beside | None:
    """Compare both sides per 100 leads; None where a side has too few leads or reps."""
    matcher = ended["matcher"].to_numpy()
    if min(matcher.sum(), (~matcher).sum()) < ENOUGH_LEADS:
        return None
    try:
        found = compare_with_manual(matcher, ended["rep_id"].rank("dense").cast(pl.Int64).to_numpy(), outcome)
    except InvalidInputError:  # a side has fewer than LEAST_REPS reps, which `_too_few` says
        return None
    difference = Estimate(value=100 * found.value, low=100 * found.low, high=100 * found.high)
    return Beside(difference=difference, p_value=found.p_value)


def _too_few(matcher: Arm, manual: Arm) -> list[str]:
    """Say which side has too few leads or reps to be compared at all."""
    said = []
    for name, arm in (("the matcher", matcher), ("people or imports", manual)):
        if arm.settled < ENOUGH_LEADS:
            said.append(f"{arm.settled} leads given out by {name} have ended; {ENOUGH_LEADS} are needed")
        elif arm.reps < LEAST_REPS:
            said.append(f"the leads given out by {name} ended with {arm.reps} reps; {LEAST_REPS} are needed")
    return said


def _unscored(adjusted: Beside | None, matcher: Arm, manual: Arm) -> list[str]:
    """Say of which side too few leads were scored before anybody had them."""
    sides = ("the matcher's", matcher), ("the others", manual)
    few = [f"{arm.scored} of {arm.settled} of {name}" for name, arm in sides if arm.scored < arm.settled]
    if not few or min(matcher.settled, manual.settled) < ENOUGH_LEADS:
        return []
    told = f"scored before anybody had them: {' and '.join(few)} leads"
    return [told if adjusted else f"{told}, too few to take the leads' own chances out"]


def _apart(ended: pl.DataFrame) -> list[str]:
    """Say if the sides' leads are of different times: then seasons, and leads that end late, are part of the difference."""
    matcher, manual = (
        ended.filter(pl.col("matcher") == side)["created_at"].dt.epoch("s").median() for side in (True, False)
    )
    if not isinstance(matcher, float) or not isinstance(manual, float):
        return []
    days = abs(matcher - manual) / _DAY_S
    if days < _FAR_APART_DAYS:
        return []
    when = "later" if matcher > manual else "earlier"
    return [
        f"the matcher's leads came {days:.0f} days {when} (medians), so times of year and leads still open count too"
    ]


def _verdict(adjusted: Beside | None) -> str:
    """Judge only what leads' own chances are taken out of: anything else may be the leads."""
    if adjusted is None:
        return "not enough"
    if adjusted.difference.low > 0:
        return "matcher wins more"
    return "matcher wins fewer" if adjusted.difference.high < 0 else "no difference seen"
