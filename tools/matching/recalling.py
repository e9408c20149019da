"""Finds what was decided under names before, so that a retry decides nothing anew. Decides nothing."""

from collections.abc import Mapping, Sequence

from domain.matches import Match
from domain.people import Lead, Rep
from domain.values import DecisionId, LeadId, RepId
from tools.matching.exclusion_lists import ExclusionLists
from tools.matching.ports import RoutingRecords
from tools.matching.recording import recall_match

AT_ONCE = 1_000
"""Decisions read at once: each names every rep whom a rule excluded, and a large batch of them would fill the memory."""


async def recall(
    records: RoutingRecords, leads: Sequence[Lead], names: Mapping[LeadId, DecisionId]
) -> dict[LeadId, Match]:
    """Return the matches that were recorded under these names, by lead.

    Args:
        records: Where.
        leads: Leads of one market.
        names: The decision to look for, by lead.
    """
    found: dict[LeadId, Match] = {}
    lists = ExclusionLists()
    reps: dict[RepId, Rep] = {}
    for begin in range(0, len(leads), AT_ONCE):
        wanted = {names[lead.id]: lead for lead in leads[begin : begin + AT_ONCE]}
        decisions = await records.decisions.get_many(list(wanted))
        if decisions and not reps:
            reps = {rep.id: rep for rep in await records.reps.in_market(leads[0].market)}
        for name, lead in wanted.items():
            if name in decisions:
                rep = reps.get(RepId(decisions[name].chosen or ""))
                found[lead.id] = recall_match(decisions[name], rep, lists=lists)
    return found
