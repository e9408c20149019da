"""FastAPI with one fast route before all of its own layers, and in its OpenAPI document. Answers nothing itself."""

from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import Receive, Scope, Send

from api.fast_scores import PATH, FastScores, ScoreIn, ScoreOut, asks_for_a_score
from api.problems import PROBLEM_RESPONSES
from runtime.settings import Settings

_EXAMPLE = {
    "market": "insurance_partners",
    "features": {"replies_7d": 2, "meetings_booked_total": 1, "days_since_inbound": 0.5, "source": "referral"},
}


class ScoringApi(FastAPI):
    """FastAPI, with the fast route served and documented as if it were one of its own.

    Args:
        settings: The key that callers must send, and how large a body may be.
        options: As of `FastAPI`.
    """

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._fast = FastScores(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a score at once, or pass the request on to the layers of the framework."""
        if not asks_for_a_score(scope):
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        try:
            await self._fast(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the edge: mapped, logged and raised again
            # Answered and logged as any other route's failure would be.
            await self._failing(error)(scope, receive, send)

    def _failing(self, error: Exception) -> ServerErrorMiddleware:
        async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise error

        return ServerErrorMiddleware(fail, handler=self.exception_handlers[Exception])

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            (asked, told), components = msgspec.json.schema_components(
                (ScoreIn, ScoreOut), ref_template="#/components/schemas/{name}"
            )
            document["components"]["schemas"].update(components)
            document["paths"].setdefault(PATH, {})["post"] = _operation(asked, told)
        return self.openapi_schema or {}


def _operation(asked: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["scores"],
        "summary": "Score",
        "description": "Score a stored lead (`lead_id` alone; the decision is recorded), or features as they are "
        "given. Answers within the budget: a model that is late is replaced by the rung below, and says so.",
        "operationId": "score_v1_leads_score_post",
        "security": [{"HTTPBearer": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": asked, "example": _EXAMPLE}},
        },
        "responses": {
            "200": {"description": "The score.", "content": {"application/json": {"schema": told}}},
            **PROBLEM_RESPONSES,
        },
    }
