"""The report of effectiveness in sentences. Every number is one of the report's."""

from tools.matching.effectiveness.choices import ENOUGH_OVERRIDES
from tools.matching.effectiveness.groups import ENOUGH
from tools.matching.effectiveness.report import EffectivenessReport, RepLine


def expectation_in_words(scored: int, settled: int) -> str:
    """Say where expected wins come from."""
    if not settled:
        return "nothing settled yet"
    if scored == settled:
        return "the score at the moment of the match"
    if not scored:
        return "the share of wins of the lead's product and source; no score was recorded at the match"
    return (
        f"the score at the moment of the match for {scored} of {settled} settled leads, "
        "for the others the share of wins of the lead's product and source"
    )


def summarise(report: EffectivenessReport) -> tuple[str, ...]:
    """Put the report into a few sentences: outcome, reps, evenness, treatment of leads, choices, overrides."""
    said = [_outcome(report), _reps(report)]
    if report.equality.expected_value_gini is not None:
        value = report.equality.expected_value_gini
        said.append(
            f"Expected value lies over {report.equality.reps} active reps with a Gini of {value:.2f} (0 is even)."
        )
    said.append(_treatment(report))
    if report.regret.part_of_best is not None:
        gap = (
            ""
            if report.regret.mean_gap is None
            else f"; proven gap to the optimum {report.regret.mean_gap:.2%} on average"
        )
        said.append(
            f"{report.regret.matches} matches reached {report.regret.part_of_best:.1%} of what every lead's best rep would"
            f" be worth if capacity were endless{gap}."
        )
    said.append(_overrides(report))
    return tuple(said)


def _outcome(report: EffectivenessReport) -> str:
    if not report.settled:
        return f"{report.leads} leads, none settled yet: nothing can be judged."
    return (
        f"{report.leads} leads, {report.settled} settled, {report.wins} won ({report.wins / report.settled:.1%}); "
        f"expected wins are from {report.expectation}."
    )


def _reps(report: EffectivenessReport) -> str:
    better = [line for line in report.reps if line.verdict == "better"]
    worse = [line for line in report.reps if line.verdict == "worse"]
    if not better and not worse:
        judged = sum(line.settled >= ENOUGH for line in report.reps)
        return (
            f"No rep differs from what his leads promised by more than chance ({judged} of {len(report.reps)} judged)."
        )
    told = [f"{_rep(line)} more" for line in better[:3]] + [f"{_rep(line)} fewer" for line in worse[-3:]]
    return f"Beside what their leads promised, per 100 leads: {'; '.join(told)}."


def _rep(line: RepLine) -> str:
    ends = sorted(abs(end) for end in (line.added_per_100.low, line.added_per_100.high))
    return f"{line.name} wins {abs(line.added_per_100.value):.1f} ({ends[0]:.1f} to {ends[1]:.1f})"


def _treatment(report: EffectivenessReport) -> str:
    weaker = [f"{found.column} {found.group}" for found in report.treatment if found.verdict == "weaker reps"]
    if weaker:
        return f"Sent to weaker reps than the others, beyond chance: {', '.join(weaker)}."
    judged = sum(found.verdict != "not enough" for found in report.treatment)
    return f"No group of leads is seen to get weaker reps ({judged} of {len(report.treatment)} groups judged)."


def _overrides(report: EffectivenessReport) -> str:
    found = report.overrides
    if not found.overrides:
        return "No manager overrode a match."
    if found.verdict == "not enough" or found.added_per_100 is None:
        return (
            f"Managers overrode {found.overrides} matches; {found.settled} of those leads ended, "
            f"not enough to say whether it helped ({ENOUGH_OVERRIDES} are needed)."
        )
    added = found.added_per_100
    return (
        f"Managers overrode {found.overrides} matches: {added.value:+.1f} wins per 100 leads beside the others "
        f"({added.low:+.1f} to {added.high:+.1f}), {found.verdict}."
    )
