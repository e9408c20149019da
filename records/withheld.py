"""Which leads are given to nobody by themselves. Conditions only: runs nothing."""

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.sql.elements import SQLColumnExpression

from domain.routing import STOPPED_BY
from records.assignments import superseded
from records.tables import assignments, consents


def withheld(lead_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Say of a lead that no rep is offered it unless a person says so.

    Its person said no to every channel and agreed to nothing since, or somebody stopped its journey and nobody gave
    it to a rep since. A no to one channel is neither, and a consent that ran out is no refusal.
    """
    return or_(_refused_everything(lead_id), _stopped(lead_id))


def _refused_everything(lead_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    no, yes, later_no = consents.alias("no"), consents.alias("yes"), consents.alias("later_no")
    taken_back = exists().where(
        later_no.c.lead_id == yes.c.lead_id,
        later_no.c.purpose == yes.c.purpose,
        or_(later_no.c.channel.is_(None), later_no.c.channel == yes.c.channel),
        ~later_no.c.granted,
        later_no.c.at >= yes.c.at,
    )
    return and_(
        exists().where(no.c.lead_id == lead_id, no.c.channel.is_(None), ~no.c.granted),
        ~exists().where(yes.c.lead_id == lead_id, yes.c.granted, ~taken_back),
    )


def _stopped(lead_id: SQLColumnExpression[str]) -> ColumnElement[bool]:
    stop = assignments.alias("stop")
    return exists().where(
        stop.c.lead_id == lead_id, stop.c.by == STOPPED_BY, stop.c.rep_id.is_(None), ~superseded(stop)
    )
