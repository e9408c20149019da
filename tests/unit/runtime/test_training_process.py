"""A training in a process of its own: what it says, how it fails, and that it dies with whoever started it."""

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import LeadlineError, NotEnoughDataError, RecordsUnavailableError
from domain.rescoring import ModelUpdate
from domain.values import Market
from runtime.training_process import ProcessTrainer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOFING = Market("roofing")


def trainer(program: str) -> ProcessTrainer:
    return ProcessTrainer((sys.executable, "-c", f"import json, os, sys, time\n{program}"))


async def test_the_answer_is_the_last_line():
    said = 'print("[LightGBM] noise")\nprint(json.dumps(dict(market=sys.argv[1], promoted=True, version="v", why=sys.argv[2])))'
    update = await trainer(said).update_model(ROOFING, now=NOON)
    assert update == ModelUpdate(market=ROOFING, promoted=True, version="v", why=NOON.isoformat())


@pytest.mark.parametrize("kind", [NotEnoughDataError, RecordsUnavailableError])
async def test_an_error_of_the_training_keeps_its_name(kind: type[LeadlineError]):
    said = f'print(json.dumps(dict(error="{kind.__name__}", message="so it is")))'
    with pytest.raises(kind, match="so it is"):
        await trainer(said).update_model(ROOFING, now=NOON)


async def test_any_other_error_is_named_in_the_message():
    said = 'print(json.dumps(dict(error="UnknownMarketError", message="mars")))'
    with pytest.raises(LeadlineError, match="UnknownMarketError: mars"):
        await trainer(said).update_model(ROOFING, now=NOON)


@pytest.mark.parametrize(
    ("end", "match"),
    [("os.kill(os.getpid(), 9)", "status -9"), ('sys.exit("no memory")', "status 1: no memory"), ("pass", "status 0")],
)
async def test_an_end_without_an_answer_says_how_it_ended(end: str, match: str):
    with pytest.raises(RuntimeError, match=match):
        await trainer(end).update_model(ROOFING, now=NOON)


async def test_a_training_that_nobody_waits_for_any_more_is_stopped(tmp_path: Path):
    note = tmp_path / "pid"
    training = asyncio.create_task(
        trainer(f'open("{note}", "w").write(str(os.getpid()))\ntime.sleep(600)').update_model(ROOFING, now=NOON)
    )
    async with asyncio.timeout(20):
        while not (note.exists() and note.read_text()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    training.cancel()
    with suppress(asyncio.CancelledError):
        await training
    assert not Path(f"/proc/{note.read_text()}").exists()  # noqa: ASYNC240 - after the fact
