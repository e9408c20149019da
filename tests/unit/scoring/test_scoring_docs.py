"""The documentation of the features is the code's table."""

from importlib import import_module
from pathlib import Path

from tools.scoring.feature_page import ASKED, FUNCTIONS, page
from tools.scoring.features import BY_NAME, FEATURES, Family
from tools.scoring.table import build_features

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_made_from_the_table():
    assert (DOCS / "features.md").read_text("utf-8") == page()


def test_every_feature_stands_once_in_the_table():
    assert len(BY_NAME) == len(FEATURES) >= 90
    assert {feature.family for feature in FEATURES} == set(Family)


def test_actionable_features_and_no_others_have_bounds():
    assert all(feature.actionable == (feature.bounds is not None) for feature in FEATURES)
    assert all(feature.bounds[0] < feature.bounds[1] for feature in FEATURES if feature.bounds)


def test_every_row_says_what_it_is():
    assert all(f.name and f.label and f.formula and f.group and f.as_of_rule for f in FEATURES)
    assert all(len(feature.label.split()) <= 11 for feature in FEATURES)


def test_every_name_that_was_asked_for_is_a_feature():
    columns = {name.strip("` ") for _, names, _ in ASKED for name in names.split(",")}
    assert columns <= BY_NAME.keys()


def test_every_public_function_is_where_the_page_says():
    found = {name: getattr(import_module(f"tools.scoring.{module}"), name) for name, module, _ in FUNCTIONS}
    assert found["build_features"] is build_features
    assert all(callable(function) for function in found.values())
