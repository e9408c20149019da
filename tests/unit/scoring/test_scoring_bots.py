"""Bots are known by their name or by their pace, left out of the features, and listed."""

from datetime import timedelta

from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.activity import interactions_before
from tools.scoring.bots import is_bot_agent
from tools.scoring.context import MarketContext
from tools.scoring.reading import process_interactions, read_lead
from tools.scoring.table import build_features

AS_OF = START + timedelta(days=30)


def visited(n: int, *, gap_s: float, dwell_s: float | None) -> InMemoryHistory:
    history = InMemoryHistory()
    history.add_lead("a", START)
    history.add_event("a", START + timedelta(days=1), "form_submitted")
    for i in range(n):
        history.add_event("a", START + timedelta(days=2, seconds=i * gap_s), "page_viewed", value=dwell_s)
    return history


def views(history: InMemoryHistory) -> float:
    return build_features(history.frame(moments_of(("a", AS_OF))), MarketContext.unknown())["page_views_total"][0]


def test_many_pages_in_seconds_without_dwell_are_a_bots():
    assert views(visited(12, gap_s=1, dwell_s=None)) == 0.0


def test_a_person_who_reads_is_kept_however_many_pages():
    assert views(visited(40, gap_s=20, dwell_s=None)) == 40.0
    assert views(visited(12, gap_s=1, dwell_s=5.0)) == 12.0


def test_a_few_quick_pages_are_no_bot():
    assert views(visited(5, gap_s=1, dwell_s=0.0)) == 5.0


def test_what_was_left_out_is_listed_by_both_paths_and_is_no_evidence():
    history = visited(12, gap_s=1, dwell_s=0.0)
    history.add_event("a", START + timedelta(days=3), "page_viewed", payload={"user_agent": "Some Crawler/1"})
    frame = history.frame(moments_of(("a", AS_OF)))
    bulk, alone = process_interactions(frame), read_lead(frame.to_dicts(), AS_OF)
    assert bulk.bot_rows.tolist() == alone.bot_rows.tolist()
    assert len(bulk.bot_rows) == 13
    assert interactions_before(frame)["kind"].to_list() == ["form_submitted"]


def test_an_agent_is_a_bot_by_the_words_in_its_name():
    names = {"Googlebot/2.1": True, "Mozilla/5.0 HeadlessChrome": True, "Botanica": False, "": False}
    assert {name: is_bot_agent(f'{{"user_agent": "{name}"}}') for name in names} == names
    assert not is_bot_agent("not json: bot")
    assert not is_bot_agent('["bot"]')
