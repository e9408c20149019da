from datetime import UTC, datetime

import pytest

from domain.errors import ProductNotFoundError, RepNotFoundError
from domain.people import Product, Rep, Skill
from records.repositories import Records

HIRED = datetime(2020, 5, 17, tzinfo=UTC)


def a_rep(**changes) -> Rep:
    values = {
        "id": "rep-1",
        "market": "roofing",
        "name": "Bo",
        "regions": ("north", "west"),
        "skills": (Skill(product_id="slate", level=0.7),),
        "hired_at": HIRED,
    }
    return Rep(**{**values, **changes})


def a_product(**changes) -> Product:
    return Product(**{"id": "slate", "market": "roofing", "name": "Slate roof", "price": 21_000.5, **changes})


async def test_a_rep_comes_back_as_saved(records: Records):
    await records.reps.save(a_rep())
    assert await records.reps.get("rep-1") == a_rep()


async def test_a_product_comes_back_as_saved(records: Records):
    await records.products.save(a_product())
    assert await records.products.get("slate") == a_product()


async def test_a_rep_is_written_only_when_it_changed(records: Records):
    written = [await records.reps.save(rep) for rep in (a_rep(), a_rep(), a_rep(active=False), a_rep(active=False))]
    assert (written, await records.reps.get("rep-1")) == ([True, False, True, False], a_rep(active=False))


async def test_a_product_is_written_only_when_it_changed(records: Records):
    written = [await records.products.save(product) for product in (a_product(), a_product(), a_product(price=None))]
    assert (written, await records.products.get("slate")) == ([True, False, True], a_product(price=None))


async def test_the_reps_of_a_market_come_by_id_with_the_inactive_ones(records: Records):
    for id_, market, active in (("b", "roofing", True), ("Z", "roofing", False), ("a", "real_estate", True)):
        await records.reps.save(a_rep(id=id_, market=market, active=active))
    assert [rep.id for rep in await records.reps.in_market("roofing")] == ["Z", "b"]


async def test_the_products_of_a_market_come_by_id(records: Records):
    for id_, market in (("b", "roofing"), ("Z", "roofing"), ("a", "real_estate")):
        await records.products.save(a_product(id=id_, market=market))
    assert [product.id for product in await records.products.in_market("roofing")] == ["Z", "b"]


async def test_an_unknown_rep_is_not_found(records: Records):
    with pytest.raises(RepNotFoundError, match="rep-9"):
        await records.reps.get("rep-9")


async def test_an_unknown_product_is_not_found(records: Records):
    with pytest.raises(ProductNotFoundError, match="tin"):
        await records.products.get("tin")


async def test_the_markets_of_some_reps_are_known(records: Records):
    for id_, market in (("ana", "roofing"), ("ben", "roofing"), ("eve", "real_estate"), ("kim", "insurance_partners")):
        await records.reps.save(a_rep(id=id_, market=market))
    asked = ["ana", "ben", "eve", *(f"nobody-{n}" for n in range(1_500))]
    assert await records.reps.markets_of(asked) == {"roofing", "real_estate"}
    assert await records.reps.markets_of([]) == frozenset()
