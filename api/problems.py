"""Domain errors as RFC 9457 problems: one table, and nothing else decides a status."""

from collections.abc import Sequence

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
    errors.NotEnoughDataError: 409,
    errors.UnavailableError: 503,
    errors.RecordsUnavailableError: 503,
    errors.WorkflowsUnavailableError: 503,
    errors.KnowledgeUnavailableError: 503,
    errors.LanguageModelError: 503,
    errors.OutboxUnavailableError: 503,
}
"""HTTP status of each domain error."""

_MAX_SHOWN = 200


def problem(status: int, title: str, detail: str, **extra: object) -> JSONResponse:
    """Build an `application/problem+json` response.

    Args:
        status: HTTP status.
        title: The kind of problem, stable.
        detail: What was wrong this time, and what to do.
        extra: Further members.
    """
    body = {"type": f"urn:leadline:problem:{title}", "title": title, "status": status, "detail": detail, **extra}
    headers = {"Retry-After": "5"} if status == 503 else None  # noqa: PLR2004 - Service Unavailable
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def install_problem_handlers(app: FastAPI) -> None:
    """Map every error of an app once."""
    app.add_exception_handler(errors.LeadlineError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _domain_error(_request: Request, error: Exception) -> JSONResponse:
    status = STATUS[type(error)] if isinstance(error, errors.LeadlineError) else 500
    extra: dict[str, object] = {}
    if isinstance(error, errors.InvalidInputError):
        extra = {"field": error.field, "rule": error.rule}
    return problem(status, type(error).__name__, str(error), **extra)


async def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    details: Sequence[dict[str, object]] = error.errors() if isinstance(error, RequestValidationError) else ()
    fields = [
        {
            "field": ".".join(str(part) for part in _sequence(detail["loc"]) if part != "body") or "body",
            "value": repr(detail.get("input"))[:_MAX_SHOWN],
            "rule": str(detail["msg"]),
        }
        for detail in details
    ]
    said = "; ".join(f"{f['field']}: {f['value']} {f['rule']}" for f in fields[:3])
    return problem(422, "InvalidInputError", said, errors=fields)


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "unexpected error"
    return problem(status, "HttpError", detail)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed", path=request.url.path, error=type(error).__name__)
    return problem(500, "UnexpectedError", "Leadline failed on this request; the log of the API has the details.")
