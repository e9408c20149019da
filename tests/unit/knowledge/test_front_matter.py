"""What an author says about a document."""

from datetime import UTC, datetime

import pytest

from domain.errors import InvalidInputError
from knowledge.front_matter import FrontMatter, parse_front_matter, take_front_matter


def test_a_text_without_a_block_is_left_alone():
    assert take_front_matter("# Title\n---\nrule", file="a.md") == (FrontMatter(), "# Title\n---\nrule")


def test_the_block_is_taken_off_the_text():
    front, text = take_front_matter("---\ntitle: Roofs\nkind: product\n---\nBody", file="a.md")
    assert (front, text) == (FrontMatter(title="Roofs", kind="product"), "Body")


def test_an_empty_block_says_nothing():
    assert take_front_matter("---\n---\nBody", file="a.md") == (FrontMatter(), "Body")


def test_a_date_is_its_first_moment_in_utc():
    front = parse_front_matter("valid_from: 2026-03-01\nvalid_until: 2026-07-01T12:00:00+02:00", file="a.md")
    assert front.valid_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert front.valid_until == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("block", "rule"),
    [
        ("kind: poem", "kind: Input should be 'product'"),
        ("tilte: Roofs", "tilte: Extra inputs"),
        ("valid_from: 2026-03-01T12:00:00", "valid_from: Input should have timezone info"),
        ("valid_from: soon", "valid_from"),
        ("language: english", "language"),
        ("- a list", "key: value"),
        ("title: [open", "not valid YAML"),
        ("valid_from: 2026-03-01\nvalid_until: 2026-03-01", "would never hold"),
    ],
)
def test_a_block_that_breaks_a_rule_names_file_and_rule(block, rule):
    with pytest.raises(InvalidInputError, match=rule) as raised:
        parse_front_matter(block, file="papers/a.md")
    assert raised.value.value == "papers/a.md"
