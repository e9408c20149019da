"""Refuses bodies that are too large, by what they declare and by what they really bring. Reads nothing of them.

FastAPI's own `max_body_size` answers in plain text, so a client would have to know two forms of error.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem


class BodyLimit:
    """ASGI middleware that answers 413 to a body above a size.

    Args:
        app: What it protects.
        max_bytes: The most that a body may have.
        roomier: Paths that may take more, and how much.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, roomier: Mapping[str, int] | None = None) -> None:
        self._app, self._max_bytes, self._roomier = app, max_bytes, roomier or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = max(self._max_bytes, self._roomier.get(scope["path"], 0))
        detail = f"the body has more than {most} bytes; send less, or raise LEADLINE_MAX_BODY_BYTES"
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            await problem(413, "HttpError", detail)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:  # a chunked body declares nothing
                raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)
