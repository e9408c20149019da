"""What a replay says to people, in a sentence. Pure: decides nothing."""

from tools.matching.replay.difference import Gain
from tools.matching.replay.period import Period
from tools.matching.replay.totals import PeriodTotals

_LEAST = 0.005


def summarise_replay(
    period: Period, present: PeriodTotals, draft: PeriodTotals, wins: Gain, *, moved: int, silent: bool
) -> str:
    """Say what a draft would have changed, and how sure that is.

    Args:
        period: The period.
        present: Under the present rules.
        draft: Under the draft.
        wins: How many more wins the draft promises.
        moved: Leads in other hands.
        silent: Whether rep history says nothing.
    """
    begin = f"Over {period.days:g} days and {len(period.arrivals):,} leads the draft"
    if not moved:
        return f"{begin} would have changed nothing: every lead goes to the same rep."
    served = present.never_served - draft.never_served
    others = [f"{moved:,} leads would be in other hands"]
    if served:
        others.append(f"{abs(served):,} {'more' if served > 0 else 'fewer'} would get a rep")
    if silent:
        why = "rep history tells nobody apart, so only who is served, and what reps declare, can make a difference"
        return f"{begin} promises {wins.value:+.1f} wins, {', '.join(others)}; {why}."
    return f"{begin} {say_gain(wins)}; {', '.join(others)}."


def say_gain(wins: Gain) -> str:
    """Say how many wins something adds, and how sure that is: a verb and what follows it."""
    within = f"{wins.level:.0%} interval {wins.low:+.1f} to {wins.high:+.1f}"
    if max(abs(wins.low), abs(wins.high)) < _LEAST:
        return "would win as many leads"
    if wins.low > 0 or wins.high < 0:
        much = "more" if wins.value > 0 else "fewer"
        return f"would win {abs(wins.value):.1f} {much} ({within})"
    return f"is too close to call: {wins.value:+.1f} wins ({within}, more with {wins.p_more:.0%})"


def summarise_tuning(
    period: Period, gain: Gain, *, ginis: tuple[float, float, float] | None, by_value: bool, silent: bool
) -> str:
    """Say whether other rules would have paid.

    Args:
        period: The period.
        gain: What the best rules that were tried add to the present ones.
        ginis: Gini of load under the present rules, under the best, and in turn; None where the best are the present ones.
        by_value: Whether the gain is in value, not in wins.
        silent: Whether rep history says nothing.
    """
    begin = f"On {period.days:g} days and {len(period.arrivals):,} leads"
    if ginis is None:
        return f"{begin} no setting that was tried is better than the present one."
    amounts = [f"{x:+,.0f}" if by_value else f"{x:+.1f}" for x in (gain.value, gain.low, gain.high)]
    much = f"{amounts[0]} in value" if by_value else f"{amounts[0]} wins"
    present, best, turns = (f"{gini:.2f}" for gini in ginis)
    found = (
        f"the best one promises {much} ({gain.level:.0%} interval {amounts[1]} to {amounts[2]}) at a Gini of {best} "
        f"instead of {present} (in turn: {turns})"
    )
    if silent:
        return f"{begin} rep history tells nobody apart, so no setting can be said to win more: {found}."
    if gain.low > 0:
        return f"{begin} another setting pays: {found}."
    return f"{begin} no setting beats the present one beyond doubt: {found}."
