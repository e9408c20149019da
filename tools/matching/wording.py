"""Reasons for a match, in a sentence that a rep reads at a glance. Pure: words only; decides nothing."""

from collections import Counter
from collections.abc import Sequence

from domain.matches import Candidate, Exclusion, Match
from domain.people import Rep
from domain.values import LeadId, RepId

MAX_WORDS = 30

_LEAST_SAID = 0.005

_RULE_WORDS = {
    "inactive": "not active",
    "market": "of another market",
    "certificate": "without the certificate",
    "language": "without the language",
    "region": "outside the region",
    "away": "away",
    "offline": "offline",
    "capacity": "full",
    "vip_reserve": "with only places for VIPs left",
    "rejected": "who declined it",
    "excluded": "excluded for this lead",
}


def explain_choice(
    rep: Rep,
    track_record: str | None,
    *,
    p_convert: float,
    open_leads: int,
    place: int,
    n_eligible: int,
    displaces: LeadId | None = None,
    explored: bool = False,
    off_duty: bool = False,
) -> str:
    """Say why a rep gets a lead.

    Args:
        rep: The rep chosen.
        track_record: What history shows about him; None when history does not tell reps apart.
        p_convert: Probability that he wins the lead.
        open_leads: Leads that he has already.
        place: His rank by utility among the eligible, from 1.
        n_eligible: How many were eligible.
        displaces: The lead whose place this VIP takes, if any.
        explored: Whether he gets it to learn how he does.
        off_duty: Whether the lead should be contacted at once, and he does not work now.

    Returns:
        At most `MAX_WORDS` words; the least important clauses are left out first.
    """
    rank = f"number {place} of {n_eligible} eligible, best for the batch" if place > 1 else None
    clauses = [
        track_record or "past results do not tell reps apart",
        f"{_chance(p_convert)} likely to win this lead",
        f"a VIP, takes the place of {displaces}" if displaces else None,
        "does not work now, but is still the best choice" if off_duty else None,
        "chosen to learn how he does" if explored else rank,
        f"{open_leads} of {rep.capacity} places taken",
    ]
    return _join(rep.name, [clause for clause in clauses if clause])


def explain_keeping(rep: Rep, *, p_convert: float) -> str:
    """Say that a lead stays with its rep."""
    return _join(rep.name, ["has this lead already and may keep it", f"{_chance(p_convert)} likely to win it"])


def explain_pooling(excluded: Sequence[Exclusion], *, n_eligible: int) -> str:
    """Say why nobody gets a lead.

    Args:
        excluded: Everybody who may not take it.
        n_eligible: How many may, but have taken better leads of the same batch.
    """
    if n_eligible:
        return f"Waits in the pool: all {n_eligible} eligible reps are full with other leads of this batch."
    if not excluded:
        return "Waits in the pool: this market has no reps."
    counts = Counter(exclusion.rule for exclusion in excluded)
    parts = [f"{count} {_RULE_WORDS.get(rule, rule)}" for rule, count in counts.most_common(5)]
    return f"Waits in the pool: nobody may take it now ({', '.join(parts)})."


def explain_not(
    match: Match,
    rep_id: RepId,
    *,
    name: str | None = None,
    candidate: Candidate | None = None,
    unit: str = "",
) -> str:
    """Say why a rep does not get a lead, from what the match recorded.

    Args:
        match: What was decided.
        rep_id: The rep asked about.
        name: His name, for the sentence.
        candidate: His terms, for a rep whom the match does not list.
        unit: Of the utilities: a currency, or `wins`.
    """
    name = name or rep_id
    if rep_id == match.rep_id:
        return f"{name} does get this lead. {match.reason}"
    exclusion = next((each for each in match.excluded if each.rep_id == rep_id), None)
    if exclusion is not None:
        return f"{name} cannot take it: {exclusion.detail} (rule {exclusion.rule})."
    listed = {each.rep_id: each for each in match.considered}
    other = listed.get(rep_id) or candidate
    if other is None:
        return f"{name} was not among the {len(match.considered)} best of those who may take it."
    if match.rep_id is None:
        return f"All places of {name} went to other leads of the batch."
    return _compare(name, other, match, listed[match.rep_id], unit)


