"""Refuses bodies that are too large, by what they declare and by what they really bring. Reads nothing of them.

FastAPI's own `max_body_size` answers in plain text, so a client would have to know two forms of error.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem


class BodyLimit:
    """ASGI middleware that answers 413 to a body above a size.

    Args:
        app: What it protects.
        max_bytes: The most that a body may have.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._detail = f"the body has more than {max_bytes} bytes; send less, or raise LEADLINE_MAX_BODY_BYTES"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            await problem(413, "HttpError", self._detail)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:  # a chunked body declares nothing
                raise HTTPException(413, self._detail)
            return message

        await self._app(scope, counted, send)
