"""When reps work: nights, weekends, holidays, shifts over midnight, other zones, and clocks that change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.working_hours import WORKING_WEEK, Weekday, WorkingHours

BERLIN = WorkingHours(timezone="Europe/Berlin", days=WORKING_WEEK, start_hour=9, end_hour=18)
NIGHTS = WorkingHours(timezone="UTC", days=(Weekday.FRI,), start_hour=22, end_hour=6)
CHRISTMAS = frozenset({date(2026, 12, 24), date(2026, 12, 25)})


def utc(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        (utc(17, 10), utc(17, 10)),
        (utc(17, 8), utc(17, 8)),
        (utc(17, 7, 59), utc(17, 8)),
        (utc(17, 17), utc(18, 8)),
        (utc(20, 16, 59), utc(20, 16, 59)),
        (utc(20, 17), utc(23, 8)),
        (utc(21, 12), utc(23, 8)),
    ],
    ids=["at noon", "as he begins", "before", "after", "friday's last minute", "friday evening", "saturday"],
)
def test_he_works_from_now_on_or_from_his_next_shift_on(at, begins):
    assert BERLIN.begins(at) == begins


def test_a_holiday_begins_no_shift():
    assert BERLIN.begins(utc(23, 20, month=12), holidays=CHRISTMAS) == utc(28, 8, month=12)


@pytest.mark.parametrize(
    ("at", "begins"),
    [(utc(20, 21), utc(20, 22)), (utc(21, 3), utc(21, 3)), (utc(21, 6), utc(27, 22))],
    ids=["before his night", "in it, on a saturday", "after it"],
)
def test_a_shift_may_end_on_the_next_day(at, begins):
    assert NIGHTS.begins(at) == begins


def test_the_local_hour_counts_when_clocks_change():
    """Central European Summer Time begins on 29 March 2026."""
    monday = WorkingHours(timezone="Europe/Berlin", days=(Weekday.MON,), start_hour=9, end_hour=18)
    assert [monday.begins(utc(day, 0, month=3)) for day in (23, 30)] == [utc(23, 8, month=3), utc(30, 7, month=3)]


def test_who_works_on_no_day_never_begins():
    idle = BERLIN.model_copy(update={"days": ()})
    assert idle.begins(utc(17, 10)) is None
    assert idle.answers_by(utc(17, 10), timedelta(hours=1)) == utc(17, 11)


@pytest.mark.parametrize(
    ("at", "patience", "by"),
    [
        (utc(17, 10), timedelta(minutes=2), utc(17, 10, 2)),
        (utc(17, 2), timedelta(minutes=2), utc(17, 8, 2)),
        (utc(17, 10), timedelta(days=1), utc(18, 10)),
        (utc(20, 16, 30), timedelta(days=1), utc(23, 9)),
        (utc(20, 16, 59), timedelta(minutes=2), utc(23, 8, 2)),
    ],
    ids=["at work", "asleep", "a day", "over the weekend", "in his last minute"],
)
def test_time_to_answer_is_never_up_before_he_could(at, patience, by):
    assert BERLIN.answers_by(at, patience) == by


def test_a_shift_that_clocks_jump_over_is_none():
    """In New York there is no hour from 2 to 3 on 8 March 2026."""
    hours = WorkingHours(timezone="America/New_York", days=(Weekday.SUN,), start_hour=2, end_hour=3)
    assert hours.begins(utc(8, 0, month=3)) == utc(15, 6, month=3)


@example(datetime(2026, 3, 8, tzinfo=UTC), {Weekday.SUN}, 2, 6, "America/New_York")
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - UTC is given apart
    st.sets(st.sampled_from(list(Weekday)), min_size=1),
    st.integers(0, 23),
    st.integers(1, 24),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_what_begins_is_working_time_and_comes_soon(at, days, start, end, zone):
    hours = WorkingHours(timezone=zone, days=tuple(days), start_hour=start, end_hour=end)
    begins = hours.begins(at)
    assert begins is not None
    assert at <= begins <= at + timedelta(days=8)
    assert hours.begins(begins) == begins
    local = begins.astimezone(ZoneInfo(zone))
    # An hour that clocks jump over begins when they have jumped: an hour later, or half of one on Lord Howe Island.
    assert begins == at or (local.hour - start) % 24 <= 1
