import pytest

from tools.matching.eligibility import exclude_full, exclude_named, exclude_unqualified, requirement_of


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"active": False}, "inactive"),
        ({"market": "real_estate"}, "market"),
        ({"certificates": ("other",)}, "certificate"),
        ({"languages": ("en",)}, "language"),
        ({"regions": ("north",)}, "region"),
    ],
)
def test_a_rep_who_breaks_a_rule_is_excluded_by_that_rule(make, change, rule):
    able = {"certificates": ("slate",), "languages": ("en", "es"), "regions": ("south",)}
    lead = make.lead(language="es", region="south", product_id="slate-roof")
    requirement = requirement_of(lead, make.product("slate-roof", certificate="slate"))
    rep = make.rep(**(able | change))
    assert [e.rule for e in exclude_unqualified(requirement, [rep]).values()] == [rule]


def test_a_rep_who_keeps_every_rule_is_not_excluded(make):
    lead = make.lead(language="es", region="south", product_id="slate-roof")
    requirement = requirement_of(lead, make.product("slate-roof", certificate="slate"))
    rep = make.rep(certificates=("slate",), languages=("en", "es"), regions=("south", "east"))
    assert exclude_unqualified(requirement, [rep]) == {}


def test_no_regions_means_all_regions(make):
    requirement = requirement_of(make.lead(region="south"), None)
    assert exclude_unqualified(requirement, [make.rep(regions=())]) == {}


def test_a_lead_without_a_region_asks_for_none(make):
    requirement = requirement_of(make.lead(region=None), None)
    assert exclude_unqualified(requirement, [make.rep(regions=("north",))]) == {}


def test_a_rep_at_capacity_is_full(make):
    reps = [make.rep("a", capacity=2), make.rep("b", capacity=2), make.rep("c", capacity=0)]
    full = exclude_full(reps, {"a": 2, "b": 1})
    assert {rep_id: e.detail for rep_id, e in full.items()} == {
        "a": "2 open leads, capacity 2",
        "c": "0 open leads, capacity 0",
    }


def test_places_kept_for_vips_are_not_free_and_are_rounded_down(make):
    reps = [make.rep("a", capacity=19), make.rep("b", capacity=20), make.rep("c", capacity=9)]
    full = exclude_full(reps, {"a": 18, "b": 18, "c": 8}, reserve=0.1)
    assert {rep_id: (e.rule, e.detail) for rep_id, e in full.items()} == {
        "a": ("vip_reserve", "18 open leads; 1 of 19 places are kept for VIPs"),
        "b": ("vip_reserve", "18 open leads; 2 of 20 places are kept for VIPs"),
    }


def test_the_caller_may_exclude_anybody():
    assert [(e.rep_id, e.rule) for e in exclude_named(frozenset({"b", "a"})).values()] == [
        ("a", "excluded"),
        ("b", "excluded"),
    ]
