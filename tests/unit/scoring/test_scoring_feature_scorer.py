"""Given features scored: by the model, from the cache, by the rung below; reasons in time or left out; decisions logged."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.decisions import Decision
from domain.errors import InvalidInputError, ModelNotFoundError
from domain.score_history import RecordedScore
from domain.scores import Rung
from domain.values import LeadId, Market
from tools.scoring.calibration import identity
from tools.scoring.context import MarketContext
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.evidence import Evidence
from tools.scoring.model import BaseRate, TrainedModel, untrained_model
from tools.scoring.registry import FileModelRegistry
from tools.scoring.serving.budget import Budget
from tools.scoring.serving.feature_scorer import FeatureScorer
from tools.scoring.serving.prediction_log import PredictionLog
from tools.scoring.serving.score_cache import ScoreCache
from tools.scoring.serving.shelf import UNTRAINED_VERSION, ModelShelf

MARKET = Market("roofing")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AMPLE = 60.0
FEATURES = {"replies_7d": 2.0, "field.roof_age": 20.0}


class Line:
    """A ranker of a kind that serving does not know: it may wait at a gate, and counts its calls."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.gate, self.calls = threading.Event(), 0
        if is_open:
            self.gate.set()

    def log_odds(self, matrix):
        return self.contributions(matrix).sum(axis=1)

    def contributions(self, matrix):
        self.calls += 1
        self.gate.wait(AMPLE)
        parts = np.nan_to_num(matrix) * np.array([0.5, 0.01])
        return np.column_stack([parts, np.full(len(matrix), -1.0)])

    def to_plain(self):
        return {}


SCHEMA = Schema(
    columns=(Column(name="replies_7d", kind=Kind.NUMBER), Column(name="field.roof_age", kind=Kind.NUMBER))
)  # fmt: skip


def line_model(ranker: Line) -> TrainedModel:
    return TrainedModel(
        schema=SCHEMA, rung=Rung.GBM, ranker=ranker, calibrator=identity(), interval=None,
        base_rate=BaseRate.of(30, 100), no_signal=None,
        evidence=Evidence(rows=100, won=30, folds=0, why="", calibration=""), fallback=untrained_model(),
    )  # fmt: skip


@dataclass(frozen=True)
class Version:
    version: str
    model: TrainedModel
    context: MarketContext = field(default_factory=MarketContext.unknown)
    worth: dict | None = None
    reference: dict | None = None
    trained_at: datetime = NOW


@dataclass
class Shelves:
    """Published models in memory; loading may wait at a gate."""

    serving: Version | None = None
    loads: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def current(self, market: Market) -> Version | None:
        self.loads += 1
        self.gate.wait(AMPLE)
        return self.serving

    def mark(self, market: Market) -> str | None:
        return self.serving.version if self.serving else None


@dataclass
class Clock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Decisions:
    kept: list[Decision] = field(default_factory=list)

    async def record_many(self, decisions) -> int:
        self.kept += decisions
        return len(decisions)


def nothing_refused(decision: Decision, error: Exception) -> None:
    raise AssertionError(f"{decision.id} was refused: {error}")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@dataclass
class Bench:
    pool: ThreadPoolExecutor
    shelves: Shelves = field(default_factory=Shelves)
    clock: Clock = field(default_factory=Clock)
    decisions: Decisions = field(default_factory=Decisions)

    def scorer(self, **changes: object) -> FeatureScorer:
        parts = {
            "shelf": ModelShelf(self.shelves), "cache": ScoreCache(self.clock),
            "budget": Budget(self.pool, seconds=AMPLE), "reasons_budget": Budget(self.pool, seconds=AMPLE),
            "log": PredictionLog(self.decisions, nothing_refused), "clock": self.clock,
        }  # fmt: skip
        return FeatureScorer(**(parts | changes))


@pytest.fixture
def bench(pool) -> Bench:
    return Bench(pool)


async def until(fact) -> None:
    async with asyncio.timeout(AMPLE):
        while not fact():  # noqa: ASYNC110 - becomes true in a callback of this loop
            await asyncio.sleep(0)


async def test_before_any_training_the_hand_set_rules_answer(bench):
    score = await bench.scorer().score_features(MARKET, {"replies_7d": 2.0})
    assert (score.rung, score.model_version, score.source) == ("rules", UNTRAINED_VERSION, "model")
    expected = untrained_model().ranker
    assert score.p_convert == pytest.approx(
        identity()(expected.log_odds(np.array([[2.0] + [np.nan] * (len(expected.schema.columns) - 1)])))[0]
    )


