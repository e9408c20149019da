"""Reasons for a match, in a sentence that a rep reads at a glance. Pure: words only; decides nothing."""

from collections import Counter
from collections.abc import Sequence

from domain.matches import Exclusion
from domain.people import Rep

MAX_WORDS = 30

_RULE_WORDS = {
    "inactive": "not active",
    "market": "of another market",
    "certificate": "without the certificate",
    "language": "without the language",
    "region": "outside the region",
    "capacity": "full",
    "excluded": "excluded for this lead",
}


def explain_choice(
    rep: Rep, track_record: str | None, *, p_convert: float, open_leads: int, place: int, n_eligible: int
) -> str:
    """Say why a rep gets a lead.

    Args:
        rep: The rep chosen.
        track_record: What history shows about him; None when history does not tell reps apart.
        p_convert: Probability that he wins the lead.
        open_leads: Leads that he has already.
        place: His rank by utility among the eligible, from 1.
        n_eligible: How many were eligible.

    Returns:
        At most `MAX_WORDS` words; the least important clauses are left out first.
    """
    rank = f"number {place} of {n_eligible} eligible, best for the batch" if place > 1 else None
    clauses = [
        track_record or "past results do not tell reps apart",
        f"{p_convert:.0%} likely to win this lead",
        rank,
        f"{open_leads} of {rep.capacity} places taken",
    ]
    return _join(rep.name, [clause for clause in clauses if clause])


def explain_keeping(rep: Rep, *, p_convert: float) -> str:
    """Say that a lead stays with its rep."""
    return _join(rep.name, ["has this lead already and may keep it", f"{p_convert:.0%} likely to win it"])


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


def _join(name: str, clauses: Sequence[str]) -> str:
    words = len(name.split())
    taken = []
    for clause in clauses:
        if words + len(clause.split()) <= MAX_WORDS:
            words += len(clause.split())
            taken.append(clause)
    return f"{name}: {'; '.join(taken)}."
