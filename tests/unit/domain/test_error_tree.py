import inspect
import re

from domain import errors


def test_the_tree_drawn_is_the_tree_there_is() -> None:
    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__ or ""))
    defined = {
        name for name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.LeadlineError)
    }

    assert drawn == defined


def test_a_long_value_is_shortened_in_the_message() -> None:
    error = errors.InvalidInputError("text", "x" * 5_000, "must have at most 100 characters")

    assert len(str(error)) < 300
    assert "(5002 characters)" in str(error)


def test_an_error_carries_the_offending_value() -> None:
    error = errors.ConsentMissingError("L-1", "email", "marketing")

    assert (error.lead_id, error.channel, error.purpose) == ("L-1", "email", "marketing")
