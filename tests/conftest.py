"""What every test gets: no network but loopback, and no error logged that the test did not ask for."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

_LOCAL = {"127.0.0.1", "::1", "localhost", "0.0.0.0", ""}


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251 - before numpy is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 - the same
    threadpool_limits(limits=1)  # for libraries that a plugin has loaded by now
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # noqa: TID251 - exactly this word, before ragas is imported
    config.addinivalue_line("markers", "logs_errors: the subject of this test logs at error level on purpose")


@pytest.fixture(autouse=True)
def _network_is_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host not in _LOCAL:
            raise PermissionError(f"a test tried to reach {host!r}; tests use loopback only")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_error_is_swallowed(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert errors == [], f"logged at error level: {errors}"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LEADLINE_DATA", "../shared/data"))  # noqa: TID251 - where the data sets are
    if not folder.is_dir():
        pytest.skip(f"real data sets are not at {folder}; set LEADLINE_DATA to run this test")
    return folder
