"""The same seed gives the same floor, bad input is refused, and the truth answers consistently."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import (
    InvalidInputError,
    LeadNotFoundError,
    ProductNotFoundError,
    RepNotFoundError,
    UnknownMarketError,
)
from simulation.catalogue import load_market, market_names
from simulation.export import write_csv
from simulation.floor import simulate
from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.newcomers import new_lead
from simulation.streams import quantile_index
from simulation.truth import expected_auc

START = datetime(2024, 1, 1, tzinfo=UTC)


def _small(**changes):
    sizes = {"n_leads": 60, "seed": 3, "start": START, "days": 90, "n_reps": 4}
    return simulate(load_market("roofing"), **(sizes | changes))


def test_the_same_seed_gives_the_same_floor():
    first, second = _small(), _small()
    assert {name: frame.equals(second.tables()[name]) for name, frame in first.tables().items()} == dict.fromkeys(
        first.tables(), True
    )


def test_another_seed_gives_another_floor():
    assert not _small().leads.equals(_small(seed=4).leads)


@pytest.mark.parametrize("change", [{"n_leads": 0}, {"days": 0}, {"n_reps": 1}, {"start": datetime(2024, 1, 1)}])  # noqa: DTZ001 - the naive moment is the point
def test_bad_sizes_are_refused_by_name(change):
    with pytest.raises(InvalidInputError, match=next(iter(change))):
        _small(**change)


def test_an_unknown_market_is_refused_with_the_known_ones():
    with pytest.raises(UnknownMarketError, match="insurance_partners, real_estate, roofing"):
        load_market("shoes")


def test_all_markets_offer_the_same_actions():
    assert {load_market(name).action_ids for name in market_names()} == {
        ("email_intro", "email_case_study", "email_followup", "sms_checkin", "call", "proposal", "wait")
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"actions": lambda actions: actions[:-1]}, "must end with `wait`"),
        ({"gap_days": lambda gaps: gaps[:-1]}, "one weight for each of `gap_days`"),
        ({"languages": lambda _: {"es": 0.0}}, "lack `en`"),
        ({"combinations": lambda _: [{"when": [{"of": "shoe_size", "at_least": 9}], "effect": 1}]}, "shoe_size"),
        ({"combinations": lambda _: [{"when": [{"of": "source", "is": "moon"}], "effect": 1}]}, "is no level"),
    ],
)
def test_a_market_file_with_a_slip_is_refused(change, message):
    document = load_market("roofing").model_dump(mode="json", by_alias=True)
    name, edit = next(iter(change.items()))
    document[name] = edit(document[name])
    with pytest.raises(ValueError, match=message):
        MarketModel.model_validate(document)


def test_the_truth_refuses_what_it_does_not_know():
    truth = _small().truth
    lead, rep = truth.lead_ids[0], truth.team.reps[0].id
    with pytest.raises(LeadNotFoundError):
        truth.p_convert(["nobody"])
    with pytest.raises(RepNotFoundError):
        truth.p_convert([lead], ["nobody"])
    with pytest.raises(InvalidInputError, match="shout"):
        truth.p_convert([lead], action_ids=["shout"])
    with pytest.raises(ProductNotFoundError):
        truth.skill(rep, "nothing")


def test_one_lead_at_a_time_gives_the_same_probabilities_as_all_at_once():
    truth = _small().truth
    rep = [truth.team.reps[1].id]
    together = truth.p_convert(truth.lead_ids, rep * len(truth.lead_ids))
    assert together.tolist() == [truth.p_convert([lead], rep)[0] for lead in truth.lead_ids]


def test_a_skilled_rep_raises_the_odds_by_the_skill(floors):
    truth = floors.of().truth
    team, population = truth.team, truth.response.population
    fits = team.eligible(population)
    row = int(np.flatnonzero(truth.buyer & (fits.sum(axis=1) >= 3))[0])
    product = truth.response.market.products[population.product[row]].id
    reps = [rep.id for rep, fit in zip(team.reps, fits[row], strict=True) if fit]
    p = truth.p_convert([truth.lead_ids[row]] * len(reps), reps)
    without_skill = np.log(p / (1 - p)) - np.array([truth.skill(rep, product) for rep in reps])
    assert np.ptp(without_skill) < 1e-9


def test_bots_and_duplicates_never_convert(floors):
    floor = floors.of()
    no_buyers = floor.outcomes.filter(pl.col("kind") == "disqualified")["lead_id"]
    assert floor.truth.p_convert(no_buyers).any() == np.False_


def test_no_table_holds_the_truth(floor, tmp_path):
    files = write_csv(floor, tmp_path)
    headers = {
        name for path in files.values() for name in path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    }
    assert not headers & {"p_convert", "urgency", "need", "budget", "skill", "latents", "base_odds"}


def test_written_files_read_back_with_every_row(tmp_path):
    floor = _small()
    files = write_csv(floor, tmp_path / "new")
    read = {name: pl.read_csv(path, infer_schema=False).height for name, path in files.items()}
    assert read == {name: frame.height for name, frame in floor.tables().items()}


def test_a_new_lead_is_fresh_and_plausible(floor):
    arrived = new_lead(floor, 5)
    known = {f"fields.{name}" for name in arrived.lead.fields}
    assert arrived.lead.created_at == floor.end
    assert known <= set(floor.leads.columns)
    assert arrived.lead.id not in set(floor.leads["id"])
    assert set(arrived.latents) == {"urgency", "need", "budget", "email_habit", "sms_habit", "phone_habit"}


def test_a_new_lead_is_the_same_for_the_same_seed(floors):
    assert new_lead(floors.of(), 5).lead == new_lead(floors.of(), 5).lead
    assert new_lead(floors.of(), 5).lead != new_lead(floors.of(), 6).lead


def test_a_new_lead_brings_its_first_days_when_asked(floors):
    at = floors.of().end + timedelta(days=1)
    arrived = new_lead(floors.of(), 5, at=at, days=3)
    assert arrived.interactions
    assert all(at <= event.at <= at + timedelta(days=3) for event in arrived.interactions)
    assert {event.rep_id for event in arrived.interactions} == {None}


def test_the_truth_of_a_new_lead_knows_the_floors_reps(floors):
    floor = floors.of()
    arrived = new_lead(floor, 5)
    p = [arrived.truth.p_convert([arrived.lead.id], [rep])[0] for rep in floor.reps["id"]]
    assert len({round(value, 6) for value in p}) > 5


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 5)), min_size=2, max_size=40))
@settings(max_examples=50)
def test_no_ranking_is_expected_to_beat_the_planted_one(pairs):
    p, ranking = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    assert expected_auc(p, ranking) <= expected_auc(p) + 1e-9


@given(st.floats(0.0, 800.0), st.floats(-11.0, 12.0))
@settings(max_examples=50)
def test_waking_moves_forward_and_out_of_the_night(day, offset):
    timeline = Timeline(START, 900.0)
    moved = timeline.waking(np.array([day]), np.array([offset]))
    hour = timeline.local_hour(moved, np.array([offset]))[0]
    assert day <= moved[0] <= day + 1
    assert 6.99 <= hour <= 22.01


@given(st.lists(st.floats(0.01, 10.0), min_size=1, max_size=8), st.floats(0.0, 1.0, exclude_max=True))
@settings(max_examples=50)
def test_a_quantile_lands_in_a_level(weights, uniform):
    assert 0 <= quantile_index(np.array(weights), np.array([uniform]))[0] < len(weights)


def test_moments_in_whole_seconds_never_come_before_creation():
    timeline = Timeline(START, 10.0)
    days = np.array([0.0, 1.5, np.nan])
    assert timeline.series(days).to_list() == [START, START + timedelta(days=1.5), None]
