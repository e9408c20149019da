from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidInputError
from domain.scores import ScoreOverride, Temperature
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_override(n: int, **changes) -> ScoreOverride:
    values = {
        "id": f"o-{n}",
        "lead_id": "lead-1",
        "points": 71.5,
        "temperature": Temperature.HOT,
        "reason": "her board decided",
        "by": "rep-1",
        "at": NOON + timedelta(hours=n),
        "expires_at": NOON + timedelta(days=30),
    }
    return ScoreOverride(**{**values, **changes})


def a_withdrawal(n: int) -> ScoreOverride:
    return an_override(n, points=None, temperature=None, expires_at=None, withdrawn=True)


async def test_overrides_come_back_in_order_of_time(records: Records):
    for override in (an_override(2), an_override(1), a_withdrawal(3)):
        assert await records.overrides.record(override)
    assert await records.overrides.of_lead("lead-1") == (an_override(1), an_override(2), a_withdrawal(3))


async def test_an_override_is_recorded_once_and_never_changed(records: Records):
    await records.overrides.record(an_override(1))
    assert not await records.overrides.record(an_override(1, points=2.0))
    assert await records.overrides.of_lead("lead-1") == (an_override(1),)


async def test_what_is_in_force_is_found_for_many_leads_at_once(records: Records):
    other = an_override(5, id="o-other", lead_id="lead-2")
    withdrawn = [
        an_override(1, id="o-w", lead_id="lead-3"),
        a_withdrawal(2).model_copy(update={"id": "o-x", "lead_id": "lead-3"}),
    ]
    for override in (an_override(1), an_override(2), other, *withdrawn):
        await records.overrides.record(override)
    leads = ["lead-1", "lead-2", "lead-3", "nobody", *(f"many-{n}" for n in range(2_500))]
    assert await records.overrides.in_force(leads, at=NOON + timedelta(hours=4)) == {"lead-1": an_override(2)}
    assert await records.overrides.in_force(leads, at=NOON + timedelta(days=40)) == {}


async def test_a_naive_moment_is_refused(records: Records):
    with pytest.raises(InvalidInputError, match="no time zone"):
        await records.overrides.in_force(["lead-1"], at=NOON.replace(tzinfo=None))
