from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.matching.affinity import fit_affinity
from tools.matching.base_rate import fit_logistic
from tools.matching.history import judged_leads
from tools.matching.network import build_network, explain_path

REPS = [f"rep-{i:02}" for i in range(12)]
PRODUCTS = ["product-0", "product-1", "product-2"]


def _fit(outcomes, make, reps=None):
    judged = judged_leads(outcomes, now=make.now)
    return fit_affinity(judged, reps or [make.rep(r) for r in REPS], rng=np.random.default_rng(1))


def _total(model, reps, products=PRODUCTS):
    return sum(model.shifts(reps, products).values())


def test_recovers_planted_effects(make):
    outcomes = make.outcomes(6000)
    model = _fit(outcomes, make)
    truth = outcomes.group_by("rep_id", "product_id").agg(pl.col("true_effect").first()).sort("rep_id", "product_id")
    learned = _total(model, [make.rep(r) for r in REPS]).ravel()
    assert model.no_signal is None
    assert np.corrcoef(learned, truth["true_effect"].to_numpy())[0, 1] > 0.85


@pytest.mark.parametrize("seed", range(4))
def test_permuted_reps_carry_no_signal(make, seed):
    model = _fit(make.outcomes(3000, shuffled=True, seed=seed), make)
    assert "does not tell reps apart" in model.no_signal
    assert not _total(model, [make.rep(r) for r in REPS]).any()


def test_too_little_history_is_said_to_be_too_little(make):
    model = _fit(make.outcomes(20), make)
    assert model.no_signal.startswith("Rep history is too thin: 20 judged leads")


def test_an_empty_history_gives_no_effects(make):
    model = _fit(make.outcomes(0), make)
    assert not _total(model, [make.rep("anybody")], [None, "anything"]).any()


def test_a_new_rep_counts_as_the_mean_of_the_pool(make):
    model = _fit(make.outcomes(6000), make)
    assert _total(model, [make.rep("newcomer")]).tolist() == [[0.0, 0.0, 0.0]]


def test_effects_shrink_with_less_history(make):
    reps = [make.rep(r) for r in REPS]
    outcomes = make.outcomes(6000)
    rare = outcomes.filter((pl.col("rep_id") != "rep-00") | (pl.int_range(pl.len()) % 50 == 0))
    full, thin = (abs(_total(_fit(table, make), reps)[0]).mean() for table in (outcomes, rare))
    assert thin < full


def test_a_rep_is_not_praised_for_good_leads(make):
    """All reps are equal, but one is given the leads that a lead-only model already expects to be won."""
    rng = np.random.default_rng(3)
    outcomes = make.outcomes(4000)
    p_base = rng.choice([0.05, 0.6], 4000)
    owner = np.where(p_base > 0.5, "rep-00", rng.choice(REPS[1:], 4000))
    outcomes = outcomes.with_columns(
        pl.Series("p_base", p_base),
        pl.Series("rep_id", owner),
        pl.Series("outcome", np.where(rng.random(4000) < p_base, "won", "lost")),
    )
    assert _fit(outcomes, make).no_signal is not None


def test_declared_skill_counts_as_far_as_history_bears_it_out(make):
    outcomes = make.outcomes(6000)
    effects = {(r, p): e for r, p, e in outcomes.select("rep_id", "product_id", "true_effect").unique().rows()}
    reps = [
        make.rep(r, skills=tuple(make.skill(p, float(np.clip(0.5 + 0.2 * effects[r, p], 0, 1))) for p in PRODUCTS))
        for r in REPS
    ]
    newcomer = make.rep("newcomer", skills=(make.skill("product-0", 0.9),))
    model = _fit(outcomes, make, [*reps, newcomer])
    assert _total(model, [newcomer])[0, 0] > 0.3


def test_the_same_history_gives_the_same_model(make):
    outcomes = make.outcomes(2000)
    reordered = outcomes.sample(fraction=1.0, shuffle=True, seed=5)
    first, second = _fit(outcomes, make), _fit(reordered, make)
    assert first.version == second.version
    assert np.array_equal(first.cell_shift, second.cell_shift)


