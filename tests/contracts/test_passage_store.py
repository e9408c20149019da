"""The laws of `PassageStore` and `PassageIndex`, on the embedded engine and on the server's code in local mode."""

import warnings
from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np
import pytest
from qdrant_client import QdrantClient

from domain.knowledge import Passage
from domain.values import Market, ProductId, content_hash
from knowledge.bm25 import Bm25
from knowledge.edge import EdgeStore
from knowledge.server import ServerStore
from knowledge.snapshots import SnapshotFolder
from knowledge.store import EMPTY_CORPUS, IndexedPassage, Scope, StoredPassage, corpus_version, fingerprint

ROOFING = Market("roofing")
ESTATE = Market("real_estate")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIZE = 16
TEXTS = (
    "The warranty on metal roofs covers hail for fifty years.",
    "Gutters are measured and fitted in one day.",
    "A deposit of ten percent is due when the contract is signed.",
    "Hail damage must be reported to the insurer within one year.",
    "The crew hauls away the old shingles on the same day.",
)


@pytest.fixture(params=["edge", "server"])
def store(request, tmp_path):
    opened = edge(tmp_path) if request.param == "edge" else server()
    yield opened
    opened.close()


def edge(folder):
    return EdgeStore(SnapshotFolder(folder), Bm25())


def server():
    return ServerStore(QdrantClient(":memory:"), collection="passages", size=SIZE, bm25=Bm25())


@pytest.fixture(autouse=True)
def _local_mode_says_what_it_lacks():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Payload indexes have no effect in the local Qdrant", UserWarning)
        warnings.filterwarnings("ignore", "Local mode performs exact", UserWarning)
        yield


def entry(text, *, market=ROOFING, seed=None, document_id="papers/roof.md", **fields):
    passage = Passage(
        id=content_hash(market, document_id, text, length=32),
        document_id=document_id,
        title="Roofs",
        heading="All about them",
        text=text,
        market=market,
        kind=fields.pop("kind", "product"),
        source=document_id,
        **fields,
    )
    vector = np.random.default_rng(crc32(text.encode()) if seed is None else seed).normal(size=SIZE).astype(np.float32)
    return IndexedPassage(passage, vector / np.linalg.norm(vector))


def scope(market=ROOFING, at=NOW, **fields):
    return Scope(market, at, **fields)


def ids(found):
    return [id_ for id_, _ in found]


def found_by(store, where, *, text="hail warranty deposit gutters shingles day"):
    """Return what dense and sparse search find in a scope; both must agree on who is in it."""
    view = store.view()
    vector = np.ones(SIZE, dtype=np.float32)
    dense, sparse = set(ids(view.dense(vector, where, limit=50))), set(ids(view.sparse(text, where, limit=50)))
    assert sparse <= dense
    return dense


def test_an_empty_store_finds_nothing(store):
    view = store.view()
    assert view.dense(np.ones(SIZE, dtype=np.float32), scope(), limit=5) == []
    assert view.sparse("hail", scope(), limit=5) == []
    assert view.fetch(["0" * 32]) == ()
    assert view.stored(ROOFING) == {}
    assert view.corpus_version(ROOFING) == EMPTY_CORPUS


def test_what_was_written_can_be_fetched_in_the_order_asked(store):
    entries = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=entries, delete=[])
    asked = [entries[3].passage.id, "unknown", entries[0].passage.id]
    assert store.view().fetch(asked) == (entries[3].passage, entries[0].passage)


def test_fetching_nothing_returns_nothing(store):
    store.apply(ROOFING, upsert=[entry(TEXTS[0])], delete=[])
    assert store.view().fetch([]) == ()


def test_stored_gives_document_and_fingerprint_of_one_market(store):
    here, elsewhere = entry(TEXTS[0]), entry(TEXTS[0], market=ESTATE)
    store.apply(ROOFING, upsert=[here], delete=[])
    store.apply(ESTATE, upsert=[elsewhere], delete=[])
    expected = {here.passage.id: StoredPassage("papers/roof.md", fingerprint(here.passage))}
    assert store.view().stored(ROOFING) == expected


