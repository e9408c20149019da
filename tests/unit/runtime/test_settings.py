import re
from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from runtime.settings import ADDRESS_FILE, Settings, load_settings, temporal_address

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `LEADLINE_(\w+)` \|(.*?)\|", PAGE, re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else_is():
    assert sorted(ROWS) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_documented_default_is_the_default(name: str):
    default = Settings.model_fields[name].default
    assert ROWS[name.upper()].strip("` ") == ("" if default in {None, "", ()} else str(default))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "99999"),
        ("API_PORT", "many"),
        ("LLM_TIMEOUT_S", "0"),
        ("TEMPORAL_ADDRESS", "nowhere"),
        ("TEMPORAL_ADDRESS", ":7233"),
        ("OUTBOX", "pigeon"),
        ("LOG_LEVEL", "loud"),
        ("JOURNEY_TIME_SCALE", "2"),
        ("MAX_BODY_BYTES", "1"),
        ("TRAINING_SCHEDULE", "weekly"),
        ("TRAIN_HOUR_UTC", "24"),
        ("ROUTING_VIP_RESERVE", "1"),
        ("ROUTING_POOL_DEADLINE_S", "0"),
    ],
)
def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(f"LEADLINE_{name}", value)
    with pytest.raises(InvalidInputError, match=f"^LEADLINE_{name}: '{value}'"):
        load_settings()


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, clean_place: Path):
    (clean_place / ".env").write_text("LEADLINE_API_PORT=9001\nLEADLINE_MARKET=roofing\n")
    monkeypatch.setenv("LEADLINE_API_PORT", "9002")
    settings = load_settings()
    assert (settings.api_port, settings.market) == (9002, "roofing")


def test_an_override_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADLINE_API_PORT", "9002")
    assert load_settings(api_port=9003).api_port == 9003


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch):
    for name in ("LLM_API_KEY", "API_KEY", "QDRANT_API_KEY", "SMTP_URL"):
        monkeypatch.setenv(f"LEADLINE_{name}", "s3cret")
    assert "s3cret" not in repr(load_settings())


def test_records_are_a_file_at_home_unless_a_database_is_named(clean_place: Path):
    assert Settings(home=clean_place).records_url == f"sqlite+aiosqlite:///{clean_place}/leadline.db"
    assert Settings(database_url="postgresql://h/x").records_url == "postgresql://h/x"


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, False), ({"llm_base_url": "http://h/v1"}, True), ({"llm_api_key": "k"}, True)],
)
def test_a_chat_model_needs_an_address_or_a_key(values: dict[str, str], expected: bool):  # noqa: FBT001 - the expected value
    assert Settings(**values).has_llm is expected


def test_temporal_is_the_one_set_then_the_one_running_then_the_usual_one(clean_place: Path):
    usual = temporal_address(Settings(home=clean_place))
    (clean_place / ADDRESS_FILE).write_text("127.0.0.1:5555\n")
    running = temporal_address(Settings(home=clean_place))
    named = temporal_address(Settings(home=clean_place, temporal_address="t.internal:7233"))
    assert (usual, running, named) == ("127.0.0.1:7233", "127.0.0.1:5555", "t.internal:7233")


def test_the_rules_of_routing_are_the_usual_ones_unless_they_are_set(monkeypatch: pytest.MonkeyPatch):
    assert load_settings().routing_policy == RoutingPolicy()
    for name, value in (("VIP_VALUE", "5000"), ("PREEMPT", "false"), ("POOL_OWNER", "lee"), ("FAIRNESS", "0.5")):
        monkeypatch.setenv(f"LEADLINE_ROUTING_{name}", value)
    rules = load_settings().routing_policy
    assert (rules.vip_value, rules.preempt, rules.pool_owner, rules.fairness) == (5000.0, False, "lee", 0.5)


def test_every_rule_of_routing_can_be_set():
    assert {f"routing_{name}" for name in RoutingPolicy.model_fields} <= set(Settings.model_fields)


def test_no_value_makes_a_vip_when_the_setting_is_empty(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADLINE_ROUTING_VIP_VALUE", "")
    assert load_settings().routing_policy.vip_value is None
