"""Replays over real records: what is read of a period, what is not, and that nothing is recorded."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError
from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, RejectReason, Rep
from domain.routing import STOPPED_BY, LeadRejection, Presence, RepAvailability, RoutingPolicy
from domain.scores import LeadScore, Rung, Temperature
from domain.values import Market
from records.database import open_database
from records.repositories import Records
from records.tables import metadata
from runtime.learned_outcomes import MatchedOutcomes
from runtime.past_periods import PastPeriods
from runtime.replaying import Replayer
from tools.matching.what_if import FloorChange

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=14)
ROOFING = Market("roofing")
HOUR = timedelta(hours=1)


class Rehearser:
    """Scores by lead as a test says, and writes down as of when."""

    def __init__(self) -> None:
        self.asked: dict[str, datetime] = {}

    async def score_as_of(self, moments: Mapping[str, datetime]) -> dict[str, LeadScore]:
        self.asked |= moments
        return {lead_id: _score(lead_id, at) for lead_id, at in moments.items()}


def _score(lead_id: str, at: datetime) -> LeadScore:
    return LeadScore(
        lead_id=lead_id, p_convert=0.2, p_low=0.2, p_high=0.2, points=20, base_points=0, other_points=20,
        temperature=Temperature.WARM, expected_value=100.0, reasons=(), rung=Rung.RULES, model_version="m",
        feature_hash="0", as_of=at, decision_id=f"rehearsed-{lead_id}",
    )  # fmt: skip


class House:
    """Records of one market, and what replays them; the clock stands at noon."""

    def __init__(self, records: Records) -> None:
        self.records, self.rehearser = records, Rehearser()
        history = MatchedOutcomes(records.history, records.scores, records.first_contacts)
        self.periods = PastPeriods(records, history, self.rehearser)
        self.replayer = Replayer(self.periods, RoutingPolicy(), self)

    def now(self) -> datetime:
        return NOW

    async def reps(self, *ids: str, **facts: object) -> None:
        for id_ in ids:
            await self.records.reps.save(Rep(id=id_, market=ROOFING, name=f"Name of {id_}", **facts))

    async def lead(
        self,
        id_: str,
        created: datetime,
        *,
        given: datetime | None = None,
        rep: str | None = "ana",
        ended: datetime | None = None,
        kind: OutcomeKind = OutcomeKind.LOST,
    ) -> None:
        lead = Lead(id=id_, market=ROOFING, created_at=created, source="web", product_id="tiles")
        await self.records.leads.save(lead, at=created)
        if given is not None:
            await self.give(id_, rep, given)
        if ended is not None:
            await self.records.outcomes.record(Outcome(lead_id=id_, kind=kind, at=ended, value=500.0))

    async def give(self, lead_id: str, rep: str | None, at: datetime) -> None:
        id_ = f"{lead_id}-{rep}-{at:%d%H%M}"
        await self.records.assignments.record(
            AssignmentRecord(id=id_, lead_id=lead_id, rep_id=rep, at=at, by="manager")
        )

    async def scored(self, lead_id: str, at: datetime, p: float, expected_value: float | None) -> None:
        numbers = {"points": 100 * p, "p_convert": p, "p_low": p, "p_high": p, "base_points": 0.0}
        await self.records.decisions.record(
            Decision(
                id=f"score-{lead_id}-{at:%d%H%M}", kind=DecisionKind.SCORE, subject_id=lead_id, at=at, inputs_hash="0",
                versions={"model": "m"}, chosen="warm", considered=({**numbers, "expected_value": expected_value},),
            )
        )  # fmt: skip

    async def read(self):
        return await self.periods.read(ROOFING, since=SINCE, until=NOW)

    async def arrivals(self):
        return {each.id: each for each in (await self.read()).arrivals}


@pytest.fixture
async def house(tmp_path):
    database = await open_database(f"sqlite:///{tmp_path}/replay.db")
    yield House(Records.over(database))
    await database.close()


async def test_who_came_or_was_first_given_in_the_period_needed_a_rep(house: House):
    await house.reps("ana")
    before, during = SINCE - 50 * HOUR, SINCE + 50 * HOUR
    await house.lead("came", during, given=during + HOUR, ended=during + 9 * HOUR, kind=OutcomeKind.WON)
    await house.lead("waits", during)
    await house.lead("waited", before, given=during)
    await house.lead("long with ana", before, given=before + HOUR)
    await house.lead("ended before", before, given=before, ended=before + HOUR)
    await house.lead("bot", during, ended=during + HOUR, kind=OutcomeKind.DISQUALIFIED)
    await house.lead("went elsewhere", during, ended=during + 7 * HOUR)
    await house.lead("too late", NOW)
    found = await house.arrivals()
    assert set(found) == {"came", "waits", "waited", "went elsewhere"}
    came, gone = found["came"], found["went elsewhere"]
    assert (came.stays, came.given_at, came.rep_id, came.won) == (8 * HOUR, during + HOUR, "ana", True)
    assert (gone.stays, gone.gone_at, gone.rep_id, gone.won) == (7 * HOUR, during + 7 * HOUR, None, False)
    assert (found["waits"].stays, found["waits"].gone_at, found["waits"].won) == (None, None, None)
    assert (found["waited"].at, found["waited"].given_at) == (before, during)


async def test_a_lead_that_its_rep_lost_took_up_his_place_until_then_and_one_withheld_needed_nobody(house: House):
    await house.reps("ana", "ben")
    during = SINCE + 50 * HOUR
    await house.lead("lost", during, given=during)
    await house.give("lost", None, during + 5 * HOUR)
    await house.lead("moved", during, given=during)
    await house.give("moved", "ben", during + 5 * HOUR)
    await house.lead("stopped", during)
    stop = AssignmentRecord(id="s", lead_id="stopped", rep_id=None, at=during + HOUR, by=STOPPED_BY)
    await house.records.assignments.record(stop)
    found = await house.arrivals()
    assert {lead_id: (each.stays, each.rep_id) for lead_id, each in found.items()} == {
        "lost": (5 * HOUR, None),
        "moved": (None, "ben"),
    }


async def test_leads_held_at_the_beginning_free_their_place_when_they_end_or_move(house: House):
    await house.reps("ana", "ben")
    early = SINCE - 50 * HOUR
    await house.lead("ends", early, given=early, ended=SINCE + 5 * HOUR)
    await house.lead("moves", early, given=early)
    await house.give("moves", "ben", SINCE + 7 * HOUR)
    await house.lead("stays", early, given=early)
    await house.give("stays", "ben", SINCE - HOUR)
    await house.lead("back in the pool", early, given=early)
    await house.give("back in the pool", None, SINCE - HOUR)
    held = [(each.rep_id, each.until) for each in (await house.read()).held]
    assert sorted(held, key=str) == [("ana", SINCE + 5 * HOUR), ("ana", SINCE + 7 * HOUR), ("ben", None)]


async def test_the_score_on_record_counts_and_only_the_rest_is_scored_as_of_its_arrival(house: House):
    await house.reps("ana")
    during = SINCE + 50 * HOUR
    await house.lead("scored", during, given=during + 2 * HOUR)
    await house.scored("scored", during + HOUR, 0.4, 2_000.0)
    await house.scored("scored", during + 5 * HOUR, 0.9, 9_000.0)
    await house.lead("unscored", during, given=during + HOUR)
    await house.lead("waited", SINCE - 9 * HOUR, given=during)
    found = await house.arrivals()
    assert (found["scored"].p_convert, found["scored"].value) == (0.4, 5_000.0)
    assert (found["unscored"].p_convert, found["unscored"].value) == (0.2, 500.0)
    assert house.rehearser.asked == {"unscored": during, "waited": SINCE}


async def test_who_was_away_when_is_read(house: House):
    await house.reps("ana", "ben")
    entry = RepAvailability(
        id="e", rep_id="ana", presence=Presence.AWAY, since=SINCE - HOUR, until=SINCE + HOUR, at=SINCE - HOUR, by="boss"
    )
    await house.records.availability.record(entry)
    await house.lead("l", SINCE + HOUR)
    assert (await house.read()).presence == {"ana": (entry,)}


async def test_what_happened_in_the_period_changes_no_plan(house: House):
    """Half the leads of the period are won by one rep, or by none of them, and bad data is said of the past."""
    await _history(house)
    for i in range(20):
        await house.lead(f"new-{i}", SINCE + i * HOUR, given=SINCE + i * HOUR, rep="ana" if i % 2 else "ben")
    before = await house.replayer.replay(ROOFING, FloorChange(leave=frozenset({"ben"})), days=14)
    for i in range(20):
        end = NOW - HOUR / 2
        kind = OutcomeKind.WON if i % 2 else OutcomeKind.LOST
        await house.records.outcomes.record(Outcome(lead_id=f"new-{i}", kind=kind, at=end))
    await house.records.rejections.record(
        LeadRejection(id="r", lead_id="past-1", rep_id="ana", reason=RejectReason.BAD_DATA, at=SINCE + HOUR)
    )
    after = await house.replayer.replay(ROOFING, FloorChange(leave=frozenset({"ben"})), days=14)
    assert (before.won, after.won) == (0, 10)
    assert (after.present, after.draft, after.wins) == (before.present, before.draft, before.wins)


async def test_what_is_known_of_reps_moves_leads_to_who_wins_them(house: House):
    await _history(house)
    for i in range(20):
        await house.lead(f"new-{i}", SINCE + i * HOUR, given=SINCE + i * HOUR, rep="ben")
    found = await house.replayer.replay(ROOFING, FloorChange(leave=frozenset({"ana"})), days=14)
    assert found.no_signal is None
    assert found.present.leads_by_rep["ana"] > found.present.leads_by_rep.get("ben", 0)
    assert found.draft.leads_by_rep == {"ben": 20}
    assert found.real.expected_wins == pytest.approx(found.draft.expected_wins)
    assert found.wins.low < found.wins.value < found.wins.high < 0
    assert found.draft.expected_value == pytest.approx(500 * found.draft.expected_wins)


async def test_nothing_is_recorded(house: House):
    await house.reps("ana")
    await house.lead("l", SINCE + HOUR)
    before = await _rows(house)
    await house.replayer.replay(ROOFING, FloorChange(), days=14)
    await house.replayer.tune(ROOFING, days=14, n_trials=4)
    assert await _rows(house) == before


async def test_progress_goes_through_its_stages(house: House):
    await house.reps("ana")
    await house.lead("l", SINCE + HOUR)
    told: list[tuple[str, float]] = []
    await house.replayer.replay(ROOFING, FloorChange(), days=14, progress=lambda *each: told.append(each))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["reading the days", "handing them out again"]
    assert told[-1] == ("handing them out again", pytest.approx(1.0))


@pytest.mark.parametrize("days", [0, 91])
async def test_days_out_of_range_are_refused(house: House, days: int):
    with pytest.raises(InvalidInputError, match="between 1 and 90"):
        await house.replayer.replay(ROOFING, FloorChange(), days=days)


async def test_a_period_without_leads_and_a_stranger_are_refused(house: House):
    await house.reps("ana")
    with pytest.raises(InvalidInputError, match="hold no lead of roofing"):
        await house.replayer.replay(ROOFING, FloorChange(), days=14)
    with pytest.raises(InvalidInputError, match="'stranger' is not a rep"):
        await house.replayer.replay(ROOFING, FloorChange(leave=frozenset({"stranger"})), days=14)


async def test_more_leads_than_can_be_replayed_are_refused(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("runtime.past_periods.MOST_LEADS", 1)
    await house.reps("ana")
    await house.lead("one", SINCE + HOUR)
    await house.lead("two", SINCE + HOUR)
    with pytest.raises(InvalidInputError, match="hold 2 leads; at most 1"):
        await house.replayer.replay(ROOFING, FloorChange(), days=14)


async def _history(house: House) -> None:
    """Ana wins every second lead, Ben one in ten; both are paid no attention to otherwise."""
    await house.reps("ana", "ben", capacity=40)
    for i in range(240):
        created = SINCE - timedelta(days=100) + i * HOUR
        rep = ("ana", "ben")[i % 2]
        won = (i // 2) % 2 == 0 if rep == "ana" else (i // 2) % 10 == 0
        kind = OutcomeKind.WON if won else OutcomeKind.LOST
        await house.lead(f"past-{i}", created, given=created, rep=rep, ended=created + timedelta(days=5), kind=kind)


async def _rows(house: House) -> dict[str, int]:
    async with house.records.assignment_log.database.reading() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in metadata.sorted_tables
        }
