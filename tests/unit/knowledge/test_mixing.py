"""The convex mix of two scaled lists."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.mixing import mix, scale

SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-10, 10), max_size=8)
WEIGHTS = st.floats(0, 1)


def test_scaling_maps_least_to_zero_and_greatest_to_one():
    assert scale({"a": 2.0, "b": 6.0, "c": 4.0}) == {"a": 0.0, "b": 1.0, "c": 0.5}


def test_equal_scores_are_all_best():
    assert scale({"a": 3.0, "b": 3.0}) == {"a": 1.0, "b": 1.0}


def test_a_passage_missing_from_one_list_counts_there_as_its_least():
    mixed = dict(mix({"a": 0.9, "b": 0.1}, {"b": 5.0, "c": 1.0}, dense_weight=0.5))
    assert mixed == {"a": 0.5, "b": 0.5, "c": 0.0}


def test_the_weight_decides_between_the_halves():
    dense, sparse = {"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}
    assert mix(dense, sparse, dense_weight=0.7)[0][0] == "a"
    assert mix(dense, sparse, dense_weight=0.3)[0][0] == "b"


@pytest.mark.parametrize("dense_weight", [0.0, 0.3, 1.0])
def test_with_one_list_empty_the_other_decides_alone(dense_weight):
    assert mix({}, {"a": 1.0, "b": 2.0}, dense_weight=dense_weight) == [("b", 1.0), ("a", 0.0)]
    assert mix({"a": 1.0, "b": 2.0}, {}, dense_weight=dense_weight) == [("b", 1.0), ("a", 0.0)]


@pytest.mark.parametrize("dense_weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_zero_and_one_is_refused(dense_weight):
    with pytest.raises(ValueError, match="dense_weight"):
        mix({"a": 1.0}, {"a": 1.0}, dense_weight=dense_weight)


@given(SCORES, SCORES, WEIGHTS)
@settings(max_examples=100)
def test_the_mix_ranks_exactly_the_union_with_scores_in_zero_and_one(dense, sparse, weight):
    mixed = mix(dense, sparse, dense_weight=weight)
    assert {id_ for id_, _ in mixed} == dense.keys() | sparse.keys()
    assert all(0 <= score <= 1 for _, score in mixed)
    assert mixed == sorted(mixed, key=lambda pair: (-pair[1], pair[0]))


@given(SCORES, SCORES, WEIGHTS)
@settings(max_examples=100)
def test_the_order_of_the_lists_does_not_matter(dense, sparse, weight):
    backwards = dict(reversed(dense.items())), dict(reversed(sparse.items()))
    assert mix(*backwards, dense_weight=weight) == mix(dense, sparse, dense_weight=weight)
