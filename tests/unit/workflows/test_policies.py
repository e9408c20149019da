import domain.errors
from domain.errors import LeadlineError, UnavailableError
from workflows.policies import FINAL, NODES, RECORDS, SENDING, UNAVAILABLE


def all_errors() -> list[type[LeadlineError]]:
    return [
        error for error in vars(domain.errors).values() if isinstance(error, type) and issubclass(error, LeadlineError)
    ]


def test_every_domain_error_is_either_final_or_passes() -> None:
    for error in all_errors():
        assert (error.__name__ in UNAVAILABLE) != (error.__name__ in FINAL), error


def test_what_does_not_answer_is_asked_again() -> None:
    assert {e.__name__ for e in all_errors() if issubclass(e, UnavailableError)} == UNAVAILABLE


def test_every_activity_has_a_timeout_and_a_last_attempt() -> None:
    for options in (RECORDS, SENDING, NODES):
        policy = options["retry_policy"]
        assert options["start_to_close_timeout"] is not None
        assert policy is not None
        assert 0 < policy.maximum_attempts < 100
        assert policy.non_retryable_error_types == FINAL
