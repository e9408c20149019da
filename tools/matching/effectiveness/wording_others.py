"""What others would have won, in sentences. Every number is one of the report's."""

from tools.matching.effectiveness.counterfactual import ArmComparison, OthersReport, PolicyLine, PolicyReport
from tools.matching.effectiveness.groups import ENOUGH
from tools.matching.effectiveness.policies import AS_IT_WAS, NEVER_EXPLORE, NO_CHANCE, ROUND_ROBIN
from tools.matching.effectiveness.statistics import Estimate

_NAMED = 3
_WOULD = {NEVER_EXPLORE: "Without exploring the matcher", ROUND_ROBIN: "An even draw among the candidates listed"}


def summarise_others(report: OthersReport) -> tuple[str, ...]:
    """Put it into sentences: the matcher beside people, other ways of handing out, who adds wins."""
    return (*_comparison(report.comparison), *_policies(report.policies), *_belief(report), _uplift(report))


def span(found: Estimate) -> str:
    """Write a difference with its interval."""
    value, low, high = (round(number, 1) + 0.0 for number in (found.value, found.low, found.high))  # no -0.0
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _comparison(found: ArmComparison) -> list[str]:
    missing = "; ".join(found.missing)
    if found.plain is None:
        return [f"The matcher cannot be compared with people: {missing}."]
    sides = (
        f"The matcher's leads won {found.matcher.wins} of {found.matcher.settled}, those given out by people or imports "
        f"{found.manual.wins} of {found.manual.settled}: {span(found.plain.difference)} wins per 100 leads"
    )
    if found.adjusted is None:
        return [f"{sides}. How good the leads were themselves is not taken out, so this judges nobody: {missing}."]
    told = f"{sides}; with the leads' own chances taken out {span(found.adjusted.difference)}, {found.verdict}."
    return [f"{told} Mind: {missing}." if missing else told]


def _policies(found: PolicyReport) -> list[str]:
    others = [line for line in found.policies if line.policy != AS_IT_WAS]
    reasons = {line.why for line in others}
    if len(reasons) == 1 and all(line.modelled is None for line in others):
        why = reasons.pop()
        told = f"{why[0].upper()}{why[1:]}"
        return [f"{told} what other ways of handing out would have won." if why == NO_CHANCE else f"{told}."]
    return [_policy(line) for line in others]


def _policy(line: PolicyLine) -> str:
    who = _WOULD[line.policy]
    if line.value is not None and line.beyond is not None:
        return f"{who} would have won {line.value.value:.1f} per 100 leads: {span(line.beyond)} beside what was won."
    told = f"What {who[0].lower()}{who[1:]} would have won the log cannot tell: {line.why}"
    if line.modelled is None:
        return f"{told}."
    return f"{told}. The decisions' own chances promise {line.modelled:.1f} per 100 leads, which no outcome bears out."


def _belief(report: OthersReport) -> list[str]:
    if report.belief is None:
        return []
    value, low, high = (
        round(100 * number) + 0 for number in (report.belief.value, report.belief.low, report.belief.high)
    )
    return [f"Outcomes bear out {value} % ({low} to {high} %) of how the decisions thought reps to differ."]


def _uplift(report: OthersReport) -> str:
    if not report.uplift:
        return "No lead whose candidates are recorded has ended, so nobody's uplift can be told."
    adds = [line for line in report.uplift if line.verdict == "adds"]
    costs = [line for line in report.uplift if line.verdict == "costs"]
    if not adds and not costs:
        judged = sum(line.settled >= ENOUGH for line in report.uplift)
        return (
            f"No rep is seen to win more or fewer than the average candidate would have of his leads "
            f"({judged} of {len(report.uplift)} judged)."
        )
    told = [f"{line.name} {span(line.added_wins)}" for line in (*adds[:_NAMED], *costs[-_NAMED:])]
    more = len(adds) + len(costs) - len(told)
    rest = f"; {more} more are told from 0" if more else ""
    return f"Wins because of the rep, beside the average candidate on the same leads: {'; '.join(told)}{rest}."
