from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import RejectReason
from domain.routing import LeadRejection, MatchOverride
from tools.matching.affinities.opinions import MOST, Opinions, bad_data_leads, gather_opinions, opinion_shift
from tools.matching.affinity import LeadKind, fit_affinity
from tools.matching.assignment import assign_leads
from tools.matching.history import judged_leads
from tools.matching.learning import AffinityLearner

WRONG = RejectReason.WRONG_PRODUCT


def _override(make, number, *, away="ana", to="ben", lead="lead-1"):
    return MatchOverride(
        id=f"o{number}", lead_id=lead, from_rep_id=away, rep_id=to, reason="knows them", at=make.now, by="boss"
    )


def _shift(opinions, reps=("ana", "ben"), products=("roof", "solar"), variance=0.09):
    return opinion_shift(opinions, reps, products, np.full((len(reps), len(products)), variance))


def test_wrong_product_lowers_the_rep_on_that_product_and_nowhere_else():
    shift = _shift(gather_opinions({("ana", "roof", WRONG): 3}))
    assert shift[0, 0] < -0.03
    assert shift.ravel()[1:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("reason", [r for r in RejectReason if r is not WRONG])
def test_other_reasons_say_nothing_about_skill(reason):
    assert gather_opinions({("ana", "roof", reason): 50}).weights == {}


def test_a_thousand_rejections_weigh_no_more_than_the_cap():
    assert gather_opinions({("ana", "roof", WRONG): 1000}).weights == {("ana", "roof"): (0.0, MOST)}


def test_a_managers_choice_raises_the_one_and_lowers_the_other(make):
    overrides = [_override(make, i, lead=f"lead-{i}") for i in range(4)]
    shift = _shift(gather_opinions({}, overrides, products={f"lead-{i}": "roof" for i in range(4)}))
    assert shift[1, 0] > 0.05
    assert shift[0, 0] < -0.05


def test_a_known_outcome_decides_instead_of_the_override(make):
    said = gather_opinions({}, [_override(make, 1)], products={"lead-1": "roof"}, judged={"lead-1"})
    assert said.weights == {}


def test_putting_a_lead_back_into_the_pool_is_no_word_about_the_rep(make):
    assert gather_opinions({}, [_override(make, 1, to=None)], products={"lead-1": "roof"}).weights == {}


def test_opinions_hardly_move_what_many_leads_have_settled():
    said = Opinions({("ana", "roof"): (0.0, 4.0)})
    assert abs(_shift(said, variance=0.001)[0, 0]) < 0.01 < abs(_shift(said, variance=0.2)[0, 0])


@given(st.floats(0, MOST), st.floats(0, MOST), st.floats(0.001, 2.0))
def test_the_shift_is_the_mode_of_the_posterior(pro, con, variance):
    shift = _shift(Opinions({("ana", "roof"): (pro, con)}), variance=variance)[0, 0]
    slope = pro - (pro + con) / (1 + np.exp(-shift)) - shift / variance
    assert slope * variance == pytest.approx(0.0, abs=1e-6)


def test_rejections_change_who_gets_the_next_lead(make):
    """Two reps without history tie; after the first declines the product, the second is ahead."""
    model = fit_affinity(judged_leads(make.outcomes(0), now=make.now), [], rng=np.random.default_rng(0))
    reps, kinds = [make.rep("ana"), make.rep("ben")], [LeadKind("roof")]

    def chosen(model):
        shift = sum(model.shifts(reps, kinds).values())
        worth = (1 / (1 + np.exp(1.5 - shift))).T
        return assign_leads(worth, np.ones((1, 2), bool), np.zeros(2, dtype=int), np.array([5, 5])).rep.tolist()

    assert chosen(model) == [0]
    assert chosen(model.with_opinions(gather_opinions({("ana", "roof", WRONG): 1}))) == [1]


def test_a_model_with_opinions_has_another_version(make):
    model = fit_affinity(judged_leads(make.outcomes(0), now=make.now), [], rng=np.random.default_rng(0))
    told = model.with_opinions(Opinions({("ana", "roof"): (0.0, 1.0)}))
    assert told.version.startswith(model.version + "+")
    assert told.with_opinions(Opinions()).version == model.version


class _Said:
    """What reps and managers said, over lists."""

    def __init__(self, outcomes, rejections=(), overrides=()):
        self.table, self.rejections, self.overrides = outcomes, list(rejections), list(overrides)
        self.reads = 0

    async def outcomes(self, market, *, before):
        self.reads += 1
        return self.table

    async def of_leads(self, lead_ids):
        return {r.lead_id: (r,) for r in self.rejections if r.lead_id in set(lead_ids)}

    async def counts(self, market, *, since, before):
        product = dict(self.table.select("lead_id", "product_id").iter_rows())
        found = {}
        for r in self.rejections:
            if since <= r.at < before:
                key = (r.rep_id, product.get(r.lead_id), r.reason)
                found[key] = found.get(key, 0) + 1
        return found

    async def in_market(self, market, *, since, before):
        return tuple(o for o in self.overrides if since <= o.at < before)


def _rejection(make, lead, reason, rep="rep-00"):
    return LeadRejection(id=f"r-{lead}", lead_id=lead, rep_id=rep, reason=reason, at=make.now - timedelta(days=1))


async def test_a_rejection_for_bad_data_changes_the_next_lesson(make):
    said = _Said(make.outcomes(100))
    learner = AffinityLearner(said, said, said)
    before = await learner.learn("roofing", [], now=make.now)
    said.rejections.append(_rejection(make, "past-00005", RejectReason.BAD_DATA))
    learner.look_again("roofing")
    after = await learner.learn("roofing", [], now=make.now)
    assert (before.model.n_leads, after.model.n_leads) == (100, 99)
    assert bad_data_leads(said.rejections) == {"past-00005"}


async def test_bad_data_that_is_found_out_later_was_not_known_before(make):
    said = _Said(make.outcomes(100))
    early, late = (_rejection(make, lead, RejectReason.BAD_DATA) for lead in ("past-00005", "past-00007"))
    said.rejections += [early, late.model_copy(update={"at": make.now + timedelta(days=1)})]
    lesson = await AffinityLearner(said, said, said).learn("roofing", [], now=make.now)
    assert lesson.model.n_leads == 99


async def test_a_rejection_for_the_wrong_product_changes_the_next_lesson(make):
    said = _Said(make.outcomes(3000))
    learner, rep = AffinityLearner(said, said, said), make.rep("rep-00")
    product = said.table.filter(lead_id="past-00005")["product_id"].item()
    before = await learner.learn("roofing", [rep], now=make.now)
    said.rejections.append(_rejection(make, "past-00005", WRONG))
    learner.look_again("roofing")
    after = await learner.learn("roofing", [rep], now=make.now)
    low, high = (sum(x.model.shifts([rep], [LeadKind(product)]).values())[0, 0] for x in (after, before))
    assert low < high
    assert after.network is before.network


async def test_an_override_changes_the_next_lesson_until_its_outcome_is_known(make):
    outcomes = make.outcomes(3000)
    said = _Said(outcomes)
    learner, rep = AffinityLearner(said, overrides=said), make.rep("rep-01")
    at = make.now - timedelta(days=2)
    said.overrides = [_override(make, 1, away="rep-00", to="rep-01", lead="past-00007").model_copy(update={"at": at})]
    decided = await learner.learn("roofing", [rep], now=make.now)
    assert decided.model.opinions.weights == {}
    mine = pl.col("lead_id") == "past-00007"
    said.table = outcomes.with_columns(outcome=pl.when(mine).then(None).otherwise("outcome"))
    learner.look_again("roofing")
    still_open = await learner.learn("roofing", [rep], now=make.now)
    assert {rep for rep, _ in still_open.model.opinions.weights} == {"rep-00", "rep-01"}


async def test_a_lesson_is_kept_until_somebody_says_something(make):
    said = _Said(make.outcomes(100))
    learner = AffinityLearner(said)
    await learner.learn("roofing", [], now=make.now)
    await learner.learn("roofing", [], now=make.now)
    assert said.reads == 1
    learner.look_again("roofing")
    await learner.learn("roofing", [], now=make.now)
    assert said.reads == 2
