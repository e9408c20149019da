import pytest

from domain.errors import InvalidInputError, UnknownMarketError
from tools.nudges.catalogue import load_catalogue, load_catalogues, parse_catalogue

ACTIONS = {"email_intro", "email_case_study", "email_followup", "sms_checkin", "call", "proposal", "wait"}
WAITING = "{id: wait, label: Wait, channel: null, wait_hours: 24, prior: [1, 24]}"
HOURS = "contact_hours: {start: 9, end: 18}"


def test_every_market_has_the_seven_actions():
    actions = {market: {e.action.id for e in c.entries} for market, c in load_catalogues().items()}
    assert actions == dict.fromkeys(("insurance_partners", "real_estate", "roofing"), ACTIONS)


def test_calls_and_proposals_need_a_human(roofing):
    assert {e.action.id for e in roofing.entries if e.action.needs_human} == {"call", "proposal"}


def test_an_unknown_market_is_named_with_the_known_ones():
    with pytest.raises(UnknownMarketError, match=r"'space'.*insurance_partners, real_estate, roofing"):
        load_catalogue("space")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is not a catalogue"),
        ("{", "is not a catalogue"),
        (f"{HOURS}\nactions: []", "lack `wait`"),
        (f"{HOURS}\nactions: [{WAITING}, {WAITING}]", "name one twice"),
        (f"contact_hours: {{start: 9, end: 9}}\nactions: [{WAITING}]", "start must be before end"),
        (
            f"{HOURS}\nactions: [{WAITING}, {{id: call, label: Call, channel: null, wait_hours: 1, prior: [1, 1]}}]",
            "has no channel",
        ),
        (f"{HOURS}\nactions: [{WAITING.replace('[1, 24]', '[0, 24]')}]", "greater than 0"),
        (f"{HOURS}\nsurprise: 1\nactions: [{WAITING}]", "not permitted"),
    ],
)
def test_a_malformed_catalogue_is_refused_by_rule(text, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_catalogue(text, "test")


def test_the_version_is_the_content(roofing):
    assert roofing.version == load_catalogue("roofing").version
    assert roofing.version != roofing.model_copy(update={"exploration": 0.5}).version
