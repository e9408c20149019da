from datetime import UTC, datetime, timedelta

from domain.events import Outcome, OutcomeKind
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOST = Outcome(lead_id="lead-1", kind=OutcomeKind.LOST, at=NOON, reason="price")
WON = Outcome(lead_id="lead-1", kind=OutcomeKind.WON, at=NOON + timedelta(days=9), rep_id="rep-1", value=12_000)


async def test_a_lead_without_an_outcome_has_none(records: Records):
    assert await records.outcomes.of_lead("lead-1") is None


async def test_the_same_fact_twice_is_known(records: Records):
    assert [await records.outcomes.record(WON) for _ in range(2)] == [True, False]


async def test_a_lead_won_after_it_was_lost_is_won(records: Records):
    await records.outcomes.record(LOST)
    await records.outcomes.record(WON)
    assert await records.outcomes.of_lead("lead-1") == WON


async def test_the_newest_outcome_counts_whatever_arrived_last(records: Records):
    await records.outcomes.record(WON)
    await records.outcomes.record(LOST)
    assert await records.outcomes.of_lead("lead-1") == WON


async def test_a_correction_of_the_same_moment_counts(records: Records):
    corrected = WON.model_copy(update={"value": 13_000.0})
    await records.outcomes.record(WON)
    assert await records.outcomes.record(corrected)
    assert await records.outcomes.of_lead("lead-1") == corrected
