"""Versions are named by their content, published whole, and refused when they were touched."""

from datetime import timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError, ModelNotFoundError
from domain.values import Market
from tests.unit.scoring.conftest import MARKET, START
from tools.scoring.card import ModelCard, to_markdown
from tools.scoring.context import MarketContext
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.registry import FileModelRegistry
from tools.scoring.training import train

NOW = START + timedelta(days=1)


def card(model: TrainedModel, market: Market = MARKET) -> ModelCard:
    return ModelCard(
        market=market, version="", trained_at=NOW, data_from=None, data_to=None, leads=0, censored=0, label="won",
        rung=model.rung, no_signal=model.no_signal, base_rate=model.base_rate, evidence=model.evidence,
        interval="none", features=(), versions={"numpy": np.__version__}, seed=1,
    )  # fmt: skip


def publish(root, model: TrainedModel, market: Market = MARKET) -> ModelCard:
    return FileModelRegistry(root).publish(model, MarketContext.unknown(), card(model, market))


def another_model() -> TrainedModel:
    import polars as pl

    return train(pl.DataFrame({"x": [1.0, 2.0]}), np.array([True, False]), None, rng=np.random.default_rng(1))


def test_a_published_model_serves_in_another_process(tmp_path):
    published = publish(tmp_path, untrained_model())
    loaded = FileModelRegistry(tmp_path).current(MARKET)
    assert loaded.version == published.version == loaded.card.version
    assert loaded.model.to_plain() == untrained_model().to_plain()


def test_the_same_model_has_the_same_version(tmp_path):
    assert publish(tmp_path / "a", untrained_model()).version == publish(tmp_path / "b", untrained_model()).version


def test_nothing_is_current_before_the_first_model(tmp_path):
    assert FileModelRegistry(tmp_path).current(MARKET) is None


def test_the_newest_serves_and_an_older_one_can_be_brought_back(tmp_path):
    first, second = publish(tmp_path, untrained_model()), publish(tmp_path, another_model())
    registry = FileModelRegistry(tmp_path)
    assert registry.current(MARKET).version == second.version
    registry.make_current(MARKET, first.version)
    assert registry.current(MARKET).version == first.version
    assert registry.versions(MARKET) == tuple(sorted([first.version, second.version]))


def test_files_that_were_touched_are_refused(tmp_path):
    version = publish(tmp_path, untrained_model()).version
    file = tmp_path / MARKET / version / "model.json"
    file.write_text(file.read_text().replace("0.12", "0.99"))
    with pytest.raises(InvalidInputError, match="do not match their hash"):
        FileModelRegistry(tmp_path).current(MARKET)


def test_an_unknown_version_cannot_serve(tmp_path):
    publish(tmp_path, untrained_model())
    with pytest.raises(ModelNotFoundError, match="nope"):
        FileModelRegistry(tmp_path).make_current(MARKET, "nope")


def test_nothing_half_written_is_left_behind(tmp_path):
    version = publish(tmp_path, untrained_model()).version
    assert sorted(path.name for path in (tmp_path / MARKET).iterdir()) == sorted([version, "current"])


def test_a_market_cannot_name_a_folder_outside(tmp_path):
    market = Market("../../etc")
    publish(tmp_path / "models", untrained_model(), market)
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
    assert FileModelRegistry(tmp_path / "models").current(market) is not None


def test_the_card_is_readable(tmp_path):
    page = to_markdown(publish(tmp_path, untrained_model()))
    assert page.startswith("# Model card: roofing ")
    assert "hand-set rules answer" in page
