"""What routes ask for: the wired house, and proof that the caller may come in."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from runtime.wiring import Leadline


def get_house(request: Request) -> Leadline:
    """Return the wired application that the lifespan opened."""
    house: Leadline = request.app.state.leadline
    return house


House = Annotated[Leadline, Depends(get_house)]


def require_key(request: Request, house: House) -> None:
    """Refuse a request without the bearer token, where one is set."""
    expected = house.settings.api_key
    if expected is None:
        return
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not secrets.compare_digest(given.encode(), expected.get_secret_value().encode()):
        raise HTTPException(401, "send the API key as 'Authorization: Bearer <key>'", {"WWW-Authenticate": "Bearer"})
