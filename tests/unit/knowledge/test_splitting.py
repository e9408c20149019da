"""Documents to passages."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.knowledge import Document
from domain.values import Market, ProductId
from knowledge.splitting import PASSAGE_WORDS, sections, split_document

WORDS = st.lists(st.sampled_from(["hail", "roof", "price", "crew.", "deposit!", "owner?", "day,"]), min_size=1)
PARAGRAPHS = st.lists(WORDS.map(" ".join), min_size=1, max_size=12).map("\n\n".join)
HEADED = st.lists(st.tuples(st.integers(1, 4), PARAGRAPHS), min_size=1, max_size=6)


def document(text, **fields):
    fields = {"id": "papers/a.md", "title": "Roofs", "market": Market("roofing"), "kind": "product"} | fields
    return Document(text=text, source=fields["id"], **fields)


def numbered(n_words):
    return " ".join(f"word{n}." if n % 12 == 11 else f"word{n}" for n in range(n_words))


def test_a_short_section_is_one_passage():
    [passage] = split_document(document("# Roofs\n\nHail counts."))
    assert (passage.text, passage.heading, passage.title) == ("Hail counts.", "", "Roofs")


def test_the_heading_path_is_kept_without_the_title():
    text = "# Roofs\n## Metal\n### Hail\nRated class 4.\n## Shingles\nThirty years."
    assert [passage.heading for passage in split_document(document(text))] == ["Metal > Hail", "Shingles"]


def test_a_hash_inside_a_fenced_block_is_no_heading():
    text = "# One\n```\n# not a heading\n```\nafter"
    assert [section.headings for section in sections(text)] == [("One",)]


def test_a_heading_without_text_makes_no_section():
    assert [section.text for section in sections("# One\n\n## Two\ntext\n## Three\n")] == ["text"]


def test_a_long_section_is_cut_into_parts_of_about_equal_size():
    passages = split_document(document(numbered(400)))
    sizes = [len(passage.text.split()) for passage in passages]
    assert len(sizes) == 3
    assert max(sizes) <= PASSAGE_WORDS * 1.15
    assert min(sizes) >= 100


def test_a_cut_falls_between_sentences():
    for passage in split_document(document(numbered(400)))[:-1]:
        assert passage.text.endswith(".")


def test_a_passage_carries_what_the_document_says_about_itself():
    of = document("Text.", product_id=ProductId("roo-gutters"), language="es", id="papers/b.md")
    [passage] = split_document(of)
    kept = (passage.document_id, passage.product_id, passage.language, passage.kind, passage.source)
    assert kept == ("papers/b.md", "roo-gutters", "es", "product", "papers/b.md")


def test_a_changed_section_changes_its_own_passages_only():
    before = split_document(document(f"# A\n{numbered(300)}\n# B\nsame\n# C\nsame too"))
    after = split_document(document(f"# A\n{numbered(310)}\n# B\nsame\n# C\nsame too"))
    assert [p.id for p in after if p.heading in {"B", "C"}] == [p.id for p in before if p.heading in {"B", "C"}]
    assert not {p.id for p in after if p.heading == "A"} & {p.id for p in before if p.heading == "A"}


def test_a_changed_title_of_metadata_keeps_the_ids():
    before, after = (split_document(document("# A\ntext", kind=kind)) for kind in ("product", "playbook"))
    assert [p.id for p in after] == [p.id for p in before]


def test_a_repeated_paragraph_has_its_own_id():
    passages = split_document(document("# A\nsame\n# A\nsame"))
    assert len({passage.id for passage in passages}) == 2


@given(HEADED)
@settings(max_examples=40, deadline=None)
def test_no_word_is_lost_and_none_is_invented(parts):
    text = "\n".join(f"{'#' * level} Heading {n}\n{body}" for n, (level, body) in enumerate(parts))
    words = [word for section in sections(text) for word in section.text.split()]
    assert [word for passage in split_document(document(text)) for word in passage.text.split()] == words


@given(HEADED)
@settings(max_examples=40, deadline=None)
def test_ids_are_unique_and_the_same_in_every_run(parts):
    text = "\n".join(f"{'#' * level} Heading {n}\n{body}" for n, (level, body) in enumerate(parts))
    ids = [passage.id for passage in split_document(document(text))]
    assert len(set(ids)) == len(ids)
    assert [passage.id for passage in split_document(document(text))] == ids


@given(st.integers(1, 900))
@settings(max_examples=30, deadline=None)
def test_no_passage_is_much_longer_than_asked(n_words):
    sizes = [len(passage.text.split()) for passage in split_document(document(numbered(n_words)))]
    assert max(sizes) <= PASSAGE_WORDS * 1.15
    assert all(a > 0 and b > 0 for a, b in pairwise(sizes))
