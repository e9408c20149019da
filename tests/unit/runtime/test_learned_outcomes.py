"""A rep who declines a lead for bad data changes what the next training learns from."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from domain.events import Channel, Interaction, InteractionKind
from domain.people import RejectReason
from domain.routing import LeadRejection
from runtime.learned_outcomes import LearnedOutcomes, MatchedOutcomes
from tests.workflows.scoring_floor import LONG_AGO, ScoringFloor, open_scoring_floor
from tools.scoring.history import OUTCOMES_SCHEMA

LATER = LONG_AGO + timedelta(days=60)
SAID = LONG_AGO + timedelta(days=40)


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[ScoringFloor]:
    async with open_scoring_floor(tmp_path) as opened:
        yield opened


async def learned(floor: ScoringFloor, *, before=LATER) -> list[str]:
    history = LearnedOutcomes(floor.records.history, floor.records.rejections)
    lead = await floor.records.leads.get("dana")
    outcomes = await history.outcomes(lead.market, before=before)
    assert outcomes.columns == list(OUTCOMES_SCHEMA)
    return sorted(outcomes["lead_id"])


async def decline(floor: ScoringFloor, lead_id: str, reason: RejectReason) -> None:
    rejection = LeadRejection(id=f"r-{lead_id}", lead_id=lead_id, rep_id="rep-1", reason=reason, at=SAID)
    await floor.records.rejections.record(rejection)


async def test_bad_data_is_not_learned_from_and_any_other_reason_is(floor: ScoringFloor):
    await floor.add_leads("dana", "eli", "finn")
    assert await learned(floor) == ["dana", "eli", "finn"]
    await decline(floor, "eli", RejectReason.WRONG_PRODUCT)
    assert await learned(floor) == ["dana", "eli", "finn"]
    await decline(floor, "finn", RejectReason.BAD_DATA)
    assert await learned(floor) == ["dana", "eli"]


async def test_what_was_said_later_was_not_known_before(floor: ScoringFloor):
    await floor.add_leads("dana", "finn")
    await decline(floor, "finn", RejectReason.BAD_DATA)
    assert await learned(floor, before=SAID) == ["dana", "finn"]


@dataclass
class Told:
    known: dict[str, float]

    async def before_assignment(self, _market, *, before):
        return self.known


def matched(floor: ScoringFloor, told: Told) -> MatchedOutcomes:
    return MatchedOutcomes(floor.records.history, told, floor.records.first_contacts)


async def test_the_matcher_learns_with_the_pace_of_the_first_contact(floor: ScoringFloor):
    await floor.add_leads("dana", "eli")
    dana = await floor.records.leads.get("dana")
    call = Interaction(
        id="c", lead_id="dana", kind=InteractionKind.CALL_ATTEMPTED, at=dana.created_at + timedelta(hours=3),
        channel=Channel.PHONE, rep_id="rep-1",
    )  # fmt: skip
    await floor.records.interactions.append([call])
    table = await matched(floor, Told({})).outcomes(dana.market, before=LATER)
    assert table.select("lead_id", "language", "hours_to_contact").sort("lead_id").rows() == [
        ("dana", dana.language, 3.0),
        ("eli", dana.language, None),
    ]


async def test_the_matcher_learns_with_the_chances_leads_had_before_anybody_had_them(floor: ScoringFloor):
    await floor.add_leads("dana", "eli", "finn", "open")
    for lead_id in ("dana", "eli", "finn"):
        await floor.end(lead_id)
    market = (await floor.records.leads.get("dana")).market
    few, most = (dict.fromkeys(each, 0.25) for each in (("dana",), ("dana", "eli")))
    assert "p_base" not in await matched(floor, Told(few)).outcomes(market, before=LATER)
    table = await matched(floor, Told(most)).outcomes(market, before=LATER)
    told = dict(table.select("lead_id", "p_base").iter_rows())
    assert told == {"dana": 0.25, "eli": 0.25, "finn": None, "open": None}
