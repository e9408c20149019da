"""Tunes a team's rules on its own past: which fairness would have brought most, evenly enough. Pure; sets nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import expm1, log1p

import numpy as np

from domain.routing import RoutingPolicy
from domain.values import Market
from tools.matching.replay.bench import Bench, OnTrial
from tools.matching.replay.course import STEP
from tools.matching.replay.difference import LEVEL, Gain
from tools.matching.replay.period import Period
from tools.matching.replay.totals import PeriodTotals
from tools.matching.replay.wording import summarise_tuning
from tools.matching.weights import tune_weights

N_TRIALS = 16
MOST_RESERVED = 0.5
"""Largest part of each capacity that is tried as a reserve for VIPs."""

_STEEPNESS = 100.0
_UNEVEN = 1.0
"""What 0.01 of Gini above round-robin's costs a trial: so many per cent of what the present rules bring."""

_DIGITS = 3
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Trial:
    """Rules that were tried on a period.

    Attributes:
        fairness: Cost of the next lead of a rep at his fair share.
        vip_reserve: Part of each capacity kept for VIPs; None where nothing says who they are.
        totals: What the period comes to under them.
        even: Whether leads are spread at least as evenly as round-robin spreads them.
    """

    fairness: float
    vip_reserve: float | None
    totals: PeriodTotals
    even: bool


@dataclass(frozen=True)
class TunedRouting:
    """What a search over a team's rules found.

    Attributes:
        market: The market.
        since: First moment of the period.
        until: Its end, exclusive.
        leads: Leads that needed a rep.
        by_value: Whether trials were judged by expected value; by expected wins where no value is known.
        turns: What the period comes to when leads go round the reps in turn.
        present: The rules in force.
        best: The best rules of all trials, those in force among them.
        trials: All rules that were tried, in order, each once.
        gain: How much more the best rules bring than the present ones, in the unit of the search.
        pays: Whether that is beyond doubt: the whole interval lies above 0.
        summary: The same in a sentence.
    """

    market: Market
    since: datetime
    until: datetime
    leads: int
    by_value: bool
    turns: PeriodTotals
    present: Trial
    best: Trial
    trials: tuple[Trial, ...]
    gain: Gain
    pays: bool
    summary: str


def tune_routing(
    period: Period,
    policy: RoutingPolicy,
    *,
    rng: np.random.Generator,
    n_trials: int = N_TRIALS,
    step: timedelta = STEP,
    level: float = LEVEL,
    on_trial: OnTrial | None = None,
) -> TunedRouting:
    """Search the fairness, and the reserve for VIPs where `vip_value` says who they are, that would have brought most.

    What a trial brings is measured by the model of the period's first moment, as a part of what the present rules bring.
    A trial that spreads leads less evenly than round-robin would have, on the same floor and by the same hard rules, pays
    for it; it is no candidate if it spreads them less evenly than the present rules, too.

    Args:
        period: The period.
        policy: The present rules; what is not tuned stays.
        rng: Source of randomness of the search and of the interval.
        n_trials: Replays, >= 4.
        step: Leads of one step are handed out together.
        level: Of the interval, in (0, 1).
        on_trial: Told how many replays are done.

    Raises:
        InvalidInputError: If no lead needed a rep in the period, or there are too few trials.
    """
    period.require_leads()
    bench = Bench(period, policy, step, n_trials + 1, on_trial)
    present = bench.try_rules(policy)
    turns = bench.in_turn()
    scale = bench.worth(present) or 1.0

    def judge(rules: RoutingPolicy) -> float:
        trial = bench.try_rules(rules)
        return bench.worth(trial) / scale - _UNEVEN * max(0.0, trial.gini - turns.gini)

    first = {"fairness": min(1.0, _compress(policy.fairness))}
    if policy.vip_value is not None:
        first["vip_reserve"] = min(MOST_RESERVED, policy.vip_reserve)
    bounds = {"fairness": (0.0, 1.0), "vip_reserve": (0.0, MOST_RESERVED)}
    tuned = tune_weights(
        lambda weights: judge(_rules(weights, policy)),
        {name: bounds[name] for name in first},
        rng=rng,
        n_trials=n_trials,
        first=first,
    )
    # The search comes back to where it expects the best; a replay says the same again.
    tried = list(dict.fromkeys(_rules(weights, policy) for weights, _ in tuned.trials))
    bar = max(turns.gini, present.gini) + _ROUNDING
    favourite = max((r for r in (policy, *tried) if bench.try_rules(r).gini <= bar), key=judge)
    gain = bench.gain(policy, favourite, rng=rng, level=level)

    def told(rules: RoutingPolicy) -> Trial:
        totals = bench.try_rules(rules)
        reserve = None if policy.vip_value is None else rules.vip_reserve
        return Trial(rules.fairness, reserve, totals, totals.gini <= turns.gini + _ROUNDING)

    return TunedRouting(
        market=period.market,
        since=period.since,
        until=period.until,
        leads=len(period.arrivals),
        by_value=bench.stakes.value is not None,
        turns=turns,
        present=told(policy),
        best=told(favourite),
        trials=tuple(told(rules) for rules in tried),
        gain=gain,
        pays=gain.low > 0,
        summary=summarise_tuning(
            period,
            gain,
            ginis=None if favourite == policy else (present.gini, bench.try_rules(favourite).gini, turns.gini),
            by_value=bench.stakes.value is not None,
            silent=period.floor.model.no_signal is not None,
        ),
    )


def _rules(weights: Mapping[str, float], policy: RoutingPolicy) -> RoutingPolicy:
    """Return the rules that a point of the search stands for, rounded as a person would write them."""
    update = {"fairness": round(_stretch(weights["fairness"]), _DIGITS)}
    if "vip_reserve" in weights:
        update["vip_reserve"] = round(weights["vip_reserve"], _DIGITS)
    return policy.model_copy(update=update)


def _stretch(point: float) -> float:
    """Map [0, 1] to a fairness in [0, 1], evenly in the logarithm but for the lowest hundredth."""
    return expm1(point * log1p(_STEEPNESS)) / _STEEPNESS


def _compress(fairness: float) -> float:
    return log1p(_STEEPNESS * fairness) / log1p(_STEEPNESS)
