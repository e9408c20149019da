"""The score cache: bounded, timed, and never stale."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tools.scoring.serving.score_cache import ScoreCache, ScoreKey, Ticket

LEADS = ("a", "b", "c")
CAPACITY = 4


@dataclass
class HandClock:
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cache(clock: HandClock) -> ScoreCache[str]:
    return ScoreCache(clock)


def key(lead: str = "a", features: str = "f1", model: str = "m1", **more: str) -> ScoreKey:
    return ScoreKey(lead, features, model, **more)


def test_what_was_put_is_found_until_it_is_too_old(cache, clock):
    cache.put(key(), "score", cache.begin())
    clock.moment += timedelta(seconds=299.999)
    assert cache.get(key()) == "score"
    clock.moment += timedelta(milliseconds=1)
    assert cache.get(key()) is None
    assert (cache.stats().hits, cache.stats().misses, cache.stats().size) == (1, 1, 0)


@pytest.mark.parametrize(
    "other",
    [key("b"), key(features="f2"), key(model="m2"), key(calibration="tilt-1"), key(asked="reasons")],
    ids=["lead", "features", "model", "calibration", "asked"],
)
def test_everything_that_decides_a_score_is_in_its_key(cache, other):
    cache.put(key(), "score", cache.begin())
    assert cache.get(other) is None


def test_the_least_recently_used_goes_first(clock):
    cache = ScoreCache[int](clock, capacity=2)
    for i in range(2):
        cache.put(key(features=f"f{i}"), i, cache.begin())
    cache.get(key(features="f0"))
    cache.put(key(features="f2"), 2, cache.begin())
    assert [cache.get(key(features=f"f{i}")) for i in range(3)] == [0, None, 2]
    assert cache.stats().evicted == 1


def test_invalidating_a_lead_forgets_its_scores_alone(cache):
    for lead in LEADS:
        for features in ("f1", "f2"):
            cache.put(key(lead, features), lead, cache.begin())
    assert cache.invalidate_cache("a") == 2
    assert [cache.get(key(lead)) for lead in LEADS] == [None, "b", "c"]
    assert cache.invalidate_cache(None) == 4
    assert cache.stats().size == 0


def test_a_score_begun_before_the_invalidation_is_not_let_in_after_it(cache):
    ticket = cache.begin()
    cache.invalidate_cache("a")
    assert not cache.put(key("a"), "late", ticket)
    assert cache.put(key("b"), "of another lead", ticket)
    assert cache.get(key("a")) is None
    assert cache.stats().late_refused == 1
    assert cache.put(key("a"), "new", cache.begin())


def test_a_cache_without_room_keeps_nothing(clock):
    cache = ScoreCache[str](clock, capacity=0)
    assert not cache.put(key(), "score", cache.begin())
    assert cache.get(key()) is None


def test_threads_leave_it_consistent(clock):
    cache = ScoreCache[int](clock, capacity=50)

    def work(seed: int) -> None:
        for i in range(300):
            name = f"{(i * seed) % 70}"
            cache.put(key(name, f"f{i % 3}"), i, cache.begin())
            cache.get(key(name))
            if i % 40 == 0:
                cache.invalidate_cache(name)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 3, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.stats().size == len(cache._entries) <= 50
    assert {k for keys in cache._of_lead.values() for k in keys} == set(cache._entries)


class NeverStale(RuleBasedStateMachine):
    """Leads change, models are replaced, scores are begun and finish late: what is answered is always up to date."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.cache = ScoreCache[tuple[str, int, int, datetime]](self.clock, capacity=CAPACITY)
        self.features = dict.fromkeys(LEADS, 0)
        self.model = 0
        self.begun: list[tuple[str, int, int, Ticket]] = []
        self.invalidated_at = dict.fromkeys(LEADS, 0)
        self.step = 0

    def key_of(self, lead: str, features: int, model: int) -> ScoreKey:
        return ScoreKey(lead, f"f{features}", f"m{model}")

    @rule(lead=st.sampled_from(LEADS), features=st.integers(0, 2))
    def lead_changes(self, lead, features):
        self.features[lead] = features

    @rule(model=st.integers(0, 2))
    def model_is_replaced(self, model):
        self.model = model

    @rule(lead=st.sampled_from(LEADS))
    def score_is_begun(self, lead):
        self.step += 1
        self.begun.append((lead, self.features[lead], self.model, self.cache.begin(), self.step))

    @rule(which=st.integers(0, 9))
    def score_is_finished(self, which):
        if self.begun:
            lead, features, model, ticket, step = self.begun.pop(which % len(self.begun))
            kept = self.cache.put(self.key_of(lead, features, model), (lead, features, model, step), ticket)
            assert not (kept and step < self.invalidated_at[lead])

    @rule(lead=st.sampled_from((*LEADS, None)))
    def lead_is_invalidated(self, lead):
        self.step += 1
        self.cache.invalidate_cache(lead)
        for name in LEADS if lead is None else (lead,):
            self.invalidated_at[name] = self.step

    @rule(seconds=st.sampled_from([1, 150, 300]))
    def time_passes(self, seconds):
        self.clock.moment += timedelta(seconds=seconds)

    @invariant()
    def nothing_stale_is_answered(self):
        for lead in LEADS:
            found = self.cache.get(self.key_of(lead, self.features[lead], self.model))
            if found is not None:
                assert found[:3] == (lead, self.features[lead], self.model)
                assert found[3] > self.invalidated_at[lead]

    @invariant()
    def it_is_bounded(self):
        assert self.cache.stats().size <= CAPACITY
        assert len(self.cache._invalidated) <= CAPACITY


NeverStale.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestNeverStale = NeverStale.TestCase
