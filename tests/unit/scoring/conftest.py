"""A small in-memory history for scoring: one seeded floor whose winners answer, book meetings and come by referral."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from domain.decisions import Decision, DecisionKind
from domain.errors import DecisionNotFoundError, LeadNotFoundError
from domain.events import ConsentEvent
from domain.people import Lead
from domain.score_history import RecordedScore
from domain.scores import ScoreOverride, override_in_force
from domain.values import DecisionId, LeadId, Market
from tools.scoring.history import HISTORY_SCHEMA, MOMENTS_SCHEMA, OUTCOMES_SCHEMA

START = datetime(2024, 1, 1, tzinfo=UTC)
MARKET = Market("roofing")


@dataclass
class InMemoryHistory:
    """Keeps leads, events and outcomes as lists of plain rows and answers as `History` does."""

    leads: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    ends: list[dict] = field(default_factory=list)
    queries: int = 0

    def add_lead(self, lead_id, created_at, *, source="web", product_id=None, fields=None, **payload):
        body = {"market": MARKET, "region": None, "language": "en", "timezone": "UTC", "company": None}
        body |= {"fields": fields or {}, "has_email": True, "has_phone": True} | payload
        self.leads.append(
            {
                "lead_id": lead_id,
                "at": created_at,
                "kind": source,
                "product_id": product_id,
                "payload": json.dumps(body),
            }
        )

    def add_event(self, lead_id, at, kind, *, record="interaction", rep_id=None, value=None, payload=None):
        text = json.dumps(payload) if payload else None
        row = {"id": f"{lead_id}-{len(self.events)}", "lead_id": lead_id, "at": at, "kind": kind, "record": record}
        self.events.append(row | {"rep_id": rep_id, "value": value, "payload": text})
        return row["id"]

    def add_end(self, lead_id, at, kind, *, value=None, rep_id=None):
        self.ends.append(
            {"lead_id": lead_id, "outcome": kind, "outcome_at": at, "value": value, "rep_id": rep_id, "currency": "USD"}
        )

    async def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        self.queries += 1
        return self.frame(moments)

    def frame(self, moments: pl.DataFrame) -> pl.DataFrame:
        leads = _frame([row | {"record": "lead", "id": row["lead_id"]} for row in self.leads])
        events = _frame(self.events)
        asked = moments.select("lead_id", "as_of")
        born = asked.join(leads.drop("as_of"), on="lead_id").filter(pl.col("at") <= pl.col("as_of"))
        past = asked.join(events.drop("as_of"), on="lead_id").filter(pl.col("at") < pl.col("as_of"))
        known = past.join(born.select("lead_id", "as_of"), on=["lead_id", "as_of"], how="semi")
        return pl.concat([born, known]).select(HISTORY_SCHEMA.keys()).sort("lead_id", "as_of", "at", "id")

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        ends = {row["lead_id"]: row for row in self.ends if row["outcome_at"] < before}
        rows = [
            {"created_at": lead["at"], "source": lead["kind"], **lead, **ends.get(lead["lead_id"], {})}
            for lead in self.leads
            if lead["at"] < before and json.loads(lead["payload"])["market"] == market
        ]
        return pl.DataFrame([{n: row.get(n) for n in OUTCOMES_SCHEMA} for row in rows], schema=OUTCOMES_SCHEMA)

    async def open_leads(self, market: Market, *, as_of: datetime) -> pl.DataFrame:
        table = await self.outcomes(market, before=as_of)
        return table.filter(pl.col("outcome").is_null()).select("lead_id", "created_at")

    def with_row(self, **row) -> pl.DataFrame:
        return _frame([row])


def _frame(rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in HISTORY_SCHEMA} for row in rows], schema=HISTORY_SCHEMA)


@dataclass
class InMemoryDecisions:
    kept: dict[DecisionId, Decision] = field(default_factory=dict)
    transactions: int = 0

    async def record(self, decision: Decision) -> bool:
        return await self.record_many([decision]) == 1

    async def record_many(self, decisions) -> int:
        self.transactions += 1
        new = {d.id: d for d in decisions if d.id not in self.kept}
        self.kept |= new
        return len(new)

    async def get(self, decision_id: DecisionId) -> Decision:
        if decision_id not in self.kept:
            raise DecisionNotFoundError(decision_id)
        return self.kept[decision_id]

    async def about(self, subject_id: str, *, limit: int = 50) -> tuple[Decision, ...]:
        mine = [d for d in self.kept.values() if d.subject_id == subject_id]
        return tuple(sorted(mine, key=lambda d: d.at, reverse=True)[:limit])


@dataclass(frozen=True)
class InMemoryScores:
    """The recorded scores, read from the decisions."""

    decisions: InMemoryDecisions

    async def of_lead(self, lead_id: LeadId, *, limit: int) -> tuple[RecordedScore, ...]:
        found = await self.decisions.about(lead_id, limit=limit)
        return tuple(RecordedScore.of(one) for one in found if one.kind is DecisionKind.SCORE)

    async def newest(self, lead_ids, *, before):
        found = {}
        for lead_id in lead_ids:
            older = [one for one in await self.of_lead(lead_id, limit=500) if one.at < before]
            found |= dict.fromkeys([lead_id], older[0]) if older else {}
        return found

    def recorded(self, market, *, since=None):
        raise AssertionError("the scorer exports nothing")


@dataclass
class InMemoryOverrides:
    kept: list[ScoreOverride] = field(default_factory=list)

    async def record(self, override: ScoreOverride) -> bool:
        self.kept.append(override)
        return True

    async def of_lead(self, lead_id: LeadId) -> tuple[ScoreOverride, ...]:
        return tuple(one for one in self.kept if one.lead_id == lead_id)

    async def in_force(self, lead_ids, *, at):
        found = {lead_id: override_in_force(await self.of_lead(lead_id), now=at) for lead_id in lead_ids}
        return {lead_id: one for lead_id, one in found.items() if one is not None}


@dataclass
class InMemoryConsents:
    kept: list[ConsentEvent] = field(default_factory=list)

    async def record(self, event: ConsentEvent) -> bool:
        self.kept.append(event)
        return True

    async def of_lead(self, lead_id: LeadId) -> tuple[ConsentEvent, ...]:
        return tuple(one for one in self.kept if one.lead_id == lead_id)


@dataclass(frozen=True)
class InMemoryLeads:
    history: InMemoryHistory

    async def get(self, lead_id: LeadId) -> Lead:
        for row in self.history.leads:
            if row["lead_id"] == lead_id:
                return Lead(id=lead_id, market=MARKET, created_at=row["at"], source=row["kind"])
        raise LeadNotFoundError(lead_id)

    async def save(self, lead: Lead, *, at: datetime) -> bool:
        raise AssertionError(f"the scorer writes no leads, but saved {lead.id!r}")

    async def newest(self, market: Market | None, *, limit: int) -> tuple[Lead, ...]:
        raise AssertionError("the scorer finds leads in the history, but listed them")


@dataclass(frozen=True)
class FrozenClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def moments_of(*pairs: tuple[str, datetime]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema=MOMENTS_SCHEMA, orient="row")


def small_floor(n_leads: int, *, seed: int = 1, signal: float = 1.2) -> InMemoryHistory:
    """Leads over 500 days; log-odds of winning rise with urgency, which shows in replies, meetings and one field."""
    rng = np.random.default_rng(seed)
    history = InMemoryHistory()
    for i in range(n_leads):
        lead_id, created = f"lead-{i}", START + timedelta(days=500 * i / n_leads)
        urgency = rng.normal()
        source = "referral" if rng.random() < 0.3 else "web"
        history.add_lead(
            lead_id, created, source=source, product_id=f"p{i % 3}", region="north" if i % 2 else "south",
            fields={"roof_age": round(15 + 5 * urgency + 4 * rng.normal(), 1), "storm": bool(rng.random() < 0.2)},
        )  # fmt: skip
        for kind, rate in (("page_viewed", 2.0), ("email_replied", 0.6), ("meeting_booked", 0.2)):
            for _ in range(rng.poisson(rate * np.exp(0.5 * urgency))):
                history.add_event(lead_id, created + timedelta(days=20 * rng.random()), kind)
        history.add_event(lead_id, created + timedelta(hours=1), "email_sent", rep_id=f"rep-{i % 4}")
        history.add_event(lead_id, created + timedelta(hours=2), "rep", record="assignment", rep_id=f"rep-{i % 4}")
        logit = -1.6 + signal * urgency + 0.8 * (source == "referral")
        end = created + timedelta(days=20 + 50 * rng.random())
        won = rng.random() < 1 / (1 + np.exp(-logit))
        history.add_end(lead_id, end, "won" if won else "lost", value=float(rng.lognormal(8)) if won else None,
                        rep_id=f"rep-{i % 4}")  # fmt: skip
    return history


@pytest.fixture(scope="session")
def floor() -> InMemoryHistory:
    return small_floor(1600)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    default = Path(__file__).parents[3].parent / "shared" / "data"
    return Path(os.environ.get("LEADLINE_DATA", default))  # noqa: TID251 - tests find the data folder
