"""What other ways of handing out would have won, from the matcher's own choices. Pure; knows arrays only."""

import numpy as np

from domain.errors import InvalidInputError
from tools.matching import off_policy
from tools.matching.arrays import FloatMatrix
from tools.matching.choice_log import LEAST_DRAWS
from tools.matching.describing import SHOWN
from tools.matching.effectiveness.counterfactual import PolicyLine, PolicyReport
from tools.matching.effectiveness.logged import Logged
from tools.matching.effectiveness.statistics import Estimate, wilson
from tools.matching.off_policy import estimate_policy_gain, estimate_policy_value

MOST_WEIGHT = 10.0
"""Greatest weight of a lead: one over a propensity of a tenth. Beyond it few leads would decide the estimate; what is cut
off is left to the model."""

ENOUGH_CHOICES = 30
"""Choices with a propensity from which anything is told."""

FULL = 0.8
"""Support from which a policy's value is told. Below it too much is the model's word, whose error no interval holds."""

AS_IT_WAS, NEVER_EXPLORE, ROUND_ROBIN = "as it was", "never explore", "round-robin"
NO_CHANCE = "nothing was left to chance, so the log cannot tell"


def judge_policies(log: Logged) -> PolicyReport:
    """Estimate what the matcher would have won without exploring, and what an even draw among candidates would have.

    The model of the outcome is what the decisions themselves thought of each candidate: it was not learned on what came
    of these leads. `never explore` gives each lead to the rep of the plan on the mean effects; `round-robin` draws
    evenly among the candidates that the decision lists, which are the best ones only: one that reaches further is not
    expected to do better.

    Args:
        log: The matcher's choices about leads that ended.
    """
    drawn = log.keep(log.drawn)
    n = len(drawn.won)
    why = _why_not(drawn)
    policies = {NEVER_EXPLORE: drawn.plain, ROUND_ROBIN: drawn.even}
    return PolicyReport(
        settled=n,
        unlogged=len(log.won) - n,
        draws=len(np.unique(drawn.draw)),
        open_to_chance=int(drawn.open_to_chance.sum()),
        most_weight=MOST_WEIGHT,
        cut_lists=int((drawn.listed.sum(axis=1) >= SHOWN).sum()),
        policies=(
            _as_it_was(drawn),
            *(_untold(name, why) if why else _line(drawn, name, policy) for name, policy in policies.items()),
        ),
    )


def _why_not(log: Logged) -> str:
    n, n_draws = len(log.won), len(np.unique(log.draw))
    if n < ENOUGH_CHOICES:
        return f"{n} leads that the matcher gave out with a propensity have ended; {ENOUGH_CHOICES} are needed"
    if not log.open_to_chance.any():
        return NO_CHANCE
    if n_draws < LEAST_DRAWS:
        return f"all leads were given out in {n_draws} batches, each with one draw of luck; {LEAST_DRAWS} are needed"
    return ""


def _as_it_was(log: Logged) -> PolicyLine:
    found = wilson(int(log.won.sum()), len(log.won))
    value = None if found is None else Estimate(value=100 * found.value, low=100 * found.low, high=100 * found.high)
    return _untold(AS_IT_WAS, "").model_copy(update={"value": value})


def _untold(policy: str, why: str, *, modelled: float | None = None, support: float | None = None) -> PolicyLine:
    return PolicyLine(
        policy=policy,
        value=None,
        beyond=None,
        weighted=None,
        modelled=modelled,
        support=support,
        effective=None,
        trimmed=0,
        why=why,
    )


def _line(log: Logged, name: str, policy: FloatMatrix) -> PolicyLine:
    modelled = 100 * float((policy * log.chance).sum(axis=1).mean())
    logged = log.chosen, log.propensity, log.won, policy
    try:
        found = estimate_policy_value(*logged, model=log.chance, most=MOST_WEIGHT, draw=log.draw)
        beyond = estimate_policy_gain(*logged, model=log.chance, most=MOST_WEIGHT, draw=log.draw)
        weighted = estimate_policy_value(*logged, most=MOST_WEIGHT, draw=log.draw)
    except InvalidInputError as error:
        return _untold(name, f"what it would do {error.rule}", modelled=modelled)
    if found.support < FULL:
        why = f"the log bears on {found.support:.0%} of what it would do"
        return _untold(name, why, modelled=modelled, support=found.support)
    return PolicyLine(
        policy=name,
        value=per_100(found),
        beyond=per_100(beyond),
        weighted=per_100(weighted),
        modelled=modelled,
        support=found.support,
        effective=found.effective,
        trimmed=found.truncated,
        why="",
    )


def per_100(found: off_policy.Estimate) -> Estimate:
    """Return an estimate of wins per lead as wins per 100 leads."""
    return Estimate(value=100 * found.value, low=100 * found.low, high=100 * found.high)
