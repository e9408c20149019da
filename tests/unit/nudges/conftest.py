"""A lead, its consents and an action catalogue for the tests of nudges."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError, LeadNotFoundError
from domain.events import Channel, ConsentEvent, Interaction
from domain.people import Lead
from domain.scores import LeadScore, Rung, Temperature
from tools.nudges.catalogue import load_catalogue
from tools.nudges.eligibility import Situation
from tools.nudges.tool import NudgeTool

NOW = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
"""A Tuesday, 10 in the morning in Chicago."""


def make_lead(**changes):
    known = {
        "id": "lead-1",
        "market": "roofing",
        "created_at": NOW - timedelta(days=3),
        "source": "web",
        "email": "owner@example.org",
        "phone": "+15125550100",
        "timezone": "America/Chicago",
    }
    return Lead(**(known | changes))


def make_consent(channel=None, *, granted=True, at=NOW - timedelta(days=2), **more):
    id_ = f"{channel}-{granted}-{at.isoformat()}"
    return ConsentEvent(id=id_, lead_id="lead-1", channel=channel, granted=granted, at=at, source="form", **more)


def make_interaction(kind, *, at=NOW - timedelta(hours=30), **more):
    return Interaction(id=f"{kind}-{at.isoformat()}", lead_id="lead-1", kind=kind, at=at, **more)


def make_situation(**changes):
    known = {
        "lead": make_lead(),
        "temperature": Temperature.HOT,
        "consents": (make_consent(),),
        "interactions": (),
        "contacts": (),
        "outcome": None,
        "now": NOW,
    }
    return Situation(**(known | changes))


@dataclass
class FakeOffice:
    """Every port of the nudge tool over plain fields."""

    lead: Lead = field(default_factory=make_lead)
    consented: tuple = field(default_factory=lambda: (make_consent(),))
    happened: tuple = ()
    ended: object = None
    sent: tuple = ()
    results: dict = field(default_factory=dict)
    recorded: dict = field(default_factory=dict)
    rivals: dict = field(default_factory=dict)
    """Decisions of another worker, which arrive just before ours."""
    moment: datetime = NOW

    def now(self):
        return self.moment

    async def score_lead(self, lead_id, *, as_of=None):
        return LeadScore(
            lead_id=lead_id,
            p_convert=0.4,
            p_low=0.3,
            p_high=0.5,
            points=40,
            base_points=0,
            other_points=40,
            temperature=Temperature.HOT,
            reasons=(),
            rung=Rung.RULES,
            model_version="fake",
            feature_hash="0",
            as_of=as_of,
            decision_id=f"score-{lead_id}",
        )

    async def counts(self, market):
        return self.results

    async def sent_to(self, lead_id):
        return self.sent

    async def record(self, decision):
        self.recorded |= self.rivals
        if decision.id in self.recorded:
            return False
        self.recorded[decision.id] = Decision.model_validate_json(decision.model_dump_json())
        return True


@dataclass
class _Leads:
    office: FakeOffice

    async def get(self, id_):
        if id_ != self.office.lead.id:
            raise LeadNotFoundError(id_)
        return self.office.lead


@dataclass
class _Decisions:
    office: FakeOffice

    async def get(self, id_):
        if id_ not in self.office.recorded:
            raise DecisionNotFoundError(id_)
        return self.office.recorded[id_]

    async def record(self, decision):
        return await self.office.record(decision)


@dataclass
class _Of:
    """A port with `of_lead`, over one attribute of the office."""

    office: FakeOffice
    attribute: str

    async def of_lead(self, lead_id, *, before=None, limit=200):
        return getattr(self.office, self.attribute)


class Make:
    now = NOW
    lead = staticmethod(make_lead)
    consent = staticmethod(make_consent)
    interaction = staticmethod(make_interaction)
    situation = staticmethod(make_situation)
    channel = Channel


@pytest.fixture
def make():
    return Make


@pytest.fixture
def roofing():
    return load_catalogue("roofing")


@pytest.fixture
def office():
    return FakeOffice()


@pytest.fixture
def tool(office, roofing):
    return NudgeTool(
        leads=_Leads(office),
        consents=_Of(office, "consented"),
        interactions=_Of(office, "happened"),
        outcomes=_Of(office, "ended"),
        nudge_results=office,
        decisions=_Decisions(office),
        scorer=office,
        clock=office,
        catalogues={"roofing": roofing},
    )
