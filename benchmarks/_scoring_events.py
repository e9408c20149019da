"""From an event to the new score that a reader sees: the real API, worker and Temporal server, one of them killed.

A simulated market with a trained model. Events are posted through the API; for each, the time from the POST to the
moment at which `GET /v1/leads/{id}/scores` shows a score that names the event.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks.harness import Figure, Options
from domain.values import LeadId, Market
from runtime.demo.business import import_business
from runtime.settings import Settings
from runtime.stack import Stack, running_stack
from runtime.wiring import Tools, open_tools
from simulation.catalogue import load_market
from simulation.floor import simulate

_MARKET = Market("insurance_partners")
_DAYS = 365
_POLL_S = 0.025
_PATIENCE_S = 120.0
_P95_BAR_MS = 2_000.0
_PEER = "score_lead in process"


@dataclass(frozen=True)
class _Size:
    """How much is measured."""

    leads: int
    events: int
    per_second: float
    burst: int
    during_kill: int


_QUICK = _Size(leads=400, events=60, per_second=6.0, burst=60, during_kill=40)
_FULL = _Size(leads=1_000, events=300, per_second=10.0, burst=200, during_kill=100)


@dataclass
class _Seen:
    """Milliseconds of each event: until the POST was answered, and until its score could be read."""

    answered: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    lost: int = 0


def measure(options: Options) -> list[Figure]:
    """Measure on a fresh market in a temporary home."""
    return asyncio.run(_measure(_QUICK if options.quick else _FULL, options.seed))


async def _measure(size: _Size, seed: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            home=home, market=_MARKET, database_url="", qdrant_url="", temporal_address="", api_port=0, api_key=None
        )
        leads, bare_ms = await _prepare(settings, size, seed)
        with Progress() as bar:
            async with running_stack(settings) as stack:
                return await _over(stack, leads, bare_ms, size, bar)


async def _prepare(settings: Settings, size: _Size, seed: int) -> tuple[list[LeadId], list[float]]:
    """Import a simulated market, train on it, let leads arrive and score each once; time scores without durability."""
    console = Console(stderr=True, quiet=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: TID251 - events come now
    floor = simulate(
        load_market(_MARKET),
        n_leads=size.leads,
        seed=seed,
        start=midnight - timedelta(days=_DAYS),
        days=_DAYS,
        n_reps=12,
    )
    async with open_tools(settings) as tools:
        await import_business(tools, floor, settings.home / "files", console)
        await tools.trainer.train_model(_MARKET, now=tools.clock.now())
        leads = await _new_leads(tools, size.events + size.burst + size.during_kill)
        await tools.scorer.batch_score(leads)
        bare_ms = []
        for lead_id in leads[:50]:
            began = time.perf_counter()
            await tools.scorer.score_lead(lead_id)
            bare_ms.append(1_000 * (time.perf_counter() - began))
    return leads, bare_ms


async def _new_leads(tools: Tools, n_leads: int) -> list[LeadId]:
    """Let leads arrive now: as many as are needed, each with the facts of one that is known."""
    now = tools.clock.now()
    known = await tools.records.leads.newest(_MARKET, limit=500)
    new = [
        lead.model_copy(update={"id": LeadId(f"new-{n}"), "created_at": now - timedelta(hours=n % 48 + 1)})
        for n, lead in enumerate(islice(cycle(known), n_leads))
    ]
    for lead in new:
        await tools.records.leads.save(lead, at=now)
    return [lead.id for lead in new]


async def _over(stack: Stack, leads: list[LeadId], bare_ms: list[float], size: _Size, bar: Progress) -> list[Figure]:
    steady, burst, killed = _Seen(), _Seen(), _Seen()
    limits = httpx2.Limits(max_connections=400, max_keepalive_connections=400)
    async with httpx2.AsyncClient(base_url=stack.url, timeout=60.0, limits=limits) as http:
        # The first event starts the keeper and loads the model into the worker.
        await _event(http, leads[0], "warm-up", _Seen())
        first, second = size.events, size.events + size.burst
        task = bar.add_task("events at a steady rate", total=size.events)
        await _at_rate(http, leads[:first], size.per_second, steady, bar, task)
        task = bar.add_task("events all at once", total=size.burst)
        began = time.perf_counter()
        await _at_rate(http, leads[first:second], float("inf"), burst, bar, task)
        burst_s = time.perf_counter() - began
        task = bar.add_task("events while the worker is killed", total=size.during_kill)
        killing = asyncio.create_task(_kill_worker(stack, after_s=size.during_kill / size.per_second / 2))
        await _at_rate(http, leads[second:], size.per_second, killed, bar, task)
        await killing
    return _figures(size, bare_ms, steady, burst, burst_s, killed)


async def _at_rate(
    http: httpx2.AsyncClient, leads: Sequence[LeadId], per_second: float, seen: _Seen, bar: Progress, task: TaskID
) -> None:
    """Post one event of each lead, so many a second, whether or not the scores of those before can be seen."""
    under_way = []
    began = time.perf_counter()
    for n, lead_id in enumerate(leads):
        await asyncio.sleep(max(0.0, began + n / per_second - time.perf_counter()))
        under_way.append(asyncio.create_task(_event(http, lead_id, f"event-{task}-{n}", seen)))
        under_way[-1].add_done_callback(lambda _: bar.advance(task))
    await asyncio.gather(*under_way)


async def _event(http: httpx2.AsyncClient, lead_id: LeadId, event_id: str, seen: _Seen) -> None:
    began = time.perf_counter()
    body = [{"id": event_id, "kind": "email_replied", "channel": "email", "text": "Could you send me the terms?"}]
    answer = await http.post(f"/v1/leads/{lead_id}/interactions", json=body)
    answer.raise_for_status()
    seen.answered.append(1_000 * (time.perf_counter() - began))
    while time.perf_counter() - began < _PATIENCE_S:
        scores: list[dict[str, Any]] = (await http.get(f"/v1/leads/{lead_id}/scores?limit=2")).json()
        if any(event_id in (score["change"] or {"event_ids": ()})["event_ids"] for score in scores):
            seen.visible.append(1_000 * (time.perf_counter() - began))
            return
        await asyncio.sleep(_POLL_S)
    seen.lost += 1


async def _kill_worker(stack: Stack, *, after_s: float) -> None:
    await asyncio.sleep(after_s)
    worker = stack.children["worker"].process
    if worker is None or worker.returncode is not None:
        raise AssertionError("the worker was not running when it was to be killed: nothing was measured")
    os.kill(worker.pid, signal.SIGKILL)


def _figures(
    size: _Size, bare_ms: list[float], steady: _Seen, burst: _Seen, burst_s: float, killed: _Seen
) -> list[Figure]:
    rate = f"{size.events} events at {size.per_second:g}/s"
    p95 = _percentile(steady.visible, 95)
    rescored = len(killed.visible) / size.during_kill
    return [
        Figure(
            f"event to visible score, p50, {rate}",
            _percentile(steady.visible, 50),
            "ms",
            peer=_PEER,
            peer_value=_percentile(bare_ms, 50),
        ),
        Figure(
            "event to visible score, p95",
            p95,
            "ms",
            peer=_PEER,
            peer_value=_percentile(bare_ms, 95),
            bar=f"under {_P95_BAR_MS / 1_000:g} s, none lost",
            holds=p95 < _P95_BAR_MS and steady.lost == 0,
        ),
        Figure("event to visible score, slowest", max(steady.visible), "ms", peer=_PEER, peer_value=max(bare_ms)),
        Figure("POST of the event answered, p95", _percentile(steady.answered, 95), "ms"),
        Figure(
            f"{size.burst} events at once, all scores visible after", burst_s, "s", holds=burst.lost == 0, bar="all"
        ),
        Figure(
            f"worker killed amid {size.during_kill} events: share of leads scored anew",
            rescored,
            bar="1",
            holds=rescored == 1.0,
        ),
        Figure("the same: slowest score, restart of the worker included", max(killed.visible, default=np.inf), "ms"),
    ]


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))
