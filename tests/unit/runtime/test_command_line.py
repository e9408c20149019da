import re
import sys

import pytest

from runtime.cli import COMMANDS, build_app, main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `leadline` with arguments: (exit status, stdout, stderr without colours)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["leadline", *arguments])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, re.sub(r"\x1b\[[0-9;]*m", "", err)

    return run


def test_help_lists_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    assert [name for name in COMMANDS if re.search(rf"^[ │]*{name}\b", out, re.MULTILINE)] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run, name: str):
    status, out, _ = run(name, "--help")
    assert (status, f"leadline {name}" in out) == (0, True)


def test_commands_are_what_they_are_called():
    assert [command.name for command in build_app().registered_commands] == list(COMMANDS)


def test_an_unknown_command_is_a_mistake_of_the_caller(run):
    status, _, err = run("sell")
    assert (status, "No such command 'sell'" in err) == (2, True)


def test_a_bad_setting_is_one_line_that_names_the_variable(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADLINE_API_PORT", "99999")
    status, _, err = run("score", "dana")
    assert (status, err.startswith("error: InvalidInputError: LEADLINE_API_PORT: '99999'")) == (2, True)
