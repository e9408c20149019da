"""The conversation tool: reads what a message says. Learns from the packaged examples when it is built."""

import re
from collections.abc import Sequence
from datetime import datetime

from domain.conversations import Message, MessageReading, Speaker, Stage
from domain.errors import InvalidInputError
from domain.values import LeadId, content_hash
from tools.conversation.classifier import Encoder, MemoEncoder, TextClassifier
from tools.conversation.examples import load_examples
from tools.conversation.language import detect_language
from tools.conversation.refusals import is_opt_out, out_of_office_until
from tools.conversation.sentiment import read_sentiment
from tools.conversation.signals import BUYING, find_signals, urgency
from tools.conversation.stages import track_stage

_MIN_INTENT = 0.22
_IMPLIED = {
    "pricing": f"{BUYING}asks_price",
    "book_meeting": f"{BUYING}wants_meeting",
    "ready_to_buy": f"{BUYING}commitment",
}
"""Signals that a lead's intent implies."""
_MIN_ASIDE = 0.5
"""Confidence that an objection needs in a message that as a whole is none."""
_LEAD_ID = re.compile(r"\b(?:lead\s+#?)?([A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*[-_]\d[A-Za-z0-9_-]*)\b")
_NAMED_LEAD = re.compile(r"\b(?:lead|prospecto|cliente)\s+#?([A-Za-z0-9_-]*\d[A-Za-z0-9_-]*)\b", re.IGNORECASE)


class ConversationTool:
    """Reads messages; satisfies `domain.ports.Listener`. Holds no state between calls."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Fit the classifiers on the packaged examples.

        Args:
            encoder: Sentence encoder that the intent classifiers use besides n-grams; None for n-grams only.
        """
        encoder = None if encoder is None else MemoEncoder(encoder)
        rep, lead = load_examples("rep_intents"), load_examples("lead_intents")
        signals, stages, sentiment = load_examples("signals"), load_examples("stages"), load_examples("sentiment")
        self._intents = {Speaker.REP: TextClassifier(rep, encoder), Speaker.LEAD: TextClassifier(lead, encoder)}
        self._signals = TextClassifier(signals, encoder)
        self._stages = TextClassifier(stages, encoder)
        self._sentiment = TextClassifier(sentiment, encoder)
        half = "ngrams" if encoder is None else "ngrams+vectors"
        self.version = "conversation-" + content_hash(
            half, *(examples.version for examples in (rep, lead, signals, stages, sentiment)), length=12
        )

    def read(self, messages: Sequence[Message], *, now: datetime) -> MessageReading:
        """Read the last message in the context of the ones before it.

        Args:
            messages: In order of time; the last one is read, the others give the stage.
            now: When it is read; dates without a year are the next such date.

        Raises:
            InvalidInputError: If there is no message, or the last one is blank.
        """
        if not messages or not messages[-1].text.strip():
            raise InvalidInputError("messages", [m.text for m in messages], "must end with a message that has a text")
        message = messages[-1]
        language = detect_language(message.text)
        from_rep = message.speaker is not Speaker.LEAD
        intent, confidence = self._intent(message.text, Speaker.REP if from_rep else Speaker.LEAD)
        opt_out = not from_rep and is_opt_out(message.text)
        away = None if from_rep or opt_out else out_of_office_until(message.text, now=now)
        if opt_out or away is not None:
            intent, confidence = ("opt_out" if opt_out else "out_of_office"), 1.0
        implied = None if from_rep else _IMPLIED.get(intent)
        objections, buying = ((), ()) if opt_out or away else find_signals(message.text, self._signals, implied=implied)
        if not from_rep and intent != "objection":
            objections = tuple(objection for objection in objections if objection.confidence >= _MIN_ASIDE)
        shows = [Stage.OBJECTION] if objections else []
        shows += [Stage.CLOSING] if any(signal.kind == "commitment" for signal in buying) else []
        conversation = [m for m in messages if m.speaker is not Speaker.COPILOT and m.text.strip()]
        return MessageReading(
            language=language,
            intent=intent,
            intent_confidence=confidence,
            sentiment=read_sentiment(message.text, language, self._sentiment),
            objections=objections,
            buying_signals=() if from_rep else buying,
            stage=track_stage(conversation or [message], self._stages, shows=shows),
            urgency=urgency(message.text),
            opt_out=opt_out,
            out_of_office_until=away,
            lead_ids=find_lead_ids(message.text),
            model_version=self.version,
        )

    def _intent(self, text: str, speaker: Speaker) -> tuple[str, float]:
        classifier = self._intents[speaker]
        row = classifier.probabilities([text])[0]
        best = int(row.argmax())
        if row[best] < _MIN_INTENT:
            return ("out_of_scope" if speaker is Speaker.REP else "other"), float(1.0 - row[best])
        return classifier.labels[best], float(row[best])


def find_lead_ids(text: str) -> tuple[LeadId, ...]:
    """Find what looks like a lead's id: letters, a dash or underscore and digits, or whatever follows the word lead.

    Returns:
        Each once, in order of appearance. Whether such a lead exists is for the records to say.
    """
    found = {match.start(1): match[1] for pattern in (_LEAD_ID, _NAMED_LEAD) for match in pattern.finditer(text)}
    return tuple(dict.fromkeys(LeadId(found[start]) for start in sorted(found)))
