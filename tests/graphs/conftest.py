"""Fixtures of the graph tests: a scripted OpenAI-compatible server, and a co-pilot over doubles."""

from collections.abc import Iterator

import pytest

from tests.doubles.scripted_llm import ScriptedServer, serve_script


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A server whose whole script must be asked for, and nothing beyond it."""
    with serve_script() as script:
        yield script
        script.assert_used_up()
