"""The page of the report: complete, readable by a machine, and the same each time."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from tools.matching.effectiveness.measuring import measure_effectiveness
from tools.matching.effectiveness.page import to_html

_VOID = {"meta", "br", "link", "img", "hr"}


class Balance(HTMLParser):
    """Fails where tags are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(make, facts):
    return to_html(measure_effectiveness(facts, "roofing", since=make.since, before=make.now))


def test_the_page_shows_every_rep_product_and_segment_with_plots(make):
    page = page_of(make, make.facts(effects=(0.7, 0.0, 0.0, -0.7)))
    checked = Balance()
    checked.feed(page)
    assert checked.open == []
    assert checked.seen.count("svg") == 2
    for name in ("Rep 0", "Rep 3", "Roof", "Gutter", "region-2"):
        assert name in page


def test_what_others_would_have_won_has_its_plots_and_tables(make):
    facts = make.choices(1200, effects=(0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.9)).facts
    matcher = np.arange(1200) % 3 > 0
    page = page_of(make, make.given(facts, matcher=matcher, p_before=facts.leads["p_lead"]))
    checked = Balance()
    checked.feed(page)
    assert checked.open == []
    assert checked.seen.count("svg") == 3
    for text in ("What others would have won", "matcher less people, as counted", "never explore less as it was"):
        assert text in page
    assert page.index("Wins because of the rep") < page.index("By product")
    assert "-0.0 (" not in page


def test_the_page_needs_no_script_and_no_other_file(make):
    page = page_of(make, make.facts(400))
    assert "<script" not in page
    assert 'src="' not in page
    assert "<link" not in page


def test_the_same_facts_give_the_same_page(make):
    assert page_of(make, make.facts(400)) == page_of(make, make.facts(400))


def test_a_name_cannot_break_the_page(make):
    facts = make.facts(400)
    nasty = facts.reps.with_columns(pl.lit("<b>$Ana & Co$_{</b>").alias("name"))
    page = page_of(make, replace(facts, reps=nasty))
    assert "<b>" not in page
    assert "&lt;b&gt;$Ana &amp; Co$" in page


@pytest.mark.parametrize("n_leads", [0, 3])
def test_a_page_without_much_to_tell_is_still_a_page(make, n_leads):
    page = page_of(make, make.facts(n_leads))
    checked = Balance()
    checked.feed(page)
    assert checked.open == []
