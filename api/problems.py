"""Domain errors as RFC 9457 problems: one table, and nothing else decides a status."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain import errors

_log = structlog.get_logger(__name__)

STATUS: dict[type[errors.LeadlineError], int] = {
    errors.NotFoundError: 404,
    errors.LeadNotFoundError: 404,
    errors.RepNotFoundError: 404,
    errors.ProductNotFoundError: 404,
    errors.DecisionNotFoundError: 404,
    errors.TurnNotFoundError: 404,
    errors.JourneyNotFoundError: 404,
    errors.ModelNotFoundError: 409,
    errors.InvalidInputError: 422,
    errors.MappingError: 422,
    errors.UnknownMarketError: 422,
    errors.ConflictError: 409,
    errors.JourneyClosedError: 409,
    errors.TurnConflictError: 409,
    errors.RefusedError: 403,
    errors.ConsentMissingError: 403,
    errors.NoAddressError: 409,
    errors.UnqualifiedRepError: 403,
    errors.NotEnoughDataError: 409,
    errors.UnavailableError: 503,
    errors.RecordsUnavailableError: 503,
    errors.WorkflowsUnavailableError: 503,
    errors.KnowledgeUnavailableError: 503,
    errors.RoadsUnavailableError: 503,
    errors.LanguageModelError: 503,
    errors.OutboxUnavailableError: 503,
}
"""HTTP status of each domain error."""

_MAX_SHOWN = 200
_PLACES = frozenset({"body", "query", "path", "header"})
_MEDIA_TYPE = "application/problem+json"

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, as RFC 9457 says it.",
        "content": {
            _MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string", "description": "The kind of problem; stable."},
                        "status": {"type": "integer"},
                        "detail": {"type": "string", "description": "What was wrong this time, and what to do."},
                    },
                }
            }
        },
    }
}
"""How the OpenAPI document tells of problems."""


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: object
) -> JSONResponse:
    """Build an `application/problem+json` response.

    Args:
        status: HTTP status.
        title: The kind of problem, stable.
        detail: What was wrong this time, and what to do.
        headers: Further headers.
        extra: Further members.
    """
    return _answer(_members(status, title, detail, **extra), headers)


def problem_of(error: errors.LeadlineError) -> dict[str, Any]:
    """Return the members of a problem, for answers that hold one among other things."""
    status, title = STATUS.get(type(error), 500), type(error).__name__
    if isinstance(error, errors.InvalidInputError):
        return _members(status, title, str(error), field=error.field, rule=error.rule)
    return _members(status, title, str(error))


def _members(status: int, title: str, detail: str, **extra: object) -> dict[str, Any]:
    return {"type": f"urn:leadline:problem:{title}", "title": title, "status": status, "detail": detail, **extra}


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    status = body["status"]
    headers = {"Retry-After": "5", **(headers or {})} if status == 503 else headers  # noqa: PLR2004 - Unavailable
    return JSONResponse(body, status, headers=headers, media_type=_MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Map every error of an app once."""
    app.add_exception_handler(errors.LeadlineError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _domain_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, errors.LeadlineError):
        raise error
    return _answer(problem_of(error))


async def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    fields = [_breach(detail) for detail in (error.errors() if isinstance(error, RequestValidationError) else ())]
    said = "; ".join(f"{f['field']}: {f['value']} {f['rule']}" for f in fields[:3])
    return problem(422, "InvalidInputError", said, errors=fields)


def _breach(detail: Mapping[str, Any]) -> dict[str, str]:
    """Say which field breaks which rule with which value."""
    if detail["type"] == "json_invalid":
        found = f"{detail['ctx']['error']} at character {detail['loc'][-1]}"
        return {"field": "body", "value": "", "rule": f"is not valid JSON: {found}"}
    place: Sequence[object] = detail["loc"]
    inside = place[1:] if place and place[0] in _PLACES else place
    shown = repr(detail.get("input"))
    return {
        "field": ".".join(str(part) for part in inside) or "body",
        "value": shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}…",
        "rule": str(detail["msg"]),
    }


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, "HttpError", str(error.detail), headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed", path=request.url.path, error=type(error).__name__)
    return problem(500, "UnexpectedError", "Leadline failed on this request; the log of the API has the details.")