def test_the_same_change_twice_is_the_same_as_once(store):
    entries = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=entries, delete=["unknown"])
    once = store.view().stored(ROOFING), store.view().corpus_version(ROOFING)
    store.apply(ROOFING, upsert=entries, delete=["unknown"])
    assert (store.view().stored(ROOFING), store.view().corpus_version(ROOFING)) == once


def test_a_passage_written_again_replaces_the_old_one(store):
    old = entry(TEXTS[0])
    new = IndexedPassage(old.passage.model_copy(update={"title": "Metal roofs"}), old.vector)
    store.apply(ROOFING, upsert=[old], delete=[])
    store.apply(ROOFING, upsert=[new], delete=[])
    assert store.view().fetch([old.passage.id]) == (new.passage,)
    assert len(store.view().stored(ROOFING)) == 1


def test_a_deleted_passage_is_found_no_more(store):
    kept, gone = entry(TEXTS[0]), entry(TEXTS[3])
    store.apply(ROOFING, upsert=[kept, gone], delete=[])
    store.apply(ROOFING, upsert=[], delete=[gone.passage.id])
    assert ids(store.view().sparse("hail", scope(), limit=5)) == [kept.passage.id]
    assert store.view().fetch([gone.passage.id]) == ()


def test_dense_search_ranks_by_cosine(store):
    entries = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=entries, delete=[])
    wanted = entries[2].vector
    expected = sorted(((e.passage.id, float(e.vector @ wanted)) for e in entries), key=lambda pair: -pair[1])
    found = store.view().dense(wanted, scope(), limit=3)
    assert ids(found) == ids(expected[:3])
    assert [score for _, score in found] == pytest.approx([score for _, score in expected[:3]], abs=1e-5)


def test_sparse_search_ranks_the_rarer_word_higher(store):
    entries = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=entries, delete=[])
    found = store.view().sparse("hail and gutters", scope(), limit=5)
    assert found[0][0] == entries[1].passage.id
    assert set(ids(found)) == {entries[i].passage.id for i in (0, 1, 3)}


def test_sparse_search_for_stop_words_finds_nothing(store):
    store.apply(ROOFING, upsert=[entry(TEXTS[0])], delete=[])
    assert store.view().sparse("the of and", scope(), limit=5) == []


def test_limit_cuts_the_list(store):
    store.apply(ROOFING, upsert=[entry(text) for text in TEXTS], delete=[])
    assert len(store.view().dense(np.ones(SIZE, dtype=np.float32), scope(), limit=2)) == 2


def test_another_markets_passages_are_never_found(store):
    here, elsewhere = entry(TEXTS[0]), entry(TEXTS[3], market=ESTATE)
    store.apply(ROOFING, upsert=[here], delete=[])
    store.apply(ESTATE, upsert=[elsewhere], delete=[])
    assert found_by(store, scope(ROOFING)) == {here.passage.id}
    assert found_by(store, scope(ESTATE)) == {elsewhere.passage.id}
    assert found_by(store, scope(Market("cars"))) == set()


def test_the_rarity_of_a_word_is_counted_within_the_market(store):
    here = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=here, delete=[])
    before = store.view().sparse("hail", scope(), limit=5)
    store.apply(ESTATE, upsert=[entry(f"Hail, {text}", market=ESTATE) for text in TEXTS], delete=[])
    after = store.view().sparse("hail", scope(), limit=5)
    assert ids(after) == ids(before)
    assert [score for _, score in after] == pytest.approx([score for _, score in before], abs=1e-5)


def test_a_product_finds_its_own_passages_and_those_of_no_product(store):
    metal = entry(TEXTS[0], product_id=ProductId("roo-metal-roof"))
    gutters = entry(TEXTS[1], product_id=ProductId("roo-gutters"))
    general = entry(TEXTS[2])
    store.apply(ROOFING, upsert=[metal, gutters, general], delete=[])
    in_scope = found_by(store, scope(product_id=ProductId("roo-metal-roof")))
    assert in_scope == {metal.passage.id, general.passage.id}
    assert len(found_by(store, scope())) == 3


