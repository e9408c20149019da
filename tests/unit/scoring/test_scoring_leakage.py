import numpy as np
import polars as pl
import pytest

from tools.scoring.leakage import find_leaky_fields

N = 400
ENDED = np.arange(N) % 2 == 0


def table(missing: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"field.account": [None if m else "acme" for m in missing], "source": ["form"] * N})


def test_a_field_filled_in_at_the_end_is_found_and_the_reason_has_the_numbers() -> None:
    (found,) = find_leaky_fields(table(~ENDED & (np.arange(N) % 3 > 0)), ENDED)

    assert found.name == "field.account"
    assert "of 200 rows of open leads and 0.0% of 200 rows of ended ones" in found.why


def test_a_contact_field_that_is_only_there_at_the_end_is_found() -> None:
    (found,) = find_leaky_fields(pl.DataFrame({"has_company": ENDED.astype(float)}), ENDED)

    assert found.name == "has_company"


def test_a_field_missing_alike_for_open_and_ended_leads_is_honest() -> None:
    assert find_leaky_fields(table(np.arange(N) % 5 < 2), ENDED) == ()


def test_a_field_that_nobody_leaves_out_is_honest() -> None:
    assert find_leaky_fields(table(np.zeros(N, dtype=bool)), ENDED) == ()


def test_only_fields_that_people_fill_in_are_judged() -> None:
    frame = pl.DataFrame({"days_since_reply": [None if open_ else 1.0 for open_ in ~ENDED]})

    assert find_leaky_fields(frame, ENDED) == ()


@pytest.mark.parametrize("ended", [np.zeros(N, dtype=bool), np.ones(N, dtype=bool)])
def test_nothing_is_claimed_without_leads_of_both_kinds(ended: np.ndarray) -> None:
    assert find_leaky_fields(table(~ended), ended) == ()
