"""Is it up, and can it work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.deps import House

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(house: House) -> JSONResponse:
    """Say which parts answer: 200 when all do, else 503."""
    parts = await house.parts()
    failing = {name: why for name, why in parts.items() if why}
    state = {name: why or "ok" for name, why in parts.items()}
    return JSONResponse({"status": "unready" if failing else "ready", "parts": state}, 503 if failing else 200)
