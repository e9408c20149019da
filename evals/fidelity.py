"""Are the numbers of a reply in its evidence? Written apart from the reviewer's own check, which it evaluates. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?")
_MARKER = re.compile(r"\[\d+(?:\s*,\s*\d+)*\]")
_ID = re.compile(r"\b[\w-]*[A-Za-z_][\w]*-[\w-]*\d[\w-]*\b")


def numbers_of(text: str) -> tuple[str, ...]:
    """Return the numbers of a text as written, without citation markers and ids."""
    return tuple(_NUMBER.findall(_ID.sub(" ", _MARKER.sub(" ", text))))


def unsupported(reply: str, evidence: Sequence[object]) -> tuple[str, ...]:
    """Return the numbers of a reply that no evidence holds.

    A number is held when a number of the evidence, as it is or as a percentage, rounds to it at its own precision.

    Args:
        reply: The text.
        evidence: Texts and JSON values that the reply may draw on.
    """
    held = {value for item in evidence for value in _values(item)}
    held |= {100 * value for value in held}
    return tuple(written for written in numbers_of(reply) if not _is_held(written, held))


def _is_held(written: str, held: set[float]) -> bool:
    digits = written.replace(",", "").lstrip("+-")
    precision = len(digits.partition(".")[2])
    step = 10.0**-precision
    return any(abs(abs(value) - float(digits)) <= step / 2 + 1e-9 for value in held)


def _values(item: object) -> Iterator[float]:
    if isinstance(item, bool) or item is None:
        return
    if isinstance(item, int | float):
        yield float(item)
    elif isinstance(item, str):
        yield from (float(written.replace(",", "")) for written in _NUMBER.findall(item))
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from _values(value)
    elif isinstance(item, Sequence):
        yield float(len(item))
        for value in item:
            yield from _values(value)