def test_kinds_narrow_the_search(store):
    entries = [entry(text, kind=kind) for text, kind in zip(TEXTS, ("product", "playbook", "compliance"), strict=False)]
    store.apply(ROOFING, upsert=entries, delete=[])
    assert found_by(store, scope(kinds=("playbook", "compliance"))) == {e.passage.id for e in entries[1:]}


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "is_valid"),
    [
        (None, None, True),
        (NOW, None, True),
        (NOW + timedelta(milliseconds=1), None, False),
        (None, NOW, False),
        (None, NOW + timedelta(milliseconds=1), True),
        (NOW - timedelta(days=1), NOW + timedelta(days=1), True),
        (NOW - timedelta(days=9), NOW - timedelta(days=2), False),
    ],
)
def test_a_passage_is_found_from_valid_from_and_before_valid_until(store, valid_from, valid_until, is_valid):
    bounded = entry(TEXTS[0], valid_from=valid_from, valid_until=valid_until)
    store.apply(ROOFING, upsert=[bounded, entry(TEXTS[1])], delete=[])
    assert (bounded.passage.id in found_by(store, scope())) == is_valid


def test_filters_come_before_the_cut(store):
    many = [entry(f"Hail number {n}.", seed=n, valid_until=NOW) for n in range(60)]
    valid = entry("Hail that still counts.", seed=99)
    store.apply(ROOFING, upsert=[*many, valid], delete=[])
    assert ids(store.view().sparse("hail", scope(), limit=1)) == [valid.passage.id]
    assert ids(store.view().dense(many[0].vector, scope(), limit=1)) == [valid.passage.id]


def test_the_corpus_version_names_the_content_of_one_market(store):
    entries = [entry(text) for text in TEXTS]
    store.apply(ROOFING, upsert=entries, delete=[])
    version = store.view().corpus_version(ROOFING)
    assert version == corpus_version(fingerprint(e.passage) for e in reversed(entries))
    store.apply(ESTATE, upsert=[entry(TEXTS[0], market=ESTATE)], delete=[])
    assert store.view().corpus_version(ROOFING) == version
    store.apply(ROOFING, upsert=[], delete=[entries[0].passage.id])
    assert store.view().corpus_version(ROOFING) != version


def test_closing_twice_is_closing_once(store):
    store.apply(ROOFING, upsert=[entry(TEXTS[0])], delete=[])
    store.close()
    store.close()


def test_both_back_ends_give_the_same_answers(tmp_path):
    stores = edge(tmp_path), server()
    rng = np.random.default_rng(7)
    words = ["hail", "roof", "warranty", "crew", "deposit", "insurer", "day", "shingles", "gutters", "metal", "year"]
    kinds = ("product", "playbook", "compliance")
    entries = [
        entry(
            " ".join(rng.choice(words, 12)),
            seed=n,
            document_id=f"papers/{n}.md",
            market=(ROOFING, ESTATE)[n % 2],
            kind=kinds[n % 3],
            product_id=(None, ProductId("a"), ProductId("b"))[n // 2 % 3],
            valid_from=None if n % 5 else NOW + timedelta(days=n - 40),
            valid_until=None if n % 4 else NOW + timedelta(days=40 - n),
        )
        for n in range(80)
    ]
    for opened in stores:
        for market in (ROOFING, ESTATE):
            opened.apply(market, upsert=[e for e in entries if e.passage.market == market], delete=[])
    for n in range(20):
        where = scope(
            (ROOFING, ESTATE)[n % 2],
            NOW + timedelta(days=n - 10),
            product_id=(None, ProductId("a"), ProductId("c"))[n % 3],
            kinds=kinds[: n % 4],
        )
        vector = rng.normal(size=SIZE).astype(np.float32)
        text = " ".join(rng.choice(words, 3))
        ours, oracle = (dict(opened.view().dense(vector, where, limit=50)) for opened in stores)
        assert ours == pytest.approx(oracle, abs=1e-4)
        ours, oracle = (dict(opened.view().sparse(text, where, limit=50)) for opened in stores)
        assert ours == pytest.approx(oracle, abs=1e-4)