async def test_reasons_add_up_from_the_base_to_the_score(bench):
    bench.shelves.serving = Version("v1", line_model(Line()))
    score = await bench.scorer().score_features(MARKET, FEATURES)
    assert score.base_points + sum(reason.points for reason in score.reasons) == pytest.approx(score.score)
    assert [reason.feature for reason in score.reasons] == ["replies_7d", "field.roof_age"]
    assert all(len(reason.text.split()) <= 25 for reason in score.reasons)


async def test_the_same_features_come_from_the_cache(bench):
    line = Line()
    bench.shelves.serving = Version("v1", line_model(line))
    scorer = bench.scorer()
    first = await scorer.score_features(MARKET, FEATURES, with_reasons=False)
    again = await scorer.score_features(MARKET, dict(reversed(FEATURES.items())), with_reasons=False)
    assert (first.source, again.source, again.p_convert, line.calls) == ("model", "cache", first.p_convert, 1)
    assert (await scorer.score_features(MARKET, FEATURES | {"replies_7d": 3}, with_reasons=False)).source == "model"
    bench.clock.moment += timedelta(seconds=300)
    assert (await scorer.score_features(MARKET, FEATURES, with_reasons=False)).source == "model"


async def test_a_score_without_reasons_does_not_answer_who_asks_why(bench):
    bench.shelves.serving = Version("v1", line_model(Line()))
    scorer = bench.scorer()
    assert (await scorer.score_features(MARKET, FEATURES, with_reasons=False)).reasons is None
    assert (await scorer.score_features(MARKET, FEATURES)).reasons


async def test_a_newly_published_model_answers_the_next_request(bench):
    bench.shelves.serving = Version("v1", line_model(Line()))
    scorer = bench.scorer()
    assert (await scorer.score_features(MARKET, FEATURES)).model_version == "v1"
    bench.shelves.serving = Version("v2", line_model(Line()))
    score = await scorer.score_features(MARKET, FEATURES)
    assert (score.model_version, score.source, bench.shelves.loads) == ("v2", "model", 2)


async def test_a_slow_model_is_replaced_by_the_rung_below_and_its_late_score_is_kept(bench, pool):
    line = Line(is_open=False)
    bench.shelves.serving = Version("v1", line_model(line))
    scorer = bench.scorer(budget=Budget(pool, seconds=0))
    scorer.shelf.open(MARKET)
    score = await scorer.score_features(MARKET, {"replies_7d": 2.0})
    assert (score.source, score.rung, score.model_version, score.reasons) == ("fallback", "rules", "v1", None)
    assert scorer.get_scoring_stats()["budget"]["fallbacks"] == 1
    line.gate.set()
    await until(lambda: scorer.cache.stats().size == 1)
    kept = await scorer.score_features(MARKET, {"replies_7d": 2.0})
    assert (kept.source, kept.rung) == ("cache", "gbm")
    assert kept.reasons


async def test_a_fallback_is_never_kept(bench, pool):
    bench.shelves.serving = Version("v1", line_model(Line()))
    scorer = bench.scorer(budget=Budget(pool, seconds=AMPLE, max_waiting=0))
    scorer.shelf.open(MARKET)
    for _ in range(2):
        assert (await scorer.score_features(MARKET, {"replies_7d": 2.0})).source == "fallback"
    assert scorer.cache.stats().size == 0


async def test_a_late_score_of_an_invalidated_lead_is_not_kept(bench, pool):
    line = Line(is_open=False)
    bench.shelves.serving = Version("v1", line_model(line))
    scorer = bench.scorer(budget=Budget(pool, seconds=0))
    scorer.shelf.open(MARKET)
    await scorer.score_features(MARKET, {"replies_7d": 2.0}, lead_id=LeadId("a"))
    scorer.cache.invalidate_cache("a")
    line.gate.set()
    await until(lambda: scorer.cache.stats().late_refused == 1)
    assert scorer.cache.stats().size == 0
    await scorer.log.aclose()


