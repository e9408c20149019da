"""Chat turns: each runs once, stores every event before anybody sees it, and survives the death of the process.

Everything that a client reads comes from the stored events: a live turn, a turn read again and one that runs in another process
look the same. A client that goes away does not stop its turn.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast
from weakref import WeakValueDictionary

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph

from agents.state import CopilotState, fresh_turn
from domain.conversations import Message, Reply, Speaker, Turn, TurnEvent, TurnRequest, TurnStatus
from domain.errors import LeadlineError
from domain.ports import Clock, DecisionLog, TurnRecords
from domain.values import ConversationId, TurnId
from graphs.reply_decision import decide_reply
from graphs.turn_events import DELTA, DONE, ERROR, REPLY, RESTARTED, STARTED, TERMINAL, events_of_update, split_reply

HISTORY_MESSAGES = 20
MAX_RESTARTS = 3
MAX_GRAPH_STEPS = 12
"""Supersteps of the graph: 7 with one rewriting. A bound, should a router ever loop."""

CompiledCopilot = CompiledStateGraph[CopilotState, None, CopilotState, CopilotState]

log = structlog.get_logger(__name__)


class _TakenOverError(Exception):
    """Another process has written the next event: it runs this turn, so this one steps back."""


@dataclass
class _Run:
    """A turn that runs in this process."""

    number: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def announce(self) -> None:
        """Wake whoever waits for the next event."""
        self.changed.set()
        self.changed = asyncio.Event()


class CopilotTurns:
    """Runs chat turns over a compiled `copilot` graph.

    Args:
        graph: Compiled with a checkpointer; a conversation is its thread.
        turns: Where turns and their events are stored.
        decisions: Where the decision behind each reply is recorded.
        clock: The time.
        poll_s: Seconds between looks at a turn that another process runs, > 0.
        silent_after_s: Seconds without an event after which a turn that nobody here runs is taken over, > 0. Longer than the
            chat model may take for two attempts.
    """

    def __init__(
        self,
        graph: CompiledCopilot,
        turns: TurnRecords,
        decisions: DecisionLog,
        clock: Clock,
        *,
        poll_s: float = 0.25,
        silent_after_s: float = 300.0,
    ) -> None:
        self._graph, self._turns, self._decisions, self._clock = graph, turns, decisions, clock
        self._poll_s, self._silent_after_s = poll_s, silent_after_s
        self._runs: dict[TurnId, _Run] = {}
        self._conversations: WeakValueDictionary[ConversationId, asyncio.Lock] = WeakValueDictionary()

    async def run(self, request: TurnRequest) -> AsyncIterator[TurnEvent]:
        """Run a turn and yield its events. The same request again yields the same events and runs nothing.

        Raises:
            TurnConflictError: If the id was used for another request.
            RecordsUnavailableError: If nothing can be stored.
        """
        turn = await self._turns.open(request, at=self._clock.now())
        if turn.status == TurnStatus.RUNNING and not await self._turns.events_after(request.turn_id, 0):
            self._start(turn)
        async for event in self.follow(request.turn_id):
            yield event

    async def follow(self, turn_id: TurnId, *, after: int = 0) -> AsyncIterator[TurnEvent]:
        """Yield the events of a turn with a number above `after`, to its end, wherever it runs.

        A client that lost its connection passes its `Last-Event-ID`.

        Raises:
            TurnNotFoundError: If there is no such turn.
        """
        number, silent_s = after, 0.0
        while True:
            run = self._runs.get(turn_id)
            changed = run.changed if run else None
            # Read before the events: a turn that is closed now has had its last event stored by now.
            turn = await self._turns.get(turn_id)
            for event in await self._turns.events_after(turn_id, number):
                number, silent_s = event.number, 0.0
                if event.kind in TERMINAL and run is not None and run.task is not None:
                    await asyncio.wait([run.task])
                yield event
                if event.kind in TERMINAL:
                    return
            if run is not None and changed is not None:
                await _wait_for_change(run, changed)
            elif turn.status != TurnStatus.RUNNING:
                return
            elif silent_s >= self._silent_after_s:
                self._start(turn)
                silent_s = 0.0
            else:
                await asyncio.sleep(self._poll_s)
                silent_s += self._poll_s

    async def resume_unfinished(self) -> int:
        """Start every turn that was left running, as after `kill -9`, and say how many; `drain` waits for them.

        Meant for the start of a process. A turn that another living process runs is taken from it: whichever of the two loses the
        race for an event's number steps back, so the sequence stays whole.
        """
        unfinished = [turn for turn in await self._turns.unfinished() if turn.request.turn_id not in self._runs]
        for turn in unfinished:
            self._start(turn)
        return len(unfinished)

    async def drain(self) -> None:
        """Wait until no turn runs here."""
        while tasks := [run.task for run in self._runs.values() if run.task is not None]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Stop the turns that run here; they stay unfinished and are resumed at the next start."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, turn: Turn) -> None:
        """Run a turn in the background; one that runs here already is left alone."""
        turn_id = turn.request.turn_id
        if turn_id in self._runs:
            return
        run = self._runs[turn_id] = _Run()
        run.task = asyncio.create_task(self._execute(turn, run), name=f"turn {turn_id}")
        run.task.add_done_callback(lambda task: self._ended(turn_id, run, task))

    def _ended(self, turn_id: TurnId, run: _Run, task: asyncio.Task[None]) -> None:
        """Forget a run. A turn whose events could not be stored stays unfinished, and whoever follows it is told."""
        self._runs.pop(turn_id, None)
        run.announce()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("turn_interrupted", turn_id=turn_id, reason=str(error))

    async def _execute(self, turn: Turn, run: _Run) -> None:
        """Run a turn to its end. Turns of one conversation run one after another: each builds on the one before."""
        lock = self._conversations.setdefault(turn.request.conversation_id, asyncio.Lock())
        async with lock:
            try:
                await self._take_up(turn, run)
            except _TakenOverError:
                log.info("turn_taken_over", turn_id=turn.request.turn_id)

    async def _take_up(self, turn: Turn, run: _Run) -> None:
        """Continue a turn from its stored events: close it, finish its reply, or answer from the start."""
        turn_id = turn.request.turn_id
        stored = await self._turns.events_after(turn_id, 0)
        run.number = len(stored)
        last = stored[-1] if stored else None
        reply = Reply.model_validate(last.data) if last is not None and last.kind == REPLY else None
        if last is not None and last.kind in TERMINAL:
            said = next((e for e in reversed(stored) if e.kind == REPLY), None)
            reply = Reply.model_validate(said.data) if said is not None and last.kind == DONE else None
            await self._turns.finish(turn_id, reply, at=self._clock.now())
        elif reply is not None:
            await self._close(turn_id, run, reply)
        elif sum(event.kind == RESTARTED for event in stored) >= MAX_RESTARTS:
            await self._fail(
                turn_id, run, "this message was begun several times and never finished; ask it differently"
            )
        else:
            await self._emit(turn_id, run, RESTARTED if stored else STARTED, {"turn_id": turn_id})
            await self._answer(turn, run)

    async def _answer(self, turn: Turn, run: _Run) -> None:
        """Run the graph; whatever goes wrong inside it ends the turn with a message."""
        turn_id = turn.request.turn_id
        try:
            reply = await self._stream(turn, run)
        except LeadlineError as error:
            await self._fail(turn_id, run, str(error))
        except _TakenOverError:
            raise
        except Exception:
            # The edge of the graph: a fault of ours must neither reach the reader nor leave the turn open for ever.
            log.exception("turn_failed", turn_id=turn_id)
            await self._fail(turn_id, run, f"something went wrong here; quote turn {turn_id} to whoever runs Leadline")
        else:
            await self._close(turn_id, run, reply)

    async def _stream(self, turn: Turn, run: _Run) -> Reply:
        request = turn.request
        config: RunnableConfig = {
            "configurable": {"thread_id": request.conversation_id},
            "recursion_limit": MAX_GRAPH_STEPS,
        }
        start: CopilotState = {
            **fresh_turn(),
            "turn_id": request.turn_id,
            "market": request.market,
            "text": request.text,
            "asked_lead_id": request.lead_id,
            "history": [message.model_dump(mode="json") for message in await self._history(turn)],
        }
        state: CopilotState = {}
        async for update in self._graph.astream(start, config, stream_mode="updates", durability="exit"):
            for values in update.values():
                state |= cast("CopilotState", values or {})
            for kind, data in events_of_update(update):
                await self._emit(request.turn_id, run, kind, data)
        reply = Reply.model_validate(state.get("reply"))
        decision = decide_reply(request, state, reply, at=self._clock.now())
        await self._decisions.record(decision)
        for piece in split_reply(reply):
            await self._emit(request.turn_id, run, DELTA, {"text": piece})
        await self._emit(request.turn_id, run, REPLY, reply.model_dump(mode="json"))
        return reply

    async def _history(self, turn: Turn) -> list[Message]:
        """Return what was said before this turn; its own message is stored already and comes last."""
        messages = await self._turns.messages(turn.request.conversation_id, limit=HISTORY_MESSAGES)
        before = [m for m in messages if m.at is None or m.at <= turn.started_at]
        if before and before[-1].speaker == Speaker.REP and before[-1].text == turn.request.text:
            before.pop()
        return before

    async def _close(self, turn_id: TurnId, run: _Run, reply: Reply) -> None:
        await self._emit(turn_id, run, DONE, {"turn_id": turn_id})
        await self._turns.finish(turn_id, reply, at=self._clock.now())

    async def _fail(self, turn_id: TurnId, run: _Run, message: str) -> None:
        await self._emit(turn_id, run, ERROR, {"message": message})
        await self._turns.finish(turn_id, None, at=self._clock.now())

    async def _emit(self, turn_id: TurnId, run: _Run, kind: str, data: dict[str, object]) -> None:
        """Store the next event; only then may anybody see it."""
        event = TurnEvent(number=run.number + 1, kind=kind, data=data)
        if not await self._turns.append_event(turn_id, event):
            raise _TakenOverError
        run.number = event.number
        run.announce()


async def _wait_for_change(run: _Run, changed: asyncio.Event) -> None:
    """Wait for the next event of a run, and pass on what ended it, if that could not be stored."""
    await changed.wait()
    if run.task is not None and run.task.done() and not run.task.cancelled() and (error := run.task.exception()):
        raise error
