from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from domain.scores import ScoreOverride, Temperature, override_in_force

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_override(n: int = 0, **changes) -> ScoreOverride:
    values = {
        "id": f"o-{n}",
        "lead_id": "dana",
        "points": 80.0,
        "reason": "met her",
        "by": "r-1",
        "at": NOON + n * HOUR,
    }
    return ScoreOverride(**{**values, **changes})


def a_withdrawal(n: int) -> ScoreOverride:
    return an_override(n, points=None, withdrawn=True)


def test_the_newest_override_counts():
    first, second = an_override(0), an_override(1, points=None, temperature=Temperature.HOT)
    assert override_in_force([first, second], now=NOON + 2 * HOUR) == second


def test_an_override_to_come_does_not_count_yet():
    first, second = an_override(0), an_override(2)
    assert override_in_force([first, second], now=NOON + HOUR) == first


def test_of_two_of_one_moment_the_later_one_counts():
    first, second = an_override(0, id="o-a"), an_override(0, id="o-b", points=10.0)
    assert override_in_force([first, second], now=NOON) == second


def test_a_withdrawn_override_brings_no_older_one_back():
    assert override_in_force([an_override(0), an_override(1), a_withdrawal(2)], now=NOON + 3 * HOUR) is None


def test_an_expired_override_does_not_count():
    override = an_override(expires_at=NOON + HOUR)
    assert override_in_force([override], now=NOON + HOUR - timedelta(microseconds=1)) == override
    assert override_in_force([override], now=NOON + HOUR) is None


@pytest.mark.parametrize(
    "wrong", [{"points": None}, {"withdrawn": True}, {"expires_at": NOON}, {"points": 101.0}, {"reason": ""}]
)
def test_an_override_says_what_and_why(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        an_override(**wrong)
