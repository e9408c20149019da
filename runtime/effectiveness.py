"""Reads what a report of effectiveness and a picture of routing are made of. Judges nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from domain.decisions import Decision, DecisionKind
from domain.matches import AssignmentRecord, Match
from domain.routing_ports import MatchDecisions
from domain.values import DecisionId, LeadId, Market, RepId
from records.repositories import Records
from tools.matching.effectiveness.choices_made import candidates_of, choices_of
from tools.matching.effectiveness.facts import GIVEN, MATCHES, OVERRIDES, REJECTIONS, REPS, Facts
from tools.matching.effectiveness.measuring import measure_effectiveness
from tools.matching.effectiveness.report import EffectivenessReport
from tools.matching.handing_over import ASSIGNED_BY
from tools.matching.recording import recall_match


@dataclass(frozen=True)
class EffectivenessReader:
    """`EffectivenessFacts` over the records."""

    records: Records

    async def facts(self, market: Market, *, since: datetime, before: datetime) -> Facts:
        """Return what was known before a moment about the leads created in a period."""
        records = self.records
        leads = (await records.history.outcomes(market, before=before)).filter(pl.col("created_at") >= since)
        contacts = await records.first_contacts.of_market(market, since=since, before=before)
        overrides = await records.match_overrides.in_market(market, since=since, before=before)
        lead_ids = [LeadId(lead_id) for lead_id in leads["lead_id"]]
        current = await records.assignments.current_of(lead_ids)
        first = {
            lead: each for lead, each in (await records.assignments.first_of(lead_ids)).items() if each.at < before
        }
        chosen = [each.decision_id for each in first.values() if each.by == ASSIGNED_BY]
        named = [*(each.decision_id for each in current.values()), *(each.decision_id for each in overrides)]
        decided = await _decided(records.decisions, [*named, *chosen], before)
        matches = _newest(decided, named)
        choices = [decided[name] for name in chosen if name in decided]
        chances = await _chances(records.decisions, matches)
        rejections = await records.rejections.counts(market, since=since, before=before)
        reps = await records.reps.in_market(market)
        return Facts(
            leads=leads.join(contacts, on="lead_id", how="left").join(chances, on="lead_id", how="left"),
            matches=_worths(matches),
            rejections=pl.DataFrame(
                [(rep, product, reason.value, count) for (rep, product, reason), count in rejections.items()],
                schema=REJECTIONS,
                orient="row",
            ),
            overrides=pl.DataFrame(
                [(each.lead_id, each.from_rep_id, each.rep_id) for each in overrides], schema=OVERRIDES, orient="row"
            ),
            reps=pl.DataFrame([(rep.id, rep.name, rep.active) for rep in reps], schema=REPS, orient="row"),
            product_names={product.id: product.name for product in await records.products.in_market(market)},
            given=_given(first, await records.scores.before_assignment(market, before=before)),
            choices=choices_of(choices),
            candidates=candidates_of(choices),
        )

    async def report(self, market: Market, *, since: datetime, before: datetime) -> EffectivenessReport:
        """Read the facts of a period and measure them, in a thread."""
        facts = await self.facts(market, since=since, before=before)
        return await asyncio.to_thread(measure_effectiveness, facts, market, since=since, before=before)

    async def newest_matches(self, market: Market, *, limit: int) -> tuple[Match, ...]:
        """Return the matches of the leads that came last and were matched, newest lead first.

        Args:
            market: The market.
            limit: Leads looked at.
        """
        leads = await self.records.leads.newest(market, limit=limit)
        current = await self.records.assignments.current_of([lead.id for lead in leads])
        named = [each.decision_id for each in current.values() if each.decision_id is not None]
        decided = {
            LeadId(decision.subject_id): decision
            for decision in (await self.records.decisions.get_many(named)).values()
            if decision.kind is DecisionKind.MATCH
        }
        reps = {rep.id: rep for rep in await self.records.reps.in_market(market)}
        found = [decided[lead.id] for lead in leads if lead.id in decided]
        return tuple(recall_match(each, reps.get(RepId(each.chosen or ""))) for each in found)


async def _decided(
    decisions: MatchDecisions, named: Sequence[DecisionId | None], before: datetime
) -> Mapping[DecisionId | None, Decision]:
    """Return the matches among decisions, by their names."""
    found = await decisions.get_many(list(dict.fromkeys(name for name in named if name is not None)))
    return {name: each for name, each in found.items() if each.kind is DecisionKind.MATCH and each.at < before}


def _newest(
    decided: Mapping[DecisionId | None, Decision], named: Sequence[DecisionId | None]
) -> Mapping[LeadId, Decision]:
    """Return the match decision of each lead; of several that were overridden the newest."""
    made = [decided[name] for name in dict.fromkeys(named) if name in decided]
    return {LeadId(each.subject_id): each for each in sorted(made, key=lambda each: each.at)}


def _given(first: Mapping[LeadId, AssignmentRecord], known: Mapping[LeadId, float]) -> pl.DataFrame:
    """Return who gave each lead its first rep, and its chance until then."""
    rows = [(lead_id, each.by, known.get(lead_id)) for lead_id, each in first.items()]
    return pl.DataFrame(rows, schema=GIVEN, orient="row")


async def _chances(decisions: MatchDecisions, matches: Mapping[LeadId, Decision]) -> pl.DataFrame:
    """Return the probability of the score behind each match: what was known when the lead was given away."""
    named = {lead_id: DecisionId(each.versions.get("score", "")) for lead_id, each in matches.items()}
    scores = await decisions.get_many(list(named.values()))
    rows = [
        (lead_id, float(scores[name].considered[0]["p_convert"]))
        for lead_id, name in named.items()
        if name in scores and scores[name].considered and "p_convert" in scores[name].considered[0]
    ]
    return pl.DataFrame(rows, schema={"lead_id": pl.String(), "p_lead": pl.Float64()}, orient="row")


def _worths(matches: Mapping[LeadId, Decision]) -> pl.DataFrame:
    """Return what chosen and best candidates were worth; a match that chose nobody is none."""
    rows = []
    for lead_id, decision in matches.items():
        worth = {str(each["rep_id"]): float(each["utility"]) for each in decision.considered}
        if decision.chosen is not None and decision.chosen in worth:
            gap = decision.versions.get("gap")
            rows.append(
                (
                    lead_id,
                    decision.chosen,
                    worth[decision.chosen],
                    max(worth.values()),
                    None if gap is None else float(gap),
                )
            )
    return pl.DataFrame(rows, schema=MATCHES, orient="row")
