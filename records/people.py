"""Reps and products: the newest state of each. Keeps no versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import ProductNotFoundError, RepNotFoundError
from domain.people import Product, Rep
from domain.values import Market, ProductId, RepId
from records.database import Database
from records.rows import columns_of, fingerprint, from_row, to_row
from records.statements import IDS_AT_ONCE, upsert_changed
from records.tables import products, reps


@dataclass(frozen=True)
class SqlRepRecords:
    """`RepRecords` in SQL."""

    database: Database

    async def get(self, rep_id: RepId) -> Rep:
        """Return a rep. Raises `RepNotFoundError`."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(*columns_of(Rep, reps)).where(reps.c.id == rep_id))
            row = found.one_or_none()
        if row is None:
            raise RepNotFoundError(rep_id)
        return from_row(Rep, row)

    async def save(self, rep: Rep) -> bool:
        """Store a rep. Returns whether anything was written."""
        async with self.database.writing() as connection:
            return await write_reps(connection, [rep]) > 0

    async def in_market(self, market: Market) -> tuple[Rep, ...]:
        """Return all reps of a market, the inactive ones too, by id."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(*columns_of(Rep, reps)).where(reps.c.market == market))
            # Each database sorts text in its own way; Python sorts it the same everywhere.
            return tuple(sorted((from_row(Rep, row) for row in found), key=lambda rep: rep.id))

    async def markets_of(self, rep_ids: Sequence[RepId]) -> frozenset[Market]:
        """Return the markets of those of the reps that exist."""
        found: set[Market] = set()
        async with self.database.reading() as connection:
            for begin in range(0, len(rep_ids), IDS_AT_ONCE):
                part = rep_ids[begin : begin + IDS_AT_ONCE]
                statement = select(reps.c.market).where(reps.c.id.in_(part)).distinct()
                found.update(Market(market) for market in (await connection.execute(statement)).scalars())
        return frozenset(found)


@dataclass(frozen=True)
class SqlProductRecords:
    """`ProductRecords` in SQL."""

    database: Database

    async def get(self, product_id: ProductId) -> Product:
        """Return a product. Raises `ProductNotFoundError`."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(*columns_of(Product, products)).where(products.c.id == product_id))
            row = found.one_or_none()
        if row is None:
            raise ProductNotFoundError(product_id)
        return from_row(Product, row)

    async def save(self, product: Product) -> bool:
        """Store a product. Returns whether anything was written."""
        async with self.database.writing() as connection:
            return await write_products(connection, [product]) > 0

    async def in_market(self, market: Market) -> tuple[Product, ...]:
        """Return all products of a market, by id."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(*columns_of(Product, products)).where(products.c.market == market))
            return tuple(sorted((from_row(Product, row) for row in found), key=lambda product: product.id))


async def write_reps(connection: AsyncConnection, batch: Sequence[Rep]) -> int:
    """Store reps that are new or differ from what is stored. Returns how many."""
    rows = [{**to_row(rep, reps), "fingerprint": fingerprint(rep)} for rep in batch]
    return await upsert_changed(connection, reps, rows)


async def write_products(connection: AsyncConnection, batch: Sequence[Product]) -> int:
    """Store products that are new or differ from what is stored. Returns how many."""
    rows = [{**to_row(product, products), "fingerprint": fingerprint(product)} for product in batch]
    return await upsert_changed(connection, products, rows)
