"""How long each activity may take and which errors are worth another try. Options only; no logic of the journey."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from domain.errors import LeadlineError, UnavailableError

_BUGS = ("AssertionError", "AttributeError", "IndexError", "KeyError", "NameError", "NotImplementedError", "TypeError")
_INVALID = ("UnicodeDecodeError", "ValidationError", "ValueError")


def _family(error: type[LeadlineError]) -> frozenset[str]:
    return frozenset({error.__name__}).union(*(_family(child) for child in error.__subclasses__()))


UNAVAILABLE = _family(UnavailableError)
"""Names of the errors that pass by themselves: they are retried, and a step that still fails is taken again later."""

FINAL = tuple(sorted((_family(LeadlineError) - UNAVAILABLE) | set(_BUGS) | set(_INVALID)))
"""Names of the errors that another try cannot cure."""

RECORDS = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=60),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=2),
        maximum_attempts=40,
        non_retryable_error_types=FINAL,
    ),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
"""Reading, deciding and recording: idempotent, patient enough for an hour without a database."""

SENDING = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=15),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=3.0,
        maximum_interval=timedelta(minutes=10),
        maximum_attempts=12,
        non_retryable_error_types=FINAL,
    ),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Sending: no heartbeat, so a running send is never cut between provider and ledger. One that has not started is
cancelled for good; one that has is waited for, so that the journey's count of sent messages is true."""

NODES = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=120),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=30),
        maximum_attempts=5,
        non_retryable_error_types=FINAL,
    ),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
"""Nodes of the `follow_up` graph, which may wait for a chat model."""

_AS_LONG_AS_IT_TAKES = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=15),
    maximum_attempts=0,
    non_retryable_error_types=FINAL,
)

RESCORING = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=5),
    heartbeat_timeout=timedelta(seconds=5),
    retry_policy=_AS_LONG_AS_IT_TAKES,
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
"""Scoring leads anew: tried for as long as the records are away, because nobody else would ask again."""

SWEEPING = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=5),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=_AS_LONG_AS_IT_TAKES,
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
"""Sweeping over a market: tried for as long as the records are away."""

TRAINING = ActivityConfig(
    start_to_close_timeout=timedelta(hours=6),
    heartbeat_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=10),
        backoff_coefficient=3.0,
        maximum_interval=timedelta(minutes=10),
        maximum_attempts=6,
        non_retryable_error_types=FINAL,
    ),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
"""Training: minutes of work that may be repeated, for the same data gives the same version."""
