"""Files into the index, and what a second run changes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError, KnowledgeUnavailableError
from domain.knowledge import KnowledgeQuery
from domain.values import Market
from knowledge.bm25 import Bm25
from knowledge.edge import EdgeStore
from knowledge.ingest import KnowledgeBase
from knowledge.snapshots import SnapshotFolder

NOW = datetime(2026, 4, 1, tzinfo=UTC)


class LetterEncoder:
    """Encodes a text as the frequencies of its letters."""

    name = "letters"
    size = 26

    def __init__(self):
        self.encoded = 0

    def encode(self, texts):
        self.encoded += len(texts)
        rows = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def counts(report):
    return report.documents, report.passages, report.added, report.removed, report.unchanged


def find(base, text, market, **fields):
    return base.retriever().search_now(KnowledgeQuery(text=text, market=market, **{"at": NOW} | fields)).hits


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_over_the_same_files_changes_nothing(by_words, write, market, tmp_path):
    write("a.md", "# A\nhail\n# B\ngutters")
    folder = write("b.md", "deposit").parent
    first = by_words.ingest([folder], market)
    before = files(tmp_path / "knowledge")
    second = by_words.ingest([folder], market)
    assert counts(first) == (2, 3, 3, 0, 0)
    assert counts(second) == (2, 3, 0, 0, 3)
    assert second.corpus_version == first.corpus_version
    assert files(tmp_path / "knowledge") == before


def test_only_changed_passages_are_encoded_again(write, market, tmp_path):
    encoder = LetterEncoder()
    base = KnowledgeBase(EdgeStore(SnapshotFolder(tmp_path / "knowledge"), Bm25()), encoder)
    file = write("a.md", "# A\nhail\n# B\ngutters\n# C\ndeposit")
    base.ingest([file], market)
    write("a.md", "# A\nhail\n# B\ngutters and guards\n# C\ndeposit")
    report = base.ingest([file], market)
    assert counts(report) == (1, 3, 1, 1, 2)
    assert encoder.encoded == 4


def test_a_file_that_left_its_folder_leaves_the_index(by_words, write, market):
    gone = write("a.md", "hail")
    folder = write("b.md", "gutters").parent
    by_words.ingest([folder], market)
    gone.unlink()
    report = by_words.ingest([folder], market)
    assert counts(report) == (1, 1, 0, 1, 1)
    assert find(by_words, "hail", market) == ()


def test_one_file_leaves_the_others_of_its_folder_alone(by_words, write, market):
    write("a.md", "hail")
    file = write("b.md", "gutters")
    by_words.ingest([file.parent], market)
    write("b.md", "deposit")
    assert counts(by_words.ingest([file], market)) == (1, 1, 1, 1, 0)
    assert len(find(by_words, "hail", market)) == 1


def test_another_folder_and_another_market_stay(by_words, write, tmp_path, market):
    here = write("a.md", "hail").parent
    there = tmp_path / "more"
    there.mkdir()
    (there / "b.md").write_text("hail again", encoding="utf-8")
    by_words.ingest([here], market)
    by_words.ingest([here], Market("roofing"))
    by_words.ingest([there], market)
    assert {hit.passage.document_id for hit in find(by_words, "hail", market)} == {"papers/a.md", "more/b.md"}
    assert [hit.passage.market for hit in find(by_words, "hail", Market("roofing"))] == ["roofing"]


def test_a_bad_file_changes_nothing(by_words, write, market):
    folder = write("a.md", "hail").parent
    version = by_words.ingest([folder], market).corpus_version
    write("a.md", "gutters")
    write("b.docx", "no zip")
    with pytest.raises(InvalidInputError, match=r"b\.docx"):
        by_words.ingest([folder], market)
    assert by_words.store.view().corpus_version(market) == version
    assert len(find(by_words, "hail", market)) == 1


def test_an_encoder_that_fails_changes_nothing(write, market, tmp_path):
    class Failing(LetterEncoder):
        def encode(self, texts):
            raise KnowledgeUnavailableError("no model")

    base = KnowledgeBase(EdgeStore(SnapshotFolder(tmp_path / "knowledge"), Bm25()), Failing())
    with pytest.raises(KnowledgeUnavailableError, match="no model"):
        base.ingest([write("a.md", "hail")], market)
    assert base.store.view().stored(market) == {}


def test_new_metadata_rewrites_a_passage_under_its_old_id(by_words, write, market):
    file = write("a.md", "hail")
    by_words.ingest([file], market)
    [before] = find(by_words, "hail", market)
    write("a.md", "---\nvalid_until: 2026-03-01\n---\nhail")
    assert counts(by_words.ingest([file], market)) == (1, 1, 1, 0, 0)
    assert find(by_words, "hail", market) == ()
    [earlier] = find(by_words, "hail", market, at=NOW - timedelta(days=60))
    assert earlier.passage.id == before.passage.id


def test_every_hit_can_be_cited(by_words, write, market):
    by_words.ingest([write("a.md", "# A\nhail\n# B\nhail and gutters")], market)
    hits = find(by_words, "hail", market)
    assert len(hits) == 2
    assert [by_words.passage(hit.passage.id) for hit in hits] == [hit.passage for hit in hits]


def test_a_passage_that_is_gone_is_cited_no_more(by_words, write, market):
    file = write("a.md", "hail")
    by_words.ingest([file], market)
    [hit] = find(by_words, "hail", market)
    write("a.md", "gutters")
    by_words.ingest([file], market)
    assert by_words.passage(hit.passage.id) is None


def test_progress_goes_from_none_to_all(write, market, tmp_path):
    base = KnowledgeBase(EdgeStore(SnapshotFolder(tmp_path / "knowledge"), Bm25()), LetterEncoder())
    told = []
    text = "\n".join(f"# Heading {n}\ntext" for n in range(70))
    base.ingest([write("a.md", text)], market, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 70), (32, 70), (64, 70), (70, 70)]


def test_two_readers_see_what_a_third_has_written(write, market, tmp_path):
    bases = [KnowledgeBase(EdgeStore(SnapshotFolder(tmp_path / "knowledge"), Bm25()), None) for _ in range(3)]
    assert [find(base, "hail", market) for base in bases] == [(), (), ()]
    bases[0].ingest([write("a.md", "hail")], market)
    assert [len(find(base, "hail", market)) for base in bases] == [1, 1, 1]


def test_an_open_index_leaves_no_file_of_its_own(by_words, write, market, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    by_words.ingest([write("a.md", "hail")], market)
    assert len(find(by_words, "hail", market)) == 1
    assert list(scratch.iterdir()) == []
