"""What routes ask for: the wired house, and proof that the caller may come in."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from runtime.wiring import Leadline

_bearer = HTTPBearer(auto_error=False, description="The value of `LEADLINE_API_KEY`, where one is set.")


def get_house(request: Request) -> Leadline:
    """Return the wired application that the lifespan opened."""
    house: Leadline = request.app.state.leadline
    return house


House = Annotated[Leadline, Depends(get_house)]


def require_key(house: House, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    """Refuse a request without the bearer token, where one is set."""
    expected = house.settings.api_key
    if expected is None:
        return
    given = sent.credentials if sent is not None else ""
    if not secrets.compare_digest(given.encode(), expected.get_secret_value().encode()):
        raise HTTPException(401, "send the API key as 'Authorization: Bearer <key>'", {"WWW-Authenticate": "Bearer"})
