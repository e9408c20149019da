from hypothesis import given, settings
from hypothesis import strategies as st

from agents.evidence import say_score
from agents.figures import say_money, say_percent, say_points
from agents.numbers import numbers_in, unsupported_numbers
from tests.doubles.samples import a_score

WORDS = "The lead opened {} pages and is worth {} in total."


def values(text: str) -> list[list[float]]:
    return [sorted(number.values) for number in numbers_in(text)]


def test_formatting_does_not_change_a_number():
    assert values("1,200 and 1200 and 1 200 and 1.2k") == [[1200.0]] * 4


def test_a_dot_before_three_digits_can_mean_either():
    assert values("1.200") == [[1.2, 1200.0]]


def test_european_thousands_and_decimals_are_read():
    assert values("1.234.567,50") == [[1234567.5]]


def test_percent_is_found_with_and_without_a_space():
    assert [n.is_percent for n in numbers_in("62 % and 62% and 62 percent and 62 por ciento and 62")] == [
        True,
        True,
        True,
        True,
        False,
    ]


def test_number_words_from_eleven_on_count():
    assert values("twenty-five of nineteen") == [[25.0], [19.0]]


def test_small_number_words_are_language():
    assert values("one reason for no one") == []


def test_markers_enumerators_and_product_words_are_no_numbers():
    assert values("1. See [2] for the B2B plan\n2) and [14].") == []


def test_a_percentage_needs_a_percentage_as_its_source():
    assert unsupported_numbers("It rose by 12 %.", ("It has 12 pages.",)) == ("12 %",)


def test_thousands_are_not_taken_for_their_decimal_lookalike():
    assert unsupported_numbers("It costs 1,200.", ("It costs 1.2 a day.",)) == ("1,200",)


def test_each_missing_number_is_named_once():
    assert unsupported_numbers("5 or 5 or 7", ("7",)) == ("5",)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    st.sampled_from(["{:d}", "{:,d}", "USD {:,d}", "[1] {:d} days"]),
)
def test_every_number_of_the_evidence_may_be_repeated_in_any_formatting(numbers, form):
    evidence = "; ".join(f"{n}" for n in numbers)
    assert unsupported_numbers("; ".join(form.format(n) for n in numbers), (evidence,)) == ()


@settings(max_examples=60)
@given(
    st.sets(st.integers(0, 10**6), max_size=8),
    st.integers(0, 10**6),
    st.sampled_from(["{:d}", "{:,d}", "{:d} %", "about {:d}k", "USD{:d}"]),
)
def test_any_injected_number_that_the_evidence_lacks_is_found(known, injected, form):
    said = injected * 1000 if "k" in form else injected
    if said in known:
        return
    evidence = "; ".join(f"{n} leads, {n} %" for n in known)
    assert unsupported_numbers(f"You have {form.format(injected)} of them.", (evidence,)) != ()


@settings(max_examples=40)
@given(st.floats(0, 1), st.floats(0, 1e7), st.floats(-60, 60))
def test_what_figures_say_supports_itself(p, amount, points):
    said = f"{say_percent(p)}, {say_money(amount, 'USD')}, {say_points(points)}"
    assert unsupported_numbers(said, (said,)) == ()


@given(st.floats(0, 1))
def test_a_probability_is_never_said_as_certainty(p):
    assert say_percent(p) not in {"0 %", "0.0 %", "100 %", "100.0 %"}


def test_a_score_is_said_with_interval_and_points():
    assert say_score(a_score()) == (
        "Lead L-7 is hot: 62 % likely to convert (between 54 % and 70 %). Expected value: USD 1,240. "
        "Reasons: opened the pricing page 3 times this week (+21 points); "
        "answered the last email within 2 hours (+12 points); few deals are won in this region (-4 points)."
    )
