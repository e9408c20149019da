"""Whole corpora on disk, shared by processes."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from domain.errors import KnowledgeUnavailableError
from domain.knowledge import Passage
from domain.values import content_hash
from knowledge.snapshots import SnapshotFolder
from knowledge.store import IndexedPassage

ROOT = Path(__file__).parents[3]
HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from knowledge.snapshots import SnapshotFolder
folder = Path(sys.argv[1])
with SnapshotFolder(folder).writing():
    (folder / "unpublished-half").mkdir()
    print("holding", flush=True)
    sys.stdin.read()
"""


def entry(text, vector=None):
    passage = Passage(
        id=content_hash(text, length=32),
        document_id="papers/a.md",
        title="",
        heading="",
        text=text,
        market="roofing",
        kind="other",
        source="papers/a.md",
    )
    return IndexedPassage(passage, vector)


@pytest.fixture
def folder(tmp_path):
    return SnapshotFolder(tmp_path / "knowledge")


def publish(folder, *texts):
    with folder.writing():
        return folder.publish([entry(text, np.full(4, len(text), dtype=np.float32)) for text in texts])


def test_before_the_first_snapshot_there_is_nothing(folder):
    assert folder.current() is None
    assert folder.load() == (None, [])


def test_what_was_published_is_loaded(folder):
    version = publish(folder, "one", "three")
    loaded_version, loaded = folder.load()
    assert (folder.current(), loaded_version) == (version, version)
    assert {(e.passage.text, tuple(e.vector)) for e in loaded} == {("one", (3.0,) * 4), ("three", (5.0,) * 4)}


def test_passages_without_vectors_come_back_without(folder):
    with folder.writing():
        folder.publish([entry("one"), entry("two")])
    assert [e.vector for e in folder.load()[1]] == [None, None]


def test_the_same_passages_in_any_order_have_one_name(folder):
    assert publish(folder, "one", "two") == publish(folder, "two", "one")


def test_the_previous_snapshot_stays_for_those_who_are_reading_it(folder):
    versions = [publish(folder, text) for text in ("one", "two", "three")]
    assert {child.name for child in folder.folder.iterdir() if child.is_dir()} == set(versions[1:])


def test_a_reader_whose_snapshot_vanished_takes_the_newest(folder, monkeypatch):
    gone, newest = "f" * 16, publish(folder, "one")
    answers = iter([gone, newest])
    monkeypatch.setattr(SnapshotFolder, "current", lambda _: next(answers))
    assert folder.load()[0] == newest


@pytest.mark.parametrize("file", ["passages.jsonl", "vectors.npy"])
def test_a_damaged_snapshot_says_what_to_do(folder, file):
    version = publish(folder, "one", "two")
    (folder.folder / version / file).write_bytes(b"damaged")
    with pytest.raises(KnowledgeUnavailableError, match="run `leadline ingest` again"):
        folder.load()


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    blocked = SnapshotFolder(tmp_path / "file" / "knowledge")
    with pytest.raises(KnowledgeUnavailableError, match="check its permissions"), blocked.writing():
        pass


def test_a_killed_writer_leaves_nothing_locked_and_nothing_lying_about(folder):
    version = publish(folder, "one")
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(folder.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout.readline() == b"holding\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert folder.load()[0] == version
    publish(folder, "two")
    assert not (folder.folder / "unpublished-half").exists()