def test_expected_chances_of_known_reps_agree_with_history(make):
    outcomes = make.outcomes(8000)
    model = _fit(outcomes, make)
    judged = judged_leads(outcomes, now=make.now)
    base = judged.with_columns(pl.col("won").mean().over("product_id").alias("base"))
    rows = {r: i for i, r in enumerate(REPS)}
    shift = _total(model, [make.rep(r) for r in REPS])
    index = [rows[r] for r in judged["rep_id"]], [PRODUCTS.index(p) for p in judged["product_id"]]
    odds = base["base"].to_numpy() / (1 - base["base"].to_numpy()) * np.exp(shift[index])
    assert float(np.mean(odds / (1 + odds))) == pytest.approx(float(judged["won"].mean()), abs=0.01)


def test_outcomes_from_the_future_do_not_count(make):
    outcomes = make.outcomes(500)
    early = judged_leads(outcomes, now=make.now - timedelta(days=300))
    assert early.height < 500
    assert judged_leads(outcomes, now=make.now - timedelta(days=3000)).height == 0


def test_only_leads_that_were_won_or_lost_are_judged(make):
    ends = ["won", "lost", "disqualified", None]
    outcomes = make.outcomes(4).with_columns(outcome=pl.Series(ends, dtype=pl.String))
    assert judged_leads(outcomes, now=make.now).select("lead_id", "won").rows() == [
        ("past-00000", 1.0),
        ("past-00001", 0.0),
    ]


def test_a_lead_that_ended_in_an_open_window_is_marked_young(make):
    created = [make.now - timedelta(days=days) for days in (30, 200)]
    outcomes = make.outcomes(2).with_columns(created_at=pl.Series(created, dtype=pl.Datetime("us", "UTC")))
    assert judged_leads(outcomes.with_columns(outcome_at="created_at"), now=make.now)["young"].to_list() == [
        True,
        False,
    ]


def test_how_long_reps_leave_lost_leads_open_is_no_signal(make):
    """Equal sellers, but two of them never record a loss in a third of their leads."""
    open_ = pl.col("rep_id").is_in(REPS[:2]) & (pl.int_range(pl.len()) % 3 == 0)
    outcomes = make.outcomes(4000, shuffled=True).with_columns(
        outcome=pl.when(open_).then(None).otherwise("outcome"),
        outcome_at=pl.when(open_).then(None).otherwise("outcome_at"),
    )
    assert _fit(outcomes, make).no_signal is not None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 10))
def test_logistic_fit_ends_where_the_gradient_is_zero(seed, penalty):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    won = (rng.random(80) < 0.4).astype(np.float64)
    penalties = np.array([0.0, penalty, penalty])
    coefficients = fit_logistic(design, won, penalties)
    p = 1 / (1 + np.exp(-(design @ coefficients)))
    assert design.T @ (won - p) - penalties * coefficients == pytest.approx(np.zeros(3), abs=1e-4)


def test_the_network_counts_what_the_history_holds(make):
    outcomes = make.outcomes(300)
    judged = judged_leads(outcomes, now=make.now)
    network = build_network(judged, _fit(outcomes, make))
    mine = judged.filter((pl.col("rep_id") == "rep-03") & (pl.col("product_id") == "product-1"))
    record = network.record_of("rep-03", "product-1")
    assert (record.had, record.won) == (mine.height, int(mine["won"].sum()))
    assert set(network.evidence("rep-03", "product-1", limit=100)) == set(mine["lead_id"])


def test_a_path_is_told_in_real_numbers(make):
    outcomes = make.outcomes(300)
    judged = judged_leads(outcomes, now=make.now)
    network = build_network(judged, _fit(outcomes, make))
    mine, team = network.record_of("rep-03", "product-1"), network.record_of_team("product-1")
    told = explain_path(network, make.rep("rep-03"), make.product("product-1", name="Slate"))
    assert told == f"{mine.had} Slate leads, {mine.share:.0%} won against {team.share:.0%} of the team"


def test_a_rep_without_history_is_told_as_such(make):
    outcomes = make.outcomes(300)
    network = build_network(judged_leads(outcomes, now=make.now), _fit(outcomes, make))
    assert explain_path(network, make.rep("nobody"), None) == "no history yet, counted as the team's mean"