async def test_while_a_model_is_loading_the_rung_below_the_one_before_answers(bench, pool):
    below = replace(untrained_model(), base_rate=BaseRate.of(1, 2))
    bench.shelves.serving = Version("v1", replace(line_model(Line()), fallback=below))
    scorer = bench.scorer(budget=Budget(pool, seconds=0))
    scorer.shelf.open(MARKET)
    bench.shelves.gate.clear()
    bench.shelves.serving = Version("v2", line_model(Line()))
    score = await scorer.score_features(MARKET, {"replies_7d": 2.0})
    assert (score.source, score.rung, score.model_version) == ("fallback", "rules", "v1")
    bench.shelves.gate.set()
    await until(lambda: scorer.shelf.ready(MARKET) is not None)
    assert scorer.shelf.ready(MARKET).version == "v2"


async def test_reasons_that_are_late_are_left_out_and_counted(bench, pool):
    scorer = bench.scorer(reasons_budget=Budget(pool, seconds=AMPLE, max_waiting=0))
    score = await scorer.score_features(MARKET, {"replies_7d": 2.0})
    assert (score.source, score.reasons) == ("model", None)
    assert scorer.get_scoring_stats()["reasons"]["left_out"] == 1
    assert scorer.cache.stats().size == 0


async def test_a_model_without_signal_gives_the_base_rate_and_no_reasons(bench):
    silent = replace(line_model(Line()), no_signal="nothing known tells winners from losers")
    bench.shelves.serving = Version("v1", silent)
    score = await bench.scorer().score_features(MARKET, FEATURES)
    assert (score.p_convert, score.reasons, score.no_signal) == (0.3, (), "nothing known tells winners from losers")


async def test_a_lead_of_whom_nothing_is_known_is_abstained_from(bench):
    bench.shelves.serving = Version("v1", line_model(Line()))
    scorer = bench.scorer()
    assert "Too little is known" in (await scorer.score_features(MARKET, {})).abstains
    assert (await scorer.score_features(MARKET, FEATURES)).abstains is None


async def test_the_decision_about_a_lead_is_recorded_once_for_each_moment(bench):
    bench.shelves.serving = Version("v1", line_model(Line()))
    scorer = bench.scorer()
    first = await scorer.score_features(MARKET, FEATURES, lead_id=LeadId("a"))
    again = await scorer.score_features(MARKET, FEATURES, lead_id=LeadId("a"))
    bench.clock.moment += timedelta(seconds=1)
    later = await scorer.score_features(MARKET, FEATURES, lead_id=LeadId("a"))
    await scorer.log.aclose()
    assert [d.id for d in bench.decisions.kept] == [first.decision_id, again.decision_id, later.decision_id]
    assert first.decision_id == again.decision_id != later.decision_id
    recorded = RecordedScore.of(bench.decisions.kept[0])
    assert (recorded.lead_id, recorded.points, recorded.base_points) == ("a", first.score, first.base_points)
    assert (recorded.model_version, recorded.rung, recorded.feature_hash) == ("v1", "gbm", first.feature_hash)
    assert len(recorded.reasons) == len(first.reasons)


async def test_features_of_no_lead_are_not_recorded(bench):
    scorer = bench.scorer()
    assert (await scorer.score_features(MARKET, FEATURES)).decision_id is None
    await scorer.log.aclose()
    assert bench.decisions.kept == []


async def test_wrong_features_are_refused_whatever_answers(bench, pool):
    bench.shelves.serving = Version("v1", line_model(Line()))
    for budget in (Budget(pool, seconds=AMPLE), Budget(pool, max_waiting=0)):
        with pytest.raises(InvalidInputError, match=r"features\.nmae"):
            await bench.scorer(budget=budget).score_features(MARKET, {"nmae": 1.0})


def test_the_shelf_is_bounded_and_loads_a_version_once():
    shelves = Shelves(Version("v1", line_model(Line())))
    shelf = ModelShelf(shelves, capacity=2)
    for name in ("a", "b", "b", "c"):
        shelf.open(Market(name))
    assert shelves.loads == 3
    assert [shelf.ready(Market(name)) is not None for name in ("a", "b", "c")] == [False, True, True]


def test_the_mark_of_a_registry_changes_with_what_serves(tmp_path):
    registry = FileModelRegistry(tmp_path)
    assert registry.mark(MARKET) is None
    folder = tmp_path / MARKET
    for version in ("v1", "v2"):
        (folder / version).mkdir(parents=True)
        (folder / version / "model.json").write_text("{}")
    marks = []
    for version in ("v1", "v2", "v1"):
        registry.make_current(MARKET, version)
        marks.append(registry.mark(MARKET))
        assert registry.mark(MARKET) == marks[-1]
    assert len({None, *marks}) == 4
    with pytest.raises(ModelNotFoundError):
        registry.make_current(MARKET, "v3")
