"""Which leads belong together, and who counts as there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.routing import ContactKeys, Presence, RepAvailability, availability_at, contact_keys

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("email", "phone", "keys"),
    [
        (" Jo@Miller.Example ", None, ContactKeys(email="jo@miller.example", domain="miller.example")),
        ("jo@gmail.com", None, ContactKeys(email="jo@gmail.com")),
        ("jo@localhost", None, ContactKeys(email="jo@localhost")),
        ("no address", None, ContactKeys()),
        ("@miller.example", None, ContactKeys()),
        (None, "+1 (202) 555-0123", ContactKeys(phone="12025550123")),
        (None, "911", ContactKeys()),
        (None, None, ContactKeys()),
    ],
)
def test_keys_are_what_is_the_same_however_it_was_written(email: str | None, phone: str | None, keys: ContactKeys):
    assert contact_keys(email, phone) == keys


@given(email=st.emails(), phone=st.text(max_size=30))
def test_keys_of_keys_are_the_same(email: str, phone: str):
    keys = contact_keys(email, phone)
    assert contact_keys(keys.email, keys.phone) == keys


def test_of_the_entries_that_cover_a_moment_the_one_recorded_last_counts():
    def entry(name: str, presence: Presence, *, at: int, since: int = 0, until: int | None = None) -> RepAvailability:
        hours = {"since": NOON + timedelta(hours=since), "at": NOON + timedelta(hours=at)}
        end = None if until is None else NOON + timedelta(hours=until)
        return RepAvailability(id=name, rep_id="ana", presence=presence, until=end, by="boss", **hours)

    offline = entry("offline", Presence.OFFLINE, at=0)
    holiday = entry("holiday", Presence.AWAY, at=1, since=5, until=9)
    sooner = entry("back", Presence.AVAILABLE, at=1, since=7)
    entries = [offline, holiday, sooner]
    counts = [availability_at(entries, now=NOON + timedelta(hours=hour)) for hour in (-1, 4, 6, 8, 9)]
    assert [each.id if each else None for each in counts] == [None, "offline", "holiday", "back", "back"]
