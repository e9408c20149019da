import json
import logging

import pytest
import structlog

from runtime.logs import configure_logging
from runtime.settings import Settings


def test_lines_are_json_with_facts_as_keys(capsys: pytest.CaptureFixture[str]):
    configure_logging(Settings(log_format="json", log_level="info"))
    structlog.get_logger("test").info("nudge_planned", lead_id="dana")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["lead_id"], line["level"]) == ("nudge_planned", "dana", "info")


def test_the_standard_library_logs_in_the_same_form(capsys: pytest.CaptureFixture[str]):
    configure_logging(Settings(log_format="json"))
    logging.getLogger("somebody.else").warning("watch %s", "out")
    assert json.loads(capsys.readouterr().err)["event"] == "watch out"


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]):
    configure_logging(Settings(log_level="warning"))
    structlog.get_logger("test").info("quiet")
    logging.getLogger("test").info("quiet")
    assert capsys.readouterr().err == ""


def test_the_console_form_is_readable(capsys: pytest.CaptureFixture[str]):
    configure_logging(Settings(log_format="console"))
    structlog.get_logger("test").warning("process_died", name="api")
    said = capsys.readouterr().err
    assert "process_died" in said
    assert "name=api" in said
