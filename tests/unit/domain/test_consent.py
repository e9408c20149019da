from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.events import Channel, ConsentEvent, Purpose, has_consent, has_refused
from domain.values import LeadId

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARKETING = Purpose.MARKETING


def event(
    hours_ago: float, *, granted: bool, channel: Channel | None = Channel.EMAIL, expires_at: datetime | None = None
) -> ConsentEvent:
    return ConsentEvent(
        id=f"{hours_ago}-{granted}-{channel}",
        lead_id=LeadId("L-1"),
        channel=channel,
        granted=granted,
        at=NOW - timedelta(hours=hours_ago),
        source="form",
        expires_at=expires_at,
    )


def test_silence_is_no_consent() -> None:
    assert not has_consent([], Channel.EMAIL, MARKETING, now=NOW)


def test_a_grant_for_one_channel_says_nothing_about_another() -> None:
    assert not has_consent([event(1, granted=True)], Channel.SMS, MARKETING, now=NOW)


def test_a_grant_for_marketing_says_nothing_about_service() -> None:
    assert not has_consent([event(1, granted=True)], Channel.EMAIL, Purpose.SERVICE, now=NOW)


def test_a_withdrawal_for_every_channel_ends_each() -> None:
    events = [event(5, granted=True), event(1, granted=False, channel=None)]

    assert not has_consent(events, Channel.EMAIL, MARKETING, now=NOW)


def test_at_the_same_instant_no_wins() -> None:
    assert not has_consent([event(1, granted=True), event(1, granted=False)], Channel.EMAIL, MARKETING, now=NOW)


def test_an_expired_grant_counts_as_none() -> None:
    events = [event(5, granted=True, expires_at=NOW)]

    assert not has_consent(events, Channel.EMAIL, MARKETING, now=NOW)


def test_a_withdrawal_in_the_future_does_not_count_yet() -> None:
    assert has_consent([event(1, granted=True), event(-1, granted=False)], Channel.EMAIL, MARKETING, now=NOW)


@given(
    st.lists(
        st.builds(
            lambda hours, granted, channel: event(hours, granted=granted, channel=channel),
            st.floats(-48, 48),
            st.booleans(),
            st.sampled_from([None, Channel.EMAIL, Channel.SMS]),
        ),
        max_size=8,
    )
)
def test_after_a_newest_withdrawal_nothing_else_matters(events: list[ConsentEvent]) -> None:
    refused = [*events, event(-49, granted=False, channel=None)]

    assert not has_consent(refused, Channel.EMAIL, MARKETING, now=NOW + timedelta(hours=50))


@given(st.permutations([event(3, granted=True), event(2, granted=False), event(1, granted=True)]))
def test_the_order_of_events_in_the_list_does_not_matter(events: list[ConsentEvent]) -> None:
    assert has_consent(events, Channel.EMAIL, MARKETING, now=NOW)


def test_a_no_to_every_channel_is_a_refusal_until_the_lead_says_yes_again() -> None:
    no = event(5, granted=False, channel=None)
    assert has_refused([no], MARKETING, now=NOW)
    assert not has_refused([no], Purpose.SERVICE, now=NOW)
    assert not has_refused([no], MARKETING, now=NOW - timedelta(hours=6))
    assert has_refused([event(5, granted=True), no], MARKETING, now=NOW)
    assert not has_refused([no, event(1, granted=True)], MARKETING, now=NOW)


def test_a_no_to_one_channel_and_silence_are_no_refusal() -> None:
    assert not has_refused([event(1, granted=False)], MARKETING, now=NOW)
    assert not has_refused([], MARKETING, now=NOW)


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans(), st.sampled_from([None, Channel.EMAIL, Channel.SMS]))))
def test_who_refused_has_consent_on_no_channel(said: list[tuple[int, bool, Channel | None]]) -> None:
    events = [event(hours, granted=yes, channel=channel) for hours, yes, channel in said]
    if has_refused(events, MARKETING, now=NOW):
        assert not any(has_consent(events, channel, MARKETING, now=NOW) for channel in Channel)
