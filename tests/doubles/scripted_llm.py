"""A scripted OpenAI-compatible server on loopback: each request takes the next step of the script."""

import asyncio
import itertools
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse


@dataclass(frozen=True)
class Says:
    """Answer with this text."""

    text: str
    finish: str = "stop"


@dataclass(frozen=True)
class Calls:
    """Answer with tool calls: (name, arguments); arguments as text are sent as they are."""

    calls: tuple[tuple[str, dict[str, Any] | str], ...]


@dataclass(frozen=True)
class Fails:
    """Answer with an HTTP error."""

    status: int
    message: str = "scripted failure"


@dataclass(frozen=True)
class Hangs:
    """Send nothing until the client goes away, or at most this long."""

    seconds: float = 20.0


@dataclass(frozen=True)
class Stalls:
    """Begin to stream, then stop sending without closing."""

    text: str = '{"text": "half an ans'
    seconds: float = 20.0


@dataclass(frozen=True)
class Breaks:
    """Begin to stream, then drop the connection."""

    text: str = '{"text": "half an ans'


@dataclass(frozen=True)
class Garbage:
    """Answer 200 with a body that is not what was promised."""

    body: str = "<html>not a model</html>"


Step = Says | Calls | Fails | Hangs | Stalls | Breaks | Garbage


@dataclass
class ScriptedServer:
    """What the server will say, and what it was asked."""

    base_url: str = ""
    steps: list[Step] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    unexpected: int = 0

    def then(self, *steps: Step) -> "ScriptedServer":
        self.steps.extend(steps)
        return self

    def assert_used_up(self) -> None:
        assert self.steps == [], f"steps never asked for: {self.steps}"
        assert self.unexpected == 0, f"{self.unexpected} requests came after the script had ended"


def _base(model: str, number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1, "model": model}


def _usage(text: str) -> dict[str, Any]:
    return {"prompt_tokens": 7, "completion_tokens": len(text.split()), "total_tokens": 7 + len(text.split())}


def _tool_calls(step: Calls, number: int) -> list[dict[str, Any]]:
    return [
        {
            "index": i,
            "id": f"call_{number}_{i}",
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for i, (name, args) in enumerate(step.calls)
    ]


def _event(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload)}\n\n"


async def _stream(step: Says | Calls | Stalls | Breaks, model: str, number: int) -> AsyncIterator[str]:
    base = _base(model, number, "chat.completion.chunk")

    def delta(change: dict[str, Any], finish: str | None = None) -> str:
        return _event({**base, "choices": [{"index": 0, "delta": change, "finish_reason": finish}]})

    yield delta({"role": "assistant", "content": ""})
    if isinstance(step, Calls):
        yield delta({"tool_calls": _tool_calls(step, number)})
        yield delta({}, "tool_calls")
    else:
        for word in step.text.split(" "):
            yield delta({"content": word + " "})
        if isinstance(step, Stalls):
            await asyncio.sleep(step.seconds)
        if isinstance(step, Breaks):
            raise ConnectionAbortedError
        yield delta({}, step.finish if isinstance(step, Says) else "stop")
    yield _event({**base, "choices": [], "usage": _usage("x")})
    yield "data: [DONE]\n\n"


def _whole(step: Says | Calls, model: str, number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": step.text if isinstance(step, Says) else None}
    if isinstance(step, Calls):
        message["tool_calls"] = _tool_calls(step, number)
    finish = "tool_calls" if isinstance(step, Calls) else step.finish
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {**_base(model, number, "chat.completion"), "choices": [choice], "usage": _usage(str(message["content"]))}


def _application(script: ScriptedServer) -> FastAPI:
    app = FastAPI()
    numbers = itertools.count(1)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await request.json()
        script.requests.append(body)
        if not script.steps:
            script.unexpected += 1
            return JSONResponse({"error": {"message": "the script has ended"}}, status_code=418)
        step, number, model = script.steps.pop(0), next(numbers), body["model"]
        if isinstance(step, Fails):
            return JSONResponse({"error": {"message": step.message, "type": "scripted"}}, status_code=step.status)
        if isinstance(step, Garbage):
            return PlainTextResponse(
                step.body, media_type="text/event-stream" if body.get("stream") else "application/json"
            )
        if isinstance(step, Hangs):
            await asyncio.sleep(step.seconds)
            return JSONResponse({"error": {"message": "hung"}}, status_code=504)
        if body.get("stream"):
            return StreamingResponse(_stream(step, model, number), media_type="text/event-stream")
        assert isinstance(step, Says | Calls), "only a streamed answer can stall or break"
        return JSONResponse(_whole(step, model, number))

    return app


@contextmanager
def serve_script() -> Iterator[ScriptedServer]:
    """Serve a script on a free loopback port, in a thread, until the block ends."""
    script = ScriptedServer()
    # proto 0 would cost 40 ms a request: asyncio sets TCP_NODELAY for IPPROTO_TCP only.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    config = uvicorn.Config(_application(script), log_level="critical", timeout_graceful_shutdown=0, lifespan="off")
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert started.wait(10), "the scripted server did not start"
    script.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    try:
        yield script
    finally:
        server.force_exit = True
        server.should_exit = True
        thread.join(10)
        listener.close()
