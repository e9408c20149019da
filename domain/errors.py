"""The error tree. Each class is named for the fact and carries the offending value.

LeadlineError
├── NotFoundError                 a thing asked for by id does not exist
│   ├── LeadNotFoundError
│   ├── RepNotFoundError
│   ├── ProductNotFoundError
│   ├── DecisionNotFoundError
│   ├── TurnNotFoundError
│   ├── JourneyNotFoundError
│   └── ModelNotFoundError        nothing trained yet
├── InvalidInputError             a field, its value and the rule it breaks
│   ├── MappingError              an importer's mapping file
│   └── UnknownMarketError
├── ConflictError                 the request contradicts what is recorded
│   ├── JourneyClosedError
│   └── TurnConflictError         the same turn id with another text
├── RefusedError                  allowed by nobody, whatever the input
│   ├── ConsentMissingError
│   ├── NoAddressError
│   └── UnqualifiedRepError       a law or the rep's own limits forbid the match
├── NotEnoughDataError            a model cannot be trained on this little
└── UnavailableError              something outside does not answer
    ├── RecordsUnavailableError
    ├── WorkflowsUnavailableError
    ├── KnowledgeUnavailableError
    ├── RoadsUnavailableError
    ├── LanguageModelError        timeout, 429, 5xx, nonsense
    └── OutboxUnavailableError
"""


class LeadlineError(Exception):
    """Base of every error that Leadline raises on purpose. The message says what was wrong and what to do."""


class NotFoundError(LeadlineError):
    """A thing asked for by id does not exist."""

    kind = "record"

    def __init__(self, id_: str) -> None:
        self.id = id_
        super().__init__(f"no {self.kind} has the id {id_!r}")


class LeadNotFoundError(NotFoundError):
    """No such lead."""

    kind = "lead"


class RepNotFoundError(NotFoundError):
    """No such rep."""

    kind = "rep"


class ProductNotFoundError(NotFoundError):
    """No such product."""

    kind = "product"


class DecisionNotFoundError(NotFoundError):
    """No such decision."""

    kind = "decision"


class TurnNotFoundError(NotFoundError):
    """No such chat turn."""

    kind = "turn"


class JourneyNotFoundError(NotFoundError):
    """No journey for this lead."""

    kind = "journey"


class ModelNotFoundError(NotFoundError):
    """Nothing has been trained yet."""

    kind = "trained model"


class InvalidInputError(LeadlineError):
    """A field breaks a rule."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        self.field, self.value, self.rule = field, value, rule
        shown = repr(value)
        shown = shown if len(shown) <= 200 else f"{shown[:200]}… ({len(shown)} characters)"  # noqa: PLR2004 - one line
        super().__init__(f"{field}: {shown} {rule}")


class MappingError(InvalidInputError):
    """An importer's mapping file is wrong."""


class UnknownMarketError(InvalidInputError):
    """The market has no data."""

    def __init__(self, market: str, known: tuple[str, ...]) -> None:
        super().__init__("market", market, f"is not one of {', '.join(known) or '(none)'}")


class ConflictError(LeadlineError):
    """The request contradicts what is recorded."""


class JourneyClosedError(ConflictError):
    """The journey has ended."""

    def __init__(self, lead_id: str) -> None:
        self.lead_id = lead_id
        super().__init__(f"the journey of lead {lead_id!r} has ended; start a new one to follow up again")


class TurnConflictError(ConflictError):
    """The same turn id came with another request."""

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id
        super().__init__(f"turn {turn_id!r} was already used for another message; send a new turn_id")


class RefusedError(LeadlineError):
    """Allowed by nobody, whatever the input."""


class ConsentMissingError(RefusedError):
    """The lead has not agreed to this channel and purpose."""

    def __init__(self, lead_id: str, channel: str, purpose: str) -> None:
        self.lead_id, self.channel, self.purpose = lead_id, channel, purpose
        super().__init__(f"lead {lead_id!r} has given no consent for {purpose} by {channel}; record a grant first")


class NoAddressError(RefusedError):
    """The lead cannot be reached by this channel."""

    def __init__(self, lead_id: str, channel: str) -> None:
        self.lead_id, self.channel = lead_id, channel
        super().__init__(f"lead {lead_id!r} has no address for {channel}; add one or choose another channel")


class UnqualifiedRepError(RefusedError):
    """The rep may not take the lead, whoever says so."""

    def __init__(self, lead_id: str, rep_id: str, rule: str, detail: str) -> None:
        self.lead_id, self.rep_id, self.rule = lead_id, rep_id, rule
        super().__init__(
            f"rep {rep_id!r} may not take lead {lead_id!r}: {rule}: {detail}; nobody may override that, choose another rep"
        )


class NotEnoughDataError(LeadlineError):
    """A model cannot be trained on this little."""


class UnavailableError(LeadlineError):
    """Something outside does not answer."""


class RecordsUnavailableError(UnavailableError):
    """The database does not answer."""


class WorkflowsUnavailableError(UnavailableError):
    """The Temporal server does not answer."""


class KnowledgeUnavailableError(UnavailableError):
    """The vector store does not answer."""


class RoadsUnavailableError(UnavailableError):
    """The server of driving times does not answer."""


class LanguageModelError(UnavailableError):
    """The chat model failed: timeout, rate limit, server error, or an answer that cannot be used.

    `kind` is one of timeout, rate_limit, server, connection, refused, invalid_answer.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        super().__init__(f"chat model failed ({kind}): {detail}")


class OutboxUnavailableError(UnavailableError):
    """The mail or message provider does not answer."""
