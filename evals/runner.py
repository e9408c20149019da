"""Runs the suites one after another over one floor."""

import importlib.metadata
import time
from collections.abc import Awaitable, Callable, Sequence

from rich.console import Console

from domain.errors import InvalidInputError
from evals.judge import open_judge
from evals.loading import load_messages, load_passages, load_questions
from evals.results import Case, Metric, Scorecard, Suite
from evals.suites.conversation import run_conversation
from evals.suites.matcher import run_matcher
from evals.suites.replies import run_replies
from evals.suites.retriever import run_retriever
from evals.suites.scorer import run_scorer
from evals.testbed import Testbed, open_testbed
from knowledge.opening import corpus_folder
from runtime.demo.business import SEED
from runtime.settings import Settings

Found = tuple[tuple[Metric, ...], tuple[Case, ...]]
TITLES = {
    "scorer": "Scorer: right about leads that came later",
    "matcher": "Matcher: more deals than taking turns",
    "retriever": "Retriever: finds what answers, knows when nothing does",
    "conversation": "Conversation: reads what a message says",
    "replies": "Replies: grounded, cited, silent where nothing is known",
}


async def run_suites(settings: Settings, names: Sequence[str], console: Console) -> Scorecard:
    """Run suites and gather the scorecard.

    Args:
        settings: The house; its chat model, if one is set, writes the replies and judges them.
        names: Suites to run, in this order.
        console: Where progress is shown.

    Raises:
        InvalidInputError: If a suite has no such name.
    """
    unknown = [name for name in names if name not in TITLES]
    if unknown:
        raise InvalidInputError("--suite", unknown[0], f"is none of {', '.join(TITLES)}")
    suites = []
    async with open_testbed(settings, console) as testbed:
        at = testbed.tools.clock.now()
        for name in names:
            with console.status(f"evaluating: {name}"):
                begin = time.perf_counter()
                metrics, cases = await _RUNS[name](testbed)
                seconds = time.perf_counter() - begin
            suites.append(Suite(name=name, title=TITLES[name], metrics=metrics, cases=cases, seconds=seconds))
    versions = {name: importlib.metadata.version(name) for name in ("leadline", "ragas", "lightgbm")}
    return Scorecard(at=at, seed=SEED, versions=versions, suites=tuple(suites))


async def _conversation(testbed: Testbed) -> Found:
    return run_conversation(testbed, load_messages())


async def _retriever(testbed: Testbed) -> Found:
    tools, market = testbed.tools, testbed.tools.known_market(None)
    questions = load_passages(corpus_folder(market))
    return await run_retriever(tools.knowledge.retriever(), market, questions, at=tools.clock.now())


async def _replies(testbed: Testbed) -> Found:
    market = testbed.tools.known_market(None)
    newest = await testbed.tools.records.leads.newest(market, limit=2)
    async with open_judge(testbed.tools.settings, testbed.tools.knowledge.encoder) as judge:
        return await run_replies(testbed, load_questions(market), (newest[0], newest[1]), judge)


_RUNS: dict[str, Callable[[Testbed], Awaitable[Found]]] = {
    "scorer": run_scorer,
    "matcher": run_matcher,
    "retriever": _retriever,
    "conversation": _conversation,
    "replies": _replies,
}
