from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.matching.affinity import LeadKind, fit_affinity
from tools.matching.base_rate import fit_logistic
from tools.matching.history import judged_leads

REPS = [f"rep-{i:02}" for i in range(12)]
PRODUCTS = ["product-0", "product-1", "product-2"]


def _fit(outcomes, make, reps=None):
    judged = judged_leads(outcomes, now=make.now)
    return fit_affinity(judged, reps or [make.rep(r) for r in REPS], rng=np.random.default_rng(1))


def _total(model, reps, products=PRODUCTS):
    return sum(model.shifts(reps, [LeadKind(product) for product in products]).values())


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
    assert np.array_equal(first.product_effects(), second.product_effects())


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


def test_an_unsure_rep_has_a_wider_spread_and_a_new_one_the_widest(make):
    outcomes = make.outcomes(6000)
    rare = outcomes.filter((pl.col("rep_id") != "rep-00") | (pl.int_range(pl.len()) % 20 == 0))
    model = _fit(rare, make)
    thin, known, new = (
        model.spreads([make.rep(r)], [LeadKind("product-0")])[0, 0] for r in ("rep-00", "rep-01", "new")
    )
    assert 0 < known < thin < new


def test_without_a_signal_nothing_is_left_to_explore(make):
    model = _fit(make.outcomes(3000, shuffled=True), make)
    assert not model.spreads([make.rep("rep-00"), make.rep("new")], [LeadKind("product-0")]).any()


def test_spreads_cover_the_true_effects(make):
    outcomes = make.outcomes(4000, n_products=4, seed=5)
    model = _fit(outcomes, make)
    kinds = [LeadKind(f"product-{i}") for i in range(4)]
    reps = [make.rep(r) for r in REPS]
    truth = outcomes.group_by("rep_id", "product_id").agg(pl.col("true_effect").first()).sort("rep_id", "product_id")
    z = (_total(model, reps, [k.product_id for k in kinds]) - truth["true_effect"].to_numpy().reshape(12, 4)) / (
        model.spreads(reps, kinds)
    )
    z = z - z.mean(axis=0)
    assert 0.6 < float(np.sqrt(np.mean(z**2))) < 1.5


def _trust(make, outcomes):
    reps = [make.rep(r, skills=(make.skill("product-0", 0.3),)) for r in REPS]
    skilled = make.rep("skilled", skills=(make.skill("product-0", 0.9),))
    return float(_total(_fit(outcomes, make, [*reps, skilled]), [skilled], ["product-0"])[0, 0])


def test_declared_skill_counts_on_trust_where_no_history_can_tell(make):
    assert _trust(make, make.outcomes(20)) > 0.1


def test_a_long_history_ends_the_trust_in_declared_skill(make):
    rng = np.random.default_rng(4)
    reps = [make.rep(r, skills=tuple(make.skill(p, float(rng.uniform(0.1, 0.9))) for p in PRODUCTS)) for r in REPS]
    model = _fit(make.outcomes(8000, shuffled=True), make, reps)
    assert model.no_signal is not None
    assert not _total(model, reps).any()


def test_a_rep_who_turned_bad_is_seen_by_his_recent_leads(make):
    """Only the last ten weeks tell: before them the rep was the best of all."""
    outcomes = _turning(make, sharp=True)
    model = _fit(outcomes, make)
    terms = model.shifts([make.rep("rep-00"), make.rep("rep-01")], [LeadKind("product-0")])
    assert terms["recent"][0, 0] < -0.4
    assert sum(terms.values())[0, 0] < sum(terms.values())[1, 0]


def test_form_is_left_out_where_reps_are_steady(make):
    assert "recent" not in _fit(make.outcomes(6000), make).shifts([make.rep("rep-00")], [LeadKind("product-0")])


def _turning(make, *, sharp):
    n = 6000
    rng = np.random.default_rng(11)
    weeks = rng.integers(0, 60, n)
    rep = rng.integers(0, len(REPS), n)
    effect = rng.normal(0, 0.3, len(REPS))[rep]
    effect = np.where(rep == 0, np.where(weeks < 10, -1.5, 0.9), effect) if sharp else effect
    won = rng.random(n) < 1 / (1 + np.exp(1.0 - effect))
    created = [make.now - timedelta(days=int(7 * w) + 1, seconds=i) for i, w in enumerate(weeks)]
    return make.outcomes(n).with_columns(
        created_at=pl.Series(created, dtype=pl.Datetime("us", "UTC")),
        outcome_at=pl.Series([c + timedelta(hours=12) for c in created], dtype=pl.Datetime("us", "UTC")),
        rep_id=pl.Series([REPS[r] for r in rep]),
        outcome=pl.Series(np.where(won, "won", "lost")),
    )


def test_regional_strength_is_learned_where_there_is_any(make):
    outcomes = make.outcomes(9000, spread=0.2)
    rng = np.random.default_rng(2)
    effect = rng.normal(0, 0.9, (len(REPS), 3))
    rep, region = (outcomes[c].rank("dense").to_numpy() - 1 for c in ("rep_id", "region"))
    won = rng.random(9000) < 1 / (1 + np.exp(1.0 - effect[rep, region]))
    model = _fit(outcomes.with_columns(outcome=pl.Series(np.where(won, "won", "lost"))), make)
    kinds = [LeadKind("product-0", region=f"region-{i}") for i in range(3)]
    learned = model.shifts([make.rep(r) for r in REPS], kinds)["region"]
    own = effect - effect.mean(axis=1, keepdims=True)
    assert np.corrcoef(learned.ravel(), own.ravel())[0, 1] > 0.7


