"""The tool scores from the first lead on, records every score and trains from the log."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError, LeadNotFoundError
from domain.ports import Scorer
from domain.scores import Rung, Temperature
from domain.values import DecisionId, LeadId
from tests.unit.scoring.conftest import (
    MARKET,
    START,
    FrozenClock,
    InMemoryDecisions,
    InMemoryHistory,
    InMemoryLeads,
    small_floor,
)
from tools.scoring.registry import FileModelRegistry
from tools.scoring.temperature import LeadCosts
from tools.scoring.tool import ScoringTool

NOW = START + timedelta(days=560)
LEAD = LeadId("lead-1500")


def tool_over(history: InMemoryHistory, folder, *, now=NOW) -> ScoringTool:
    return ScoringTool(
        history, InMemoryLeads(history), InMemoryDecisions(), FileModelRegistry(folder), FrozenClock(now)
    )


@pytest.fixture(scope="module")
def trained(floor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    card = asyncio.run(tool_over(floor, folder).train_model(MARKET, now=NOW))
    return folder, card


@pytest.fixture
def tool(floor, trained) -> ScoringTool:
    return tool_over(floor, trained[0])


async def test_the_first_lead_is_scored_by_the_rules(tmp_path):
    history = InMemoryHistory()
    history.add_lead("first", START)
    history.add_event("first", START + timedelta(hours=1), "email_replied")
    port: Scorer = tool_over(history, tmp_path, now=START + timedelta(days=1))
    score = await port.score_lead(LeadId("first"))
    assert (score.rung, score.model_version, score.expected_value) == (Rung.RULES, "rules-1", None)
    assert score.p_convert > 0.12
    assert score.reasons[0].text == "Replies in the last 7 days: 1, which raises the score"


async def test_points_of_base_reasons_and_the_rest_make_the_score(tool):
    for score in await tool.score_many([LeadId(f"lead-{i}") for i in range(1300, 1400)]):
        total = score.base_points + score.other_points + sum(reason.points for reason in score.reasons)
        assert total == pytest.approx(score.points, abs=1e-6)
        assert score.points == pytest.approx(100 * score.p_convert)
        assert score.p_low <= score.p_convert <= score.p_high


async def test_the_same_question_gives_the_same_score_and_one_decision(tool):
    first, again = await tool.score_lead(LEAD), await tool.score_lead(LEAD)
    assert first == again
    assert list(tool.decisions.kept) == [first.decision_id]


async def test_a_decision_holds_what_is_needed_to_replay_it(tool):
    score = await tool.score_lead(LEAD)
    decision = await tool.decisions.get(score.decision_id)
    assert (decision.kind, decision.subject_id, decision.chosen) == (DecisionKind.SCORE, LEAD, score.temperature)
    assert decision.inputs_hash == score.feature_hash
    assert decision.versions["model"] == score.model_version
    assert decision.considered[0]["p_convert"] == score.p_convert


async def test_a_bulk_score_takes_one_query_and_one_transaction_and_keeps_the_order(tool, floor):
    before = floor.queries
    asked = [LeadId("lead-9"), LeadId("lead-3"), LeadId("lead-9")]
    scores = await tool.score_many(asked)
    assert [score.lead_id for score in scores] == asked
    assert (floor.queries - before, tool.decisions.transactions) == (1, 1)


async def test_one_and_many_give_the_same_numbers(tool):
    single = await tool.score_lead(LEAD)
    many = await tool.score_many([LeadId("lead-7"), LEAD])
    assert many[1] == single


async def test_nobody_scores_nothing(tool):
    assert await tool.score_many([]) == []


async def test_an_unknown_lead_is_an_error(tool):
    with pytest.raises(LeadNotFoundError, match="nobody"):
        await tool.score_lead(LeadId("nobody"))


async def test_a_lead_cannot_be_scored_before_it_existed(tool):
    with pytest.raises(InvalidInputError, match="before lead 'lead-1500' was created"):
        await tool.score_lead(LEAD, as_of=START + timedelta(days=1))


async def test_a_naive_moment_is_refused(tool):
    with pytest.raises(InvalidInputError, match="has no time zone"):
        await tool.score_lead(LEAD, as_of=NOW.replace(tzinfo=None))


async def test_later_events_do_not_change_a_score_of_the_past(trained):
    history = small_floor(1600)
    tool = tool_over(history, trained[0])
    past = START + timedelta(days=480)
    first = await tool.score_lead(LEAD, as_of=past)
    history.add_event(LEAD, past + timedelta(hours=1), "meeting_attended")
    assert await tool.score_lead(LEAD, as_of=past) == first


async def test_a_hot_lead_stays_hot_until_it_falls_clearly_below(floor, trained):
    folder, card = trained
    asked = [LeadId(f"lead-{i}") for i in range(1400, 1500)]
    best = max(await tool_over(floor, folder).score_many(asked), key=lambda score: score.p_convert)
    deals = FileModelRegistry(folder).current(MARKET).context.deals
    wanted = 1.05 * best.expected_value / deals.overall
    costs = LeadCosts(contact_cost=1e-9, attention_share=1, interruption_cost=wanted - card.base_rate.value)
    tool = replace(tool_over(floor, folder), costs=costs)
    fresh = await tool.score_lead(best.lead_id, as_of=NOW - timedelta(hours=2))
    await tool.decisions.record(
        Decision(
            id=DecisionId("d"), kind=DecisionKind.SCORE, subject_id=best.lead_id, at=NOW - timedelta(hours=1),
            inputs_hash="h", chosen=Temperature.HOT,
        )
    )  # fmt: skip
    again = await tool.score_lead(best.lead_id)
    assert (fresh.temperature, again.temperature) == (Temperature.WARM, Temperature.HOT)


async def test_training_publishes_a_model_that_beats_the_rules(trained):
    _, card = trained
    assert card.rung in {Rung.LINEAR, Rung.GBM}
    assert card.no_signal is None
    assert card.evidence.candidates[0].rung is Rung.RULES
    assert {"auc", "ece", "brier", "majority_class_rate"} <= {measure.name for measure in card.evidence.measures}


async def test_training_uses_only_complete_outcome_windows(trained):
    _, card = trained
    assert card.data_to <= NOW - timedelta(days=90)
    assert card.censored > 0


async def test_training_twice_gives_the_same_version(floor, trained, tmp_path):
    again = await tool_over(floor, tmp_path).train_model(MARKET, now=NOW)
    assert again.version == trained[1].version


async def test_training_on_an_empty_market_publishes_rules(tmp_path):
    card = await tool_over(InMemoryHistory(), tmp_path).train_model(MARKET, now=NOW)
    assert (card.rung, card.evidence.rows) == (Rung.RULES, 0)


async def test_without_signal_every_lead_gets_the_base_rate_and_no_reason(tmp_path):
    history = small_floor(900, seed=4, signal=0.0)
    for row in history.leads:
        row["kind"] = "web"
    shuffled = [row["outcome"] for row in history.ends]
    for row, outcome in zip(history.ends, shuffled[1:] + shuffled[:1], strict=True):
        row["outcome"] = outcome
    tool = tool_over(history, tmp_path)
    card = await tool.train_model(MARKET, now=NOW)
    scores = await tool.score_many([LeadId(f"lead-{i}") for i in range(50)])
    assert {(score.p_convert, score.reasons, score.no_signal) for score in scores} == {
        (card.base_rate.value, (), card.no_signal)
    }
    assert "contains 0.5" in card.no_signal


async def test_expected_value_is_probability_times_the_typical_deal(tool):
    score = await tool.score_lead(LEAD)
    published = tool.registry.current(MARKET)
    assert score.expected_value == pytest.approx(score.p_convert * published.context.deals.by_product["p0"])
