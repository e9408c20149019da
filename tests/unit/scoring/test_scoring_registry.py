"""Versions are named by their content, published whole, and refused when they were touched."""

import shutil
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


def publish(root, model: TrainedModel, market: Market = MARKET, **parts) -> ModelCard:
    return FileModelRegistry(root).publish(model, MarketContext.unknown(), card(model, market), **parts)


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


WORTH = {"value": {"p50": 1200.0}, "currency": "EUR"}


@pytest.mark.parametrize(("part", "old", "new"), [("model", "0.12", "0.99"), ("worth", "1200", "9900")])
def test_files_that_were_touched_are_refused(tmp_path, part, old, new):
    version = publish(tmp_path, untrained_model(), worth=WORTH).version
    file = tmp_path / MARKET / version / f"{part}.json"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InvalidInputError, match="do not match their hash"):
        FileModelRegistry(tmp_path).current(MARKET)


def test_an_unknown_version_cannot_serve(tmp_path):
    publish(tmp_path, untrained_model())
    with pytest.raises(ModelNotFoundError, match="nope"):
        FileModelRegistry(tmp_path).make_current(MARKET, "nope")


def test_nothing_half_written_is_left_behind(tmp_path):
    version = publish(tmp_path, untrained_model()).version
    assert sorted(path.name for path in (tmp_path / MARKET).iterdir()) == sorted([version, "current", "served"])


def test_a_market_cannot_name_a_folder_outside(tmp_path):
    market = Market("../../etc")
    publish(tmp_path / "models", untrained_model(), market)
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
    assert FileModelRegistry(tmp_path / "models").current(market) is not None


def test_the_card_is_readable(tmp_path):
    page = to_markdown(publish(tmp_path, untrained_model()))
    assert page.startswith("# Model card: roofing ")
    assert "hand-set rules answer" in page


def test_what_deals_are_worth_decides_numbers_and_what_drift_is_measured_against_does_not(tmp_path):
    plain = publish(tmp_path, untrained_model()).version
    with_reference = publish(tmp_path / "b", untrained_model(), reference={"rows": 3}).version
    with_worth = publish(tmp_path, untrained_model(), worth=WORTH).version
    assert plain == with_reference != with_worth


def test_every_part_is_handed_back_as_it_was_given(tmp_path):
    publish(tmp_path, untrained_model(), worth=WORTH, reference={"rows": 3, "columns": [1.5, None]})
    loaded = FileModelRegistry(tmp_path).current(MARKET)
    assert (loaded.worth, loaded.reference) == (WORTH, {"rows": 3, "columns": [1.5, None]})


def test_a_version_from_before_there_were_pages_still_serves(tmp_path):
    version = publish(tmp_path, untrained_model(), reference={"rows": 3}).version
    for name in ("card.html", "reference.json"):
        (tmp_path / MARKET / version / name).unlink()
    (tmp_path / MARKET / "served").unlink()
    registry = FileModelRegistry(tmp_path)
    loaded = registry.current(MARKET)
    assert (loaded.worth, loaded.reference) == (None, None)
    assert registry.page(MARKET).startswith("<!doctype html>")
    second = publish(tmp_path, another_model()).version
    assert (registry.current(MARKET).version, registry.previous(MARKET)) == (second, version)


def test_formulas_of_another_time_ask_to_train_again(tmp_path, monkeypatch):
    publish(tmp_path, untrained_model())
    monkeypatch.setattr("tools.scoring.registry.FEATURES_VERSION", "0")
    with pytest.raises(InvalidInputError, match="train again"):
        FileModelRegistry(tmp_path).current(MARKET)


def test_the_version_before_can_be_brought_back_and_forth(tmp_path):
    first, second = publish(tmp_path, untrained_model()).version, publish(tmp_path, another_model()).version
    registry = FileModelRegistry(tmp_path)
    assert registry.previous(MARKET) == first
    registry.make_current(MARKET, first)
    assert registry.previous(MARKET) == second
    registry.make_current(MARKET, second)
    assert registry.previous(MARKET) == first


def test_there_is_no_version_before_the_first(tmp_path):
    registry = FileModelRegistry(tmp_path)
    assert registry.previous(MARKET) is None
    publish(tmp_path, untrained_model())
    publish(tmp_path, untrained_model())
    assert registry.previous(MARKET) is None


def test_a_version_that_is_gone_is_no_version_before(tmp_path):
    first = publish(tmp_path, untrained_model()).version
    publish(tmp_path, another_model())
    shutil.rmtree(tmp_path / MARKET / first)
    assert FileModelRegistry(tmp_path).previous(MARKET) is None


def test_a_version_can_be_kept_without_serving(tmp_path):
    first = publish(tmp_path, untrained_model()).version
    second = publish(tmp_path, another_model(), serve=False).version
    registry = FileModelRegistry(tmp_path)
    assert (registry.current(MARKET).version, registry.previous(MARKET)) == (first, None)
    assert set(registry.versions(MARKET)) == {first, second}
    assert registry.load(MARKET, second).version == second


def test_a_folder_that_is_still_being_written_is_no_version(tmp_path):
    version = publish(tmp_path, untrained_model()).version
    (tmp_path / MARKET / ".new-abc").mkdir()
    assert FileModelRegistry(tmp_path).versions(MARKET) == (version,)


def test_a_page_of_nothing_is_refused(tmp_path):
    with pytest.raises(ModelNotFoundError):
        FileModelRegistry(tmp_path).page(MARKET)
