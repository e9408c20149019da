"""Does the conversation tool read messages right?"""

from collections.abc import Iterable

from domain.conversations import Message, MessageReading, Speaker
from evals.figures import mean_of
from evals.loading import MessageCase, MessageCases
from evals.results import Bar, Case, Metric
from evals.testbed import Testbed


def run_conversation(testbed: Testbed, messages: MessageCases) -> tuple[tuple[Metric, ...], tuple[Case, ...]]:
    """Read the golden messages and compare."""
    cases = [
        *_read_all(testbed, messages.lead, Speaker.LEAD),
        *_read_all(testbed, messages.rep, Speaker.REP),
        *_refusals(testbed, messages.opt_out, wanted=True),
        *_refusals(testbed, messages.no_opt_out, wanted=False),
    ]
    return (
        mean_of(cases, "lead intent", "intent of leads, accuracy", Bar(value=0.65)),
        mean_of(cases, "rep intent", "intent of reps, accuracy", Bar(value=0.9)),
        mean_of(cases, "language", "language, accuracy", Bar(value=0.9)),
        mean_of(cases, "objections", "objections, recall", Bar(value=0.3)),
        mean_of(cases, "signals", "buying signals, recall", Bar(value=0.65)),
        mean_of(cases, "opt-out recall", "opt-outs heard", Bar(value=0.99), "a missed refusal breaks the law"),
        mean_of(cases, "no opt-out", "ordinary messages not taken for opt-outs", Bar(value=0.9)),
    ), tuple(cases)


def _read_all(testbed: Testbed, wanted: Iterable[MessageCase], speaker: Speaker) -> Iterable[Case]:
    for case in wanted:
        reading = _read(testbed, case.text, speaker)
        metrics: dict[str, float | None] = {f"{speaker.value} intent": float(reading.intent == case.intent)}
        if case.language is not None:
            metrics["language"] = float(reading.language == case.language)
        if case.objections:
            metrics["objections"] = _recall({o.kind for o in reading.objections}, case.objections)
        if case.signals:
            metrics["signals"] = _recall({s.kind for s in reading.buying_signals}, case.signals)
        said = f"{case.text}\n-> {reading.intent} ({reading.intent_confidence:.2f}), wanted {case.intent}"
        yield Case(id=f"{speaker.value}: {case.text[:40]}", metrics=metrics, detail=said)


def _refusals(testbed: Testbed, texts: Iterable[str], *, wanted: bool) -> Iterable[Case]:
    for text in texts:
        heard = _read(testbed, text, Speaker.LEAD).opt_out
        key = "opt-out recall" if wanted else "no opt-out"
        yield Case(id=text[:40], metrics={key: float(heard is wanted)}, detail=f"{text}\n-> opt-out {heard}")


def _read(testbed: Testbed, text: str, speaker: Speaker) -> MessageReading:
    return testbed.listener.read([Message(speaker=speaker, text=text)], now=testbed.tools.clock.now())


def _recall(found: set[str], wanted: tuple[str, ...]) -> float:
    return len(found & set(wanted)) / len(wanted)