def test_region_and_source_are_left_out_where_they_tell_nothing(make):
    terms = _fit(make.outcomes(6000), make).shifts([make.rep("rep-00")], [LeadKind("product-0", "region-0", "web")])
    assert not {"region", "source", "similar"} & terms.keys()


def test_products_that_go_together_lend_each_other_what_is_known(make):
    """Two families of products: a rep good at one product of a family is good at the others, and bad at the rest."""
    n, n_reps, products = 16_000, 40, [f"product-{i}" for i in range(6)]
    rng = np.random.default_rng(8)
    family = np.where(np.arange(6) < 3, 1.0, -1.0)
    effect = 0.8 * rng.standard_normal((n_reps, 1)) * family + 0.1 * rng.standard_normal((n_reps, 6))
    rep, product = rng.integers(0, n_reps, n), rng.integers(0, 6, n)
    # Rep 0 has never had product 0.
    product = np.where((rep == 0) & (product == 0), 1, product)
    effect[0] = 1.2 * family
    won = rng.random(n) < 1 / (1 + np.exp(1.0 - effect[rep, product]))
    outcomes = make.outcomes(n).with_columns(
        rep_id=pl.Series([f"rep-{r:02}" for r in rep]),
        product_id=pl.Series([products[p] for p in product]),
        outcome=pl.Series(np.where(won, "won", "lost")),
    )
    model = _fit(outcomes, make, [make.rep(f"rep-{i:02}") for i in range(n_reps)])
    terms = model.shifts([make.rep("rep-00")], [LeadKind("product-0"), LeadKind("product-5")])
    assert terms["similar"][0, 0] > 0.5
    assert sum(terms.values())[0, 1] < 0


def test_a_rep_given_leads_of_a_region_he_does_not_serve_is_not_blamed_for_it(make):
    """All sell alike where they belong; leads from outside a rep's regions are lost more often, whoever has them."""
    n = 12_000
    rng = np.random.default_rng(6)
    rep, region = rng.integers(0, len(REPS), n), rng.integers(0, 3, n)
    region = np.where((rep < 4) & (rng.random(n) < 0.7), 2, region)
    strange = region == 2
    won = rng.random(n) < 1 / (1 + np.exp(1.0 + 1.2 * strange * (rep < 4)))
    outcomes = make.outcomes(n).with_columns(
        rep_id=pl.Series([REPS[r] for r in rep]),
        region=pl.Series([f"region-{i}" for i in region]),
        outcome=pl.Series(np.where(won, "won", "lost")),
    )
    reps = [make.rep(r, regions=("region-0", "region-1") if i < 4 else ()) for i, r in enumerate(REPS)]
    terms = _fit(outcomes, make, reps).shifts(
        reps, [LeadKind("product-0", "region-0"), LeadKind("product-0", "region-2")]
    )
    assert terms["region_fit"][0].tolist() == [0.0, pytest.approx(-1.2, abs=0.4)]
    assert abs(sum(terms.values())[:4, 0].mean() - sum(terms.values())[4:, 0].mean()) < 0.2


def test_a_quick_first_contact_counts_where_it_wins(make):
    n = 9000
    rng = np.random.default_rng(9)
    rep = rng.integers(0, len(REPS), n)
    pace = rng.normal(0, 0.8, len(REPS))
    won = rng.random(n) < 1 / (1 + np.exp(1.0 + 0.8 * pace[rep]))
    outcomes = make.outcomes(n).with_columns(
        rep_id=pl.Series([REPS[r] for r in rep]),
        outcome=pl.Series(np.where(won, "won", "lost")),
        hours_to_contact=pl.Series(np.exp(1 + pace[rep] + rng.normal(0, 0.3, n))),
    )
    response = _fit(outcomes, make).shifts([make.rep(r) for r in REPS], [LeadKind("product-0")])["response"][:, 0]
    assert response[pace.argmin()] > 0.3
    assert response[pace.argmax()] < -0.3


def test_the_scorers_probability_carries_what_leads_differ_by(make):
    """With the scorer's probability as base, effects are not flattened by what leads differ by."""
    n = 3000
    rng = np.random.default_rng(3)
    outcomes = make.outcomes(n)
    p_base = 1 / (1 + np.exp(-rng.normal(-1.0, 2.0, n)))
    effect = outcomes["true_effect"].to_numpy()
    won = rng.random(n) < 1 / (1 + np.exp(-(np.log(p_base / (1 - p_base)) + effect)))
    plain = outcomes.with_columns(outcome=pl.Series(np.where(won, "won", "lost")))
    truth = outcomes.group_by("rep_id", "product_id").agg(pl.col("true_effect").first()).sort("rep_id", "product_id")
    true = truth["true_effect"].to_numpy().reshape(12, 3)
    errors = []
    for table in (plain, plain.with_columns(p_base=pl.Series(p_base))):
        wrong = _total(_fit(table, make), [make.rep(r) for r in REPS]) - true
        errors.append(float((wrong - wrong.mean(axis=0)).std()))
    assert errors[1] < 0.85 * errors[0]