def _compare(name: str, other: Candidate, match: Match, chosen: Candidate, unit: str) -> str:
    """Say why the chosen rep comes before another who may take the lead."""
    gain, winner = other.utility - chosen.utility, match.rep_name or chosen.rep_id
    if gain <= 0:
        odds = f"{_chance(other.p_convert)} likely to win it against {_chance(chosen.p_convert)}"
        return f"{name}: worth {_amount(-gain, unit)} less than with {winner} ({odds}{_reason(other, chosen)})."
    more = f"{name}: worth {_amount(gain, unit)} more than with {winner}"
    dearer = other.price - chosen.price
    if dearer > 0:
        return f"{more}, but to other leads of the batch his place is worth {_amount(dearer, unit)} more."
    return f"{more}. {match.reason}"


def explain_place(name: str, price: float, *, serves_more: bool, unit: str) -> str:
    """Say what one more place of a rep is worth to the batch.

    Args:
        name: The rep.
        price: What it would add, in units of utility, >= 0.
        serves_more: Whether it would serve a lead that waits.
        unit: Of the utility: a currency, or `wins`.
    """
    if serves_more:
        return f"One more place of {name} would serve one more lead, worth {_amount(price, unit)}."
    if price <= 0:
        return f"One more place of {name} would change nothing."
    return f"One more place of {name} is worth {_amount(price, unit)}."


def summarise(
    *,
    n_leads: int,
    n_kept: int,
    n_waiting: int,
    expected_wins: float,
    gap: float,
    dearest: str | None,
) -> str:
    """Say what became of a batch.

    Args:
        n_leads: Leads of the batch.
        n_kept: How many stay with their owner.
        n_waiting: How many wait.
        expected_wins: Sum of the probabilities of those that have a rep.
        gap: Most that was left on the table, as a part of the worth.
        dearest: The sentence about the rep whose next place is worth most; None when no place is scarce.
    """
    kept = f", {n_kept} of them with the rep who had them" if n_kept else ""
    waiting = f"; {n_waiting} wait" if n_waiting else ""
    best = "proven best" if gap < 1e-6 else f"within {max(gap, 1e-4):.2%} of the best"  # noqa: PLR2004 - two digits
    found = f"{n_leads - n_waiting} of {n_leads} leads have a rep{kept}{waiting}: {expected_wins:.1f} wins expected, {best}."
    return f"{found} {dearest}" if dearest else found


def _reason(other: Candidate, chosen: Candidate) -> str:
    """Name the term that sets two reps apart most, where there is one beyond the probability itself."""
    names = (set(other.terms) | set(chosen.terms)) - {"lead"}
    if not names:
        return ""
    lost = {name: chosen.terms.get(name, 0.0) - other.terms.get(name, 0.0) for name in sorted(names)}
    name = max(lost, key=lambda each: lost[each])
    return f"; most by {name.replace('_', ' ')}" if lost[name] > 0 else ""


def _amount(number: float, unit: str) -> str:
    number = abs(number)
    digits = f"{number:,.0f}" if number >= 10 else f"{number:.3g}"  # noqa: PLR2004 - digits
    return f"{digits} {unit}".rstrip()


def _join(name: str, clauses: Sequence[str]) -> str:
    words = len(name.split())
    taken = []
    for clause in clauses:
        if words + len(clause.split()) <= MAX_WORDS:
            words += len(clause.split())
            taken.append(clause)
    return f"{name}: {'; '.join(taken)}."


def _chance(p: float) -> str:
    """Say a probability; one that is no good is not said to be none."""
    return f"{p:.0%}" if p >= _LEAST_SAID else "under 1%"
