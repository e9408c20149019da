from datetime import UTC, datetime

import polars as pl

from domain.values import Market
from evals.scrambled import ScrambledHistory

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class FixedHistory:
    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        names = ["ann", "ben", None, "ann", "cas", "ben", "ann", None, "cas", "ben"]
        return pl.DataFrame({"lead_id": [f"L{i}" for i in range(len(names))], "rep_id": names, "outcome": ["won"] * 10})


async def test_shuffling_moves_the_names_and_nothing_else() -> None:
    real = await FixedHistory().outcomes(Market("roofing"), before=NOW)
    shuffled = await ScrambledHistory(FixedHistory(), seed=3).outcomes(Market("roofing"), before=NOW)
    assert shuffled.drop("rep_id").equals(real.drop("rep_id"))
    assert sorted(shuffled["rep_id"].drop_nulls()) == sorted(real["rep_id"].drop_nulls())
    assert shuffled["rep_id"].is_null().to_list() == real["rep_id"].is_null().to_list()
    assert shuffled["rep_id"].to_list() != real["rep_id"].to_list()


async def test_a_seed_gives_the_same_shuffle_again() -> None:
    history = ScrambledHistory(FixedHistory(), seed=3)
    first, again = [await history.outcomes(Market("roofing"), before=NOW) for _ in range(2)]
    assert first.equals(again)
