"""The queries behind the tables of outcomes and of open leads. Builds statements; runs none."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from domain.values import Market
from records.history_sql import micros
from records.tables import assignments, lead_versions, leads, outcomes


def outcomes_query(dialect: str, market: Market, before: datetime) -> Select[*tuple[Any, ...]]:
    """Build the query for how every lead of a market, created before a moment, had ended by then.

    Of several outcomes before the moment the newest counts. The rep is the one it names, else the one who had the lead
    then; of an open lead, the one who had it at the moment.
    """
    known = lead_versions.alias("known")
    version = (
        select(func.max(known.c.version)).where(known.c.id == leads.c.id, known.c.known_from < before).scalar_subquery()
    )
    end = outcomes.alias("end")
    newest_end = (
        select(end.c.seq)
        .where(end.c.lead_id == leads.c.id, end.c.at < before)
        .order_by(end.c.at.desc(), end.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    had_lead = (
        select(assignments.c.rep_id)
        .where(
            assignments.c.lead_id == leads.c.id,
            assignments.c.at < before,
            or_(outcomes.c.at.is_(None), assignments.c.at <= outcomes.c.at),
        )
        .order_by(assignments.c.at.desc(), assignments.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            leads.c.id,
            micros(dialect, lead_versions.c.created_at),
            lead_versions.c.product_id,
            lead_versions.c.region,
            lead_versions.c.source,
            func.coalesce(outcomes.c.rep_id, had_lead),
            outcomes.c.kind,
            micros(dialect, outcomes.c.at),
            outcomes.c.value,
            outcomes.c.currency,
        )
        .select_from(
            leads.join(
                lead_versions, and_(lead_versions.c.id == leads.c.id, lead_versions.c.version == version)
            ).outerjoin(outcomes, outcomes.c.seq == newest_end)
        )
        .where(leads.c.market == market)
    )


def open_leads_query(dialect: str, market: Market, as_of: datetime) -> Select[*tuple[Any, ...]]:
    """Build the query for the leads of a market that exist at a moment and have no outcome before it."""
    ended = exists().where(outcomes.c.lead_id == leads.c.id, outcomes.c.at < as_of)
    there = (leads.c.market == market, leads.c.created_at <= as_of)
    return select(leads.c.id, micros(dialect, leads.c.created_at)).where(*there, ~ended)
