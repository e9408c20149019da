"""Passages, documents and a knowledge base for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.values import Market
from knowledge.bm25 import Bm25
from knowledge.edge import EdgeStore
from knowledge.ingest import KnowledgeBase
from knowledge.snapshots import SnapshotFolder

MARKET = Market("insurance_partners")


@pytest.fixture
def market():
    return MARKET


@pytest.fixture
def by_words(tmp_path) -> KnowledgeBase:
    """A knowledge base without dense vectors: milliseconds instead of seconds."""
    return KnowledgeBase(EdgeStore(SnapshotFolder(tmp_path / "knowledge"), Bm25()), None)


@pytest.fixture
def write(tmp_path) -> Callable[[str, str], Path]:
    """Write a file under the folder `papers` and return its path."""

    def write_file(name: str, text: str) -> Path:
        file = tmp_path / "papers" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write_file
