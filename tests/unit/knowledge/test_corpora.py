"""The documents that come with each market: complete, consistent, and found by the questions they answer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from domain.knowledge import KnowledgeQuery
from domain.values import Market
from knowledge.opening import corpus_folder
from knowledge.reading import read_documents

ROOT = Path(__file__).parents[3]
MARKETS = ("insurance_partners", "real_estate", "roofing")
OBJECTIONS = ("Price", "Timing", "Trust", "Competitor", "Authority", "Need")
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def documents(market):
    return read_documents([corpus_folder(Market(market))], Market(market)).documents


def questions(market):
    return yaml.safe_load((corpus_folder(Market(market)) / "questions.yaml").read_text(encoding="utf-8"))


def text_of(market, name):
    return (corpus_folder(Market(market)) / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("market", MARKETS)
def test_every_kind_of_document_is_there(market):
    kinds = {document.kind for document in documents(market)}
    assert kinds == {"product", "objection_guide", "playbook", "compliance", "other"}


@pytest.mark.parametrize("market", MARKETS)
def test_every_product_that_is_sold_is_described_with_its_price(market):
    sold = yaml.safe_load((ROOT / "simulation" / "markets" / f"{market}.yaml").read_text(encoding="utf-8"))["products"]
    described = {d.product_id: d for d in documents(market) if d.product_id and d.kind == "product"}
    assert {product["id"]: product["name"] for product in sold} == {id_: d.title for id_, d in described.items()}
    for product in sold:
        assert f"USD {product['price']:,}" in described[product["id"]].text


@pytest.mark.parametrize("market", MARKETS)
def test_the_contact_rules_are_those_that_the_nudges_keep(market):
    path = ROOT / "tools" / "nudges" / "catalogues" / f"{market}.yaml"
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules = " ".join(text_of(market, "compliance/contact.md").split())
    hours, caps = kept["contact_hours"], kept["caps"]
    assert f"{hours['start']}:00 and {hours['end']}:00" in rules
    assert ("every day of the week" in rules) == hours["weekends"]
    assert f"At most {caps['per_day']} contact a day and {caps['per_week']} a week" in rules
    assert f"{caps['per_channel_week']['email']} mails" in rules
    assert f"{caps['per_channel_week']['sms']} text message" in rules
    assert f"{caps['per_channel_week']['phone']} calls" in rules


@pytest.mark.parametrize("market", MARKETS)
def test_the_objection_guide_answers_every_kind_of_objection(market):
    headings = [line[3:] for line in text_of(market, "objection-guide.md").splitlines() if line.startswith("## ")]
    assert {heading.split(":")[0] for heading in headings} == set(OBJECTIONS)


@pytest.mark.parametrize("market", MARKETS)
def test_the_answers_to_the_questions_exist(market):
    names = {document.id.removeprefix(f"{market}/") for document in documents(market)}
    assert {name for row in questions(market)["answered"] for name in row["by"]} <= names


@pytest.mark.parametrize("market", MARKETS)
def test_words_alone_find_an_answering_document_among_the_first_five(by_words, market):
    by_words.ingest([corpus_folder(Market(market))], Market(market))
    answered = questions(market)["answered"]
    found = 0
    for row in answered:
        query = KnowledgeQuery(text=row["ask"], market=Market(market), at=NOW)
        hits = by_words.retriever().search_now(query).hits
        found += any(hit.passage.source.removeprefix(f"{market}/") in row["by"] for hit in hits)
    assert found >= 0.85 * len(answered)


def test_a_promotion_is_found_only_while_it_holds(by_words):
    market = Market("insurance_partners")
    by_words.ingest([corpus_folder(market)], market)

    def sources(at):
        query = KnowledgeQuery(text="spring launch bonus", market=market, at=at)
        return {hit.passage.source for hit in by_words.retriever().search_now(query).hits}

    assert "insurance_partners/spring-bonus.md" in sources(datetime(2026, 6, 30, 23, tzinfo=UTC))
    assert "insurance_partners/spring-bonus.md" not in sources(datetime(2026, 7, 1, tzinfo=UTC))
