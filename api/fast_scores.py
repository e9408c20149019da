"""`POST /v1/leads/score`: the one route that skips the framework, because it is asked thousands of times a second.

It checks as much as the others and answers errors in the same form; it computes nothing itself. The framework's own
path costs several times as much as the model (`benchmarks/scoring.py` measures both).
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem, problem_of
from domain.errors import InvalidInputError, LeadlineError
from domain.scores import LeadScore
from domain.values import LeadId, Market
from runtime.settings import Settings
from runtime.wiring import Leadline
from tools.scoring.serving.answers import FeatureScore, Interval, ToldReason
from tools.scoring.serving.feature_scorer import FeatureScorer

PATH = "/v1/leads/score"
_MOST_FEATURES = 500
_JSON = (b"content-type", b"application/json")
_PLACE = re.compile(r"^(?P<rule>.*?)(?: - at `(?P<place>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(.*)`")
_MILLISECONDS = 1e3


class ScoreIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What to score: a stored lead by its id, or features as they are given."""

    lead_id: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")] | None,
        msgspec.Meta(description="Alone: the stored lead to score. With features: whose they are."),
    ] = None
    market: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None,
        msgspec.Meta(description="Whose model scores the features; the default market if absent."),
    ] = None
    features: Annotated[
        Annotated[dict[str, float | str | bool | None], msgspec.Meta(max_length=_MOST_FEATURES)] | None,
        msgspec.Meta(description="By the names of the feature table; absent or null is not measured, never zero."),
    ] = None
    reasons: Annotated[bool, msgspec.Meta(description="Whether the answer says why.")] = True


class ScoreOut(FeatureScore, frozen=True, gc=False):
    """A score and what it rests on."""

    latency_ms: Annotated[float, msgspec.Meta(description="From the request's arrival to this answer.")]


_told: Callable[..., ScoreOut] = ScoreOut
"""Called with the fields of a `FeatureScore` and the latency, in that order."""


class _RefusedError(Exception):
    """The request cannot be read; `answer` is the problem to send."""

    def __init__(self, answer: ASGIApp) -> None:
        self.answer = answer
        super().__init__()


def asks_for_a_score(scope: Scope) -> bool:
    """Whether a request is one for the fast route."""
    return bool(scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST")


class FastScores:
    """ASGI application of the route; `scope["app"]` is the application whose house it works with.

    Args:
        settings: The key that callers must send, and how large a body may be.
    """

    def __init__(self, settings: Settings) -> None:
        key = settings.api_key
        self._key = None if key is None else key.get_secret_value().encode()
        self._max_bytes = settings.max_body_bytes
        self._decode = msgspec.json.Decoder(ScoreIn).decode
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a score, or say what is wrong."""
        began = time.perf_counter()
        try:
            self._check(scope["headers"])
            asked = self._read(await self._body(receive))
            state = scope["app"].state
            score = await _score(asked, state.leadline, state.feature_scorer)
        except _RefusedError as refused:
            await refused.answer(scope, receive, send)
            return
        except LeadlineError as error:
            told = problem_of(error)
            await problem(told.pop("status"), told.pop("title"), told.pop("detail"), **told)(scope, receive, send)
            return
        latency = (time.perf_counter() - began) * _MILLISECONDS
        body = self._encode(_told(*msgspec.structs.astuple(score), latency))
        headers = [_JSON, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Refuse a request without the key, of another type than JSON, or declared too large."""
        sent = dict(headers)
        if self._key is not None:
            scheme, _, token = sent.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not secrets.compare_digest(token.strip(), self._key):
                detail = "send the API key as 'Authorization: Bearer <key>'"
                raise _RefusedError(problem(401, "HttpError", detail, headers={"WWW-Authenticate": "Bearer"}))
        kind = sent.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
            detail = f"the content type is {kind.decode('latin-1')!r}; send 'Content-Type: application/json'"
            raise _RefusedError(problem(415, "HttpError", detail))
        declared = sent.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise self._too_large()
        if len(body) > self._max_bytes:
            raise self._too_large()
        return body

    def _too_large(self) -> _RefusedError:
        detail = f"the body has more than {self._max_bytes} bytes; send less, or raise LEADLINE_MAX_BODY_BYTES"
        return _RefusedError(problem(413, "HttpError", detail))

    def _read(self, body: bytes) -> ScoreIn:
        try:
            asked = self._decode(body)
        except msgspec.ValidationError as error:
            raise _breach(body, str(error)) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidInputError("body", "", f"is not valid JSON: {error}") from None
        if asked.features is None and (asked.lead_id is None or asked.market is not None):
            rule = "is missing; send features, or a lead_id alone to score a stored lead"
            raise InvalidInputError("features", None, rule)
        return asked


async def _score(asked: ScoreIn, house: Leadline, scorer: FeatureScorer) -> FeatureScore:
    if asked.features is None:
        score = await house.scorer.score_lead(LeadId(asked.lead_id or ""))
        return _of_stored(score, with_reasons=asked.reasons)
    market: Market = house.known_market(asked.market)
    lead_id = None if asked.lead_id is None else LeadId(asked.lead_id)
    return await scorer.score_features(market, asked.features, lead_id=lead_id, with_reasons=asked.reasons)


def _of_stored(score: LeadScore, *, with_reasons: bool) -> FeatureScore:
    """Say a stored lead's score in the same words."""
    return FeatureScore(
        score=score.points,
        p_convert=score.p_convert,
        interval=Interval(score.p_low, score.p_high),
        confidence=1 - (score.p_high - score.p_low),
        temperature=score.temperature.value,
        source=score.source.value,
        base_points=score.base_points if with_reasons else score.points,
        reasons=tuple(ToldReason.of(reason) for reason in score.reasons) if with_reasons else None,
        rung=score.rung.value,
        model_version=score.model_version,
        no_signal=score.no_signal,
        abstains=score.abstains,
        decision_id=score.decision_id,
        feature_hash=score.feature_hash,
    )


def _breach(body: bytes, said: str) -> InvalidInputError:
    """Say which field breaks which rule with which value; the decoder tells the place, not the value."""
    found = _PLACE.match(said)
    rule, place = (found["rule"], found["place"] or "$") if found else (said, "$")
    rule = f"{rule[:1].lower()}{rule[1:]}"
    try:
        whole: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return InvalidInputError("body", "", f"cannot be read: {rule} at {place}")
    if not isinstance(whole, dict):
        return InvalidInputError("body", whole, rule)
    if place.startswith("$.features["):
        return _breach_in_features(whole["features"], rule)
    if unknown := _UNKNOWN.search(rule):
        return InvalidInputError(unknown[1], whole.get(unknown[1]), "is no field of this request")
    field = place.removeprefix("$.")
    return InvalidInputError(field, whole.get(field), rule)


def _breach_in_features(features: dict[str, Any], rule: str) -> InvalidInputError:
    for name, value in features.items():
        if value is not None and not isinstance(value, (str, int, float)):
            return InvalidInputError(f"features.{name}", value, "must be a number, text, true, false or null")
    return InvalidInputError("features", "", f"cannot be read: {rule}")
