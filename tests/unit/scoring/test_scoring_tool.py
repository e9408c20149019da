"""The tool scores from the first lead on, records every score and trains from the log."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError, LeadNotFoundError
from domain.events import Channel, ConsentEvent, Purpose
from domain.ports import Scorer
from domain.scores import Rung, ScoreOverride, ScoreSource, Temperature
from domain.values import DecisionId, LeadId
from tests.unit.scoring.conftest import (
    MARKET,
    START,
    FrozenClock,
    InMemoryConsents,
    InMemoryDecisions,
    InMemoryHistory,
    InMemoryLeads,
    InMemoryOverrides,
    InMemoryScores,
    small_floor,
)
from tools.scoring.explaining.checking import check_explanation
from tools.scoring.registry import FileModelRegistry
from tools.scoring.temperature import LeadCosts
from tools.scoring.tool import ScoringTool
from tools.scoring.trainer import TrainingTool

NOW = START + timedelta(days=560)
LEAD = LeadId("lead-1500")


def tool_over(history: InMemoryHistory, folder, *, now=NOW, **changes) -> ScoringTool:
    decisions = InMemoryDecisions()
    return ScoringTool.over(
        history=history,
        leads=InMemoryLeads(history),
        decisions=decisions,
        scores=InMemoryScores(decisions),
        overrides=InMemoryOverrides(),
        consents=InMemoryConsents(),
        registry=FileModelRegistry(folder),
        clock=FrozenClock(now),
        **changes,
    )


def trainer_over(history: InMemoryHistory, folder) -> TrainingTool:
    return TrainingTool(history, FileModelRegistry(folder))


@pytest.fixture(scope="module")
def trained(floor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    card = asyncio.run(trainer_over(floor, folder).train_model(MARKET, now=NOW))
    return folder, card


@pytest.fixture
def tool(floor, trained) -> ScoringTool:
    return tool_over(floor, trained[0])


async def test_the_first_lead_is_scored_by_the_rules(tmp_path):
    history = InMemoryHistory()
    history.add_lead("first", START)
    history.add_lead("silent", START)
    history.add_event("first", START + timedelta(hours=1), "email_replied")
    port: Scorer = tool_over(history, tmp_path, now=START + timedelta(days=1))
    score = await port.score_lead(LeadId("first"))
    assert (score.rung, score.model_version, score.expected_value) == (Rung.RULES, "rules-2", None)
    assert score.p_convert > (await port.score_lead(LeadId("silent"))).p_convert
    assert score.reasons[0].text == "Replies in the last 7 days: 1, which raises the score"


async def test_points_of_base_reasons_and_the_rest_make_the_score(tool):
    for score in await tool.batch_score([LeadId(f"lead-{i}") for i in range(1300, 1400)]):
        total = score.base_points + score.other_points + sum(reason.points for reason in score.reasons)
        assert total == pytest.approx(score.points, abs=1e-6)
        assert score.points == pytest.approx(100 * score.p_convert)
        assert score.p_low <= score.p_convert <= score.p_high


async def test_the_same_question_gives_the_same_score_and_one_decision(tool):
    first, again = await tool.score_lead(LEAD), await tool.score_lead(LEAD)
    assert again == first.model_copy(update={"source": ScoreSource.CACHE})
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
    scores = await tool.batch_score(asked)
    assert [score.lead_id for score in scores] == asked
    assert (floor.queries - before, tool.decisions.transactions) == (1, 1)


async def test_one_and_many_give_the_same_numbers(tool):
    single = await tool.score_lead(LEAD)
    many = await tool.batch_score([LeadId("lead-7"), LEAD])
    assert rounded(many[1].model_dump(mode="json")) == rounded(single.model_dump(mode="json"))


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 9) if isinstance(value, float) else value


async def test_leads_scored_each_as_of_its_own_moment_have_the_scores_of_those_moments(tool, floor):
    moments = {LeadId("lead-9"): START + timedelta(days=400), LeadId("lead-7"): START + timedelta(days=300)}
    queries = floor.queries
    found = await tool.score_as_of(moments)
    assert (floor.queries - queries, tool.decisions.transactions) == (1, 1)
    for lead_id, moment in moments.items():
        (alone,) = await tool.batch_score([lead_id], as_of=moment, with_reasons=False)
        assert rounded(found[lead_id].model_dump(mode="json")) == rounded(alone.model_dump(mode="json"))


async def test_a_lead_cannot_be_scored_as_of_before_it_came(tool):
    with pytest.raises(InvalidInputError, match="is before lead"):
        await tool.score_as_of({LEAD: START - timedelta(days=1)})


async def test_nobody_scores_nothing(tool):
    assert await tool.batch_score([]) == []


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
    best = max(await tool_over(floor, folder).batch_score(asked), key=lambda score: score.p_convert)
    typical = FileModelRegistry(folder).current(MARKET).worth["typical_value"]
    wanted = 1.05 * best.expected_value / typical
    costs = LeadCosts(contact_cost=1e-9, attention_share=1, interruption_cost=wanted - card.base_rate.value)
    tool = replace(tool_over(floor, folder), costs=costs)
    fresh = await tool.score_lead(best.lead_id, as_of=NOW - timedelta(hours=2))
    await tool.decisions.record(
        Decision(
            id=DecisionId("d"), kind=DecisionKind.SCORE, subject_id=best.lead_id, at=NOW - timedelta(hours=1),
            inputs_hash="h", chosen=Temperature.HOT,
            considered=(dict.fromkeys(("points", "p_convert", "p_low", "p_high", "base_points"), 0.5),),
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
    again = await trainer_over(floor, tmp_path).train_model(MARKET, now=NOW)
    assert again.version == trained[1].version


async def test_training_on_an_empty_market_publishes_rules(tmp_path):
    card = await trainer_over(InMemoryHistory(), tmp_path).train_model(MARKET, now=NOW)
    assert (card.rung, card.evidence.rows) == (Rung.RULES, 0)


async def test_without_signal_every_lead_gets_the_base_rate_and_no_reason(tmp_path):
    history = small_floor(2400, seed=4, signal=0.0)
    for row in history.leads:
        row["kind"] = "web"
    shuffled = [row["outcome"] for row in history.ends]
    for row, outcome in zip(history.ends, shuffled[1:] + shuffled[:1], strict=True):
        row["outcome"] = outcome
    tool = tool_over(history, tmp_path)
    card = await trainer_over(history, tmp_path).train_model(MARKET, now=NOW)
    scores = await tool.batch_score([LeadId(f"lead-{i}") for i in range(50)])
    assert {(score.p_convert, score.reasons, score.no_signal) for score in scores} == {
        (card.base_rate.value, (), card.no_signal)
    }
    assert "contains 0.5" in card.no_signal


async def test_expected_value_is_probability_times_the_mean_deal(tool):
    score = await tool.score_lead(LEAD)
    worth = tool.shelf.open(MARKET).worth
    mean = worth.predict(
        np.full((1, len(tool.shelf.open(MARKET).model.compiled.trained.schema.names)), np.nan)
    ).mean_value
    assert worth.evidence.value.why.startswith("the same quantiles for everyone")
    assert score.expected_value == pytest.approx(score.p_convert * mean[0])
    assert score.deal_value.p10 < score.deal_value.p50 < score.deal_value.p90
    assert 0 < score.days_to_close.p10 < score.days_to_close.p90


async def test_an_override_stands_beside_the_models_value(tool):
    plain = await tool.score_lead(LEAD)
    said = ScoreOverride(
        id="o", lead_id=LEAD, points=90, reason="knows the owner", by="ana", at=NOW - timedelta(days=1)
    )
    await tool.overrides.record(said)
    told = await tool.score_lead(LEAD)
    assert (told.override, told.points) == (said, plain.points)


async def test_a_new_event_gives_a_new_score_though_the_old_one_is_remembered(trained):
    history = small_floor(1600)
    tool = tool_over(history, trained[0])
    first = await tool.score_lead(LEAD)
    history.add_event(LEAD, NOW - timedelta(minutes=1), "meeting_attended")
    second = await tool.score_lead(LEAD)
    assert (first.source, second.source) == (ScoreSource.MODEL, ScoreSource.MODEL)
    assert second.feature_hash != first.feature_hash


async def test_where_too_much_is_under_way_the_rung_below_answers_and_says_so(floor, trained):
    tool = tool_over(floor, trained[0])
    tool = replace(tool, budget=replace(tool.budget, max_waiting=0))
    fresh = await tool.score_lead(LeadId("lead-7"))
    assert fresh.source is ScoreSource.MODEL
    score = await tool.score_lead(LEAD)
    assert (score.source, score.rung) == (ScoreSource.FALLBACK, Rung.RULES)
    assert tool.get_scoring_stats()["budget"]["fallbacks"] == 1
    assert (await tool.decisions.get(score.decision_id)).versions["rung"] == Rung.RULES


async def test_insights_tell_the_change_since_the_score_before(trained):
    history = small_floor(1600)
    early = tool_over(history, trained[0], now=NOW - timedelta(days=3))
    await early.score_lead(LEAD)
    history.add_event(LEAD, NOW - timedelta(days=1), "meeting_attended")
    later = replace(early, clock=FrozenClock(NOW))
    insights = await later.get_lead_insights(LEAD)
    change = insights.change
    parts = sum(one.points for one in change.changes) + change.other_points + change.model_points
    assert parts == pytest.approx(change.points, abs=1e-6)
    assert change.points_after == pytest.approx(insights.score.points, abs=1e-9)
    assert check_explanation(insights.sentence, insights.score) == ()


async def test_insights_look_only_for_messages_that_the_lead_has_agreed_to(floor, trained, monkeypatch):
    asked = []

    def found(*_history, allowed, **_rest):
        asked.append(allowed)
        return ()

    monkeypatch.setattr("tools.scoring.lead_story.find_counterfactuals", found)
    agreed = ConsentEvent(
        id="c", lead_id=LEAD, channel=Channel.EMAIL, purpose=Purpose.MARKETING, granted=True,
        at=NOW - timedelta(days=30), source="form",
    )  # fmt: skip
    tool = tool_over(floor, trained[0])
    await tool.get_lead_insights(LEAD)
    await replace(tool, consents=InMemoryConsents([agreed])).get_lead_insights(LEAD)
    assert [{"email", "call"} & allowed for allowed in asked] == [set(), {"email"}]
