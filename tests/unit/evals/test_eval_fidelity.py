import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.fidelity import numbers_of, unsupported

amounts = st.integers(0, 10_000_000)


@settings(max_examples=60)
@given(held=st.lists(amounts, min_size=1, max_size=6), invented=amounts)
def test_a_number_that_no_evidence_holds_is_found(held: list[int], invented: int) -> None:
    lies = invented not in {value * factor for value in held for factor in (1, 100)}
    assert (unsupported(f"It costs USD {invented}.", [f"USD {value}" for value in held]) == (str(invented),)) == lies


@settings(max_examples=60)
@given(held=st.lists(amounts, min_size=1, max_size=6))
def test_numbers_of_the_evidence_pass(held: list[int]) -> None:
    reply = " and ".join(f"USD {value:,}" for value in held)
    assert unsupported(reply, [{"prices": held}]) == ()


@given(p=st.floats(0, 1))
def test_a_probability_may_be_said_in_percent(p: float) -> None:
    assert unsupported(f"{100 * p:.0f} % likely", [{"p_convert": p}]) == ()


@pytest.mark.parametrize(
    ("reply", "evidence"),
    [
        ("It takes 12 days [1].", "12 days"),
        ("Lead demo-lead-7 waits [2, 3].", "a lead"),
        ("About 3.5 percent", "0.0349"),
        ("It pays -4 points", "4 points"),
    ],
)
def test_markers_ids_signs_and_rounding_are_no_inventions(reply: str, evidence: str) -> None:
    assert unsupported(reply, [evidence]) == ()


def test_a_number_at_a_finer_precision_than_the_evidence_is_an_invention() -> None:
    assert unsupported("12.34 percent", ["12 percent"]) == ("12.34",)


def test_true_is_not_one() -> None:
    assert unsupported("exactly 1", [{"confident": True}]) == ("1",)


def test_numbers_are_read_as_written() -> None:
    assert numbers_of("USD 1,150 for 2.5 years [1]") == ("1,150", "2.5")
