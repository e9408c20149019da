"""Routes about scores: many at once, what is behind one, what they were, and a person's word on them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, status
from pydantic import Field, model_validator

from api.deps import House
from api.inputs import Id, LeadIdInPath, Moment, NoNulText, RequestBody
from api.ndjson import NdjsonResponse, ndjson_answer, ndjson_documented, problem_line
from domain.errors import InvalidInputError
from domain.insights import LeadInsights
from domain.score_history import RecordedScore, explain_changes
from domain.scores import ScoreOverride, Temperature
from domain.values import LeadId, Market
from runtime.batch_scores import Unscored
from runtime.wiring import Leadline

MOST_LEADS = 100_000
ROOMIER = {"/v1/leads/batch-score": 8_000_000}
"""Bodies that may be larger than others: a hundred thousand ids."""

_EVENTS_LOOKED_AT = 1_000

router = APIRouter(tags=["scores"])


class BatchIn(RequestBody):
    """Which leads to score: those named, or all open leads of a market."""

    lead_ids: list[Id] | None = Field(default=None, min_length=1, max_length=MOST_LEADS)
    market: str | None = Field(default=None, min_length=1, max_length=100, description="All its open leads.")
    as_of: Moment | None = Field(default=None, description="Now if absent.")
    reasons: bool = Field(default=True, description="Whether the lines hold the reasons.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.lead_ids is None) is (self.market is None):
            raise ValueError("needs either lead_ids or a market")
        return self


class OverrideIn(RequestBody):
    """What a score should be instead: points, a temperature, or both."""

    points: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    temperature: Temperature | None = None
    reason: NoNulText = Field(min_length=1, max_length=2_000)
    by: NoNulText = Field(min_length=1, max_length=200)
    expires_at: Moment | None = Field(default=None, description="From then on the model's value counts again.")


@router.post(
    "/v1/leads/batch-score",
    response_class=NdjsonResponse,
    responses=ndjson_documented("One score per line, in the order asked; `lead_id` and `error` where there is none."),
)
async def batch_score(body: BatchIn, house: House) -> NdjsonResponse:
    """Score many leads and stream the scores, one JSON object per line. There is no quota.

    A lead without a score is a line with its `lead_id` and an `error`. A last line with an `error` alone says that the
    stream was cut short.
    """
    now = house.clock.now()
    if body.as_of is not None and body.as_of > now:
        raise InvalidInputError("as_of", body.as_of.isoformat(), "lies in the future; leave it out to score now")
    if body.lead_ids is not None:
        lead_ids: Sequence[LeadId] = [LeadId(lead_id) for lead_id in body.lead_ids]
    else:
        market = house.known_market(body.market)
        open_leads = await house.records.history.open_leads(market, as_of=body.as_of or now)
        lead_ids = open_leads.get_column("lead_id").to_list()
    return await ndjson_answer(_scores(house, lead_ids, body.as_of, with_reasons=body.reasons))


async def _scores(
    house: Leadline, lead_ids: Sequence[LeadId], as_of: datetime | None, *, with_reasons: bool
) -> AsyncIterator[bytes]:
    left_out = None if with_reasons else {"reasons"}
    async for result in house.batch_scorer.score_each(lead_ids, as_of=as_of):
        if isinstance(result, Unscored):
            yield problem_line(result.error, lead_id=result.lead_id)
        else:
            yield result.model_dump_json(exclude=left_out).encode()


@router.get("/v1/leads/{lead_id}/insights")
async def insights(lead_id: LeadIdInPath, house: House) -> LeadInsights:
    """Explain a lead's score: what it is made of, what changed it, where it is heading, what would raise it."""
    return await house.scorer.get_lead_insights(LeadId(lead_id))


@router.get("/v1/leads/{lead_id}/scores")
async def score_history(
    lead_id: LeadIdInPath, house: House, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[RecordedScore]:
    """List the scores that a lead had, newest first, each with how far it moved and why."""
    known = LeadId(lead_id)
    await house.records.leads.get(known)
    # One more, so that the oldest one shown knows what it came from.
    scores = await house.records.scores.of_lead(known, limit=limit + 1)
    if not scores:
        return []
    happened = await house.records.interactions.of_lead(known, before=scores[0].at, limit=_EVENTS_LOOKED_AT)
    return list(explain_changes(scores, happened)[:limit])


@router.get(
    "/v1/scores/export",
    response_class=NdjsonResponse,
    responses=ndjson_documented("One recorded score per line, with its reasons and versions."),
)
async def export_scores(house: House, market: str | None = None, since: Moment | None = None) -> NdjsonResponse:
    """Stream every score recorded in a market, in the order of recording, one JSON object per line."""
    return await ndjson_answer(_recorded(house, house.known_market(market), since))


async def _recorded(house: Leadline, market: Market, since: datetime | None) -> AsyncIterator[bytes]:
    async for score in house.records.scores.recorded(market, since=since):
        yield score.model_dump_json(exclude={"change"}).encode()


@router.post("/v1/leads/{lead_id}/score-override", status_code=status.HTTP_201_CREATED)
async def override_score(lead_id: LeadIdInPath, body: OverrideIn, house: House) -> ScoreOverride:
    """Say what a lead's score should be. The model's value stays beside it, and the audit trail knows who and why."""
    return await house.override_desk.set_override(LeadId(lead_id), **dict(body))


@router.get("/v1/leads/{lead_id}/score-override")
async def overrides(lead_id: LeadIdInPath, house: House) -> list[ScoreOverride]:
    """List what people said a lead's score should be, oldest first, withdrawals among them."""
    await house.records.leads.get(LeadId(lead_id))
    return list(await house.records.overrides.of_lead(LeadId(lead_id)))


@router.delete("/v1/leads/{lead_id}/score-override", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_override(
    lead_id: LeadIdInPath,
    house: House,
    by: Annotated[NoNulText, Query(min_length=1, max_length=200)],
    reason: Annotated[NoNulText, Query(min_length=1, max_length=2_000)] = "withdrawn",
) -> None:
    """Let the model's value count again. Where no override is in force, nothing changes."""
    await house.override_desk.withdraw_override(LeadId(lead_id), reason=reason, by=by)
