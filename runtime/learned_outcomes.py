"""The histories that scorer and matcher learn from. Changes nothing that is recorded."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from domain.people import RejectReason
from domain.routing_ports import RejectionRecords
from domain.scoring_ports import ScoreHistory
from domain.values import LeadId, Market
from tools.matching.affinities.opinions import bad_data_leads
from tools.matching.history import OutcomeHistory, without_bad_data
from tools.scoring.history import History

_EVER = timedelta(days=36_500)
_ENOUGH = 0.5
_HOUR_S = 3_600


@dataclass(frozen=True)
class LearnedOutcomes:
    """`tools.scoring.history.History` for training. Bad data is not a bad lead: nobody learns from how it ended."""

    history: History
    rejections: RejectionRecords

    async def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Return everything known about leads before moments."""
        return await self.history.known_before(moments)

    async def open_leads(self, market: Market, *, as_of: datetime) -> pl.DataFrame:
        """Return the leads without an outcome at a moment."""
        return await self.history.open_leads(market, as_of=as_of)

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return how leads ended, those apart that a rep declined for bad data before the moment."""
        outcomes = await self.history.outcomes(market, before=before)
        reasons: Counter[RejectReason] = Counter()
        for (_, _, reason), n in (await self.rejections.counts(market, since=before - _EVER, before=before)).items():
            reasons[reason] += n
        # The counts say for little whether it is worth asking about every lead.
        if not reasons[RejectReason.BAD_DATA]:
            return outcomes
        said = await self.rejections.of_leads([LeadId(lead_id) for lead_id in outcomes["lead_id"]])
        return without_bad_data(outcomes, bad_data_leads(r for each in said.values() for r in each if r.at < before))


class FirstContacts(Protocol):
    """Tells when reps first contacted leads."""

    async def of_market(self, market: Market, *, since: datetime, before: datetime) -> pl.DataFrame:
        """Return lead_id, language and first_contact_at of the leads created in a period."""
        ...


@dataclass(frozen=True)
class MatchedOutcomes:
    """`tools.matching.history.OutcomeHistory` with what tells good leads from good reps.

    That is each lead's chance as it was before anybody had it (`p_base`; left out where few leads have one, because it
    would say little), its language, and the hours from its arrival to the first contact.
    """

    history: OutcomeHistory
    scores: ScoreHistory
    contacts: FirstContacts

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return how leads ended, with the columns `language`, `hours_to_contact` and, where enough is known, `p_base`."""
        outcomes = await self.history.outcomes(market, before=before)
        contacts = await self.contacts.of_market(market, since=before - _EVER, before=before)
        hours = (pl.col("first_contact_at") - pl.col("created_at")).dt.total_seconds() / _HOUR_S
        outcomes = outcomes.join(contacts, on="lead_id", how="left", maintain_order="left")
        outcomes = outcomes.with_columns(hours_to_contact=hours).drop("first_contact_at")
        known = await self.scores.before_assignment(market, before=before)
        ended = outcomes.filter(pl.col("outcome").is_not_null())["lead_id"]
        if not known or sum(lead_id in known for lead_id in ended) < _ENOUGH * len(ended):
            return outcomes
        p_base = pl.Series("p_base", [known.get(LeadId(lead_id)) for lead_id in outcomes["lead_id"]], pl.Float64)
        return outcomes.with_columns(p_base)
