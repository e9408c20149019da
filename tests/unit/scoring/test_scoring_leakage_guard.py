"""The guard finds what was planted, says why, and refuses nothing honest."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.guarding.columns import read_column
from tools.scoring.guarding.findings import Rule, Severity
from tools.scoring.guarding.guard import guard
from tools.scoring.guarding.strength import strength_alone
from tools.scoring.metrics import auc_interval

N = 1500
DAY = 86_400.0
TIMES = 1.7e9 + np.arange(N) * 3600.0


def market(seed: int = 1) -> tuple[pl.DataFrame, np.ndarray]:
    """Return honest columns that reach an AUC of about .8 together, and the outcome."""
    rng = np.random.default_rng(seed)
    urgency, size = rng.normal(size=N), rng.normal(size=N)
    labels = rng.random(N) < 1 / (1 + np.exp(1.5 - 1.2 * urgency - 0.6 * size))
    frame = pl.DataFrame(
        {
            "field.visits": np.round(4 + 2 * urgency + rng.normal(size=N)),
            "field.employees": np.round(np.exp(4 + size), 1),
            "field.note": pl.Series([f"asked about the roof on day {i} of the storm" for i in range(N)]),
            "source": rng.choice(["web", "fair", "referral"], N),
            "field.budget": pl.Series(np.round(1e4 * np.exp(size)).astype(int).astype(str)).set(
                pl.Series(rng.random(N) < 0.3), None
            ),
        }
    )
    return frame, labels


FRAME, LABELS = market()


def report(*columns: pl.Series, labels=LABELS, ended=None, **told):
    return guard(FRAME.with_columns(columns), labels, times=TIMES, ended=ended, decided_at=TIMES, **told)


def the_finding(*columns: pl.Series, **told):
    (found,) = report(*columns, **told).findings
    return found


@pytest.mark.parametrize("seed", range(5))
def test_honest_columns_pass(seed):
    frame, labels = market(seed)
    ended = labels | (np.random.default_rng(seed).random(N) < 0.8)
    assert guard(frame, labels, times=TIMES, ended=ended, decided_at=TIMES).findings == ()


NOISES = [0.0, 0.02, 0.05]
COPIES = {
    "flag": lambda y, _rng: pl.Series("field.x", y),
    "inverted flag": lambda y, _rng: pl.Series("field.x", ~y),
    "words": lambda y, _rng: pl.Series("field.x", np.where(y, "signed", "gone")),
    "four stages": lambda y, rng: pl.Series("field.x", np.where(y, rng.choice(["a", "b"], N), rng.choice(["c", "d"], N))),
    "low amounts": lambda y, rng: pl.Series("field.x", 80.0 * rng.random(N) - 90.0 * y),
    "odd or even": lambda y, rng: pl.Series("field.x", 2 * rng.integers(0, 5, N) + y),
}  # fmt: skip


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("copy", COPIES)
def test_a_near_copy_of_the_outcome_is_found_in_any_form(copy, noise):
    rng = np.random.default_rng(5)
    found = the_finding(COPIES[copy](LABELS ^ (rng.random(N) < noise), rng))
    assert (found.column, found.rule, found.severity) == ("field.x", Rule.TOO_GOOD, Severity.LEAK)
    assert found.evidence["right"] > 0.9 > found.evidence["right_of_all_others"]
    assert f"{found.evidence['right']:.1%}" in found.why


def test_several_copies_do_not_hide_each_other():
    rng = np.random.default_rng(2)
    copies = [pl.Series(f"field.copy_{k}", LABELS ^ (rng.random(N) < 0.05)) for k in range(4)]
    assert set(report(*copies).excluded) == {copy.name for copy in copies}


def test_a_strong_sign_of_degree_is_honest():
    rng = np.random.default_rng(3)
    need = 4.0 * rng.normal(size=N)
    labels = rng.random(N) < 1 / (1 + np.exp(-need))
    frame = pl.DataFrame({f"field.sign_{k}": need + rng.normal(size=N) for k in range(3)})
    strengths = [strength_alone(read_column(frame[name]).cells(), labels).auc.value for name in frame.columns]
    assert min(strengths) > 0.88
    assert guard(frame.with_columns(FRAME["source"]), labels, times=None, ended=None, decided_at=None).findings == ()


def test_presence_alone_may_not_tell_the_outcome():
    found = the_finding(pl.Series("field.contract", np.where(LABELS, 1.0, np.nan)))
    assert found.rule is Rule.PRESENCE


def test_a_field_that_only_converts_have_is_found_though_most_lack_it():
    has = LABELS & (np.arange(N) % 3 == 0)
    found = the_finding(pl.Series("field.contract", np.where(has, "c-1", "c-2")).set(pl.Series(~has), None))
    assert (found.rule, found.evidence["converted"]) == (Rule.PRESENCE, has.sum())


ENDED = LABELS | (np.arange(N) % 5 > 0)


def test_a_field_filled_in_when_leads_end_is_found():
    account = pl.Series("field.account", np.where(np.arange(N) % 2, "acme", "globex")).set(pl.Series(~ENDED), None)
    found = the_finding(account, ended=ENDED)
    assert (found.rule, found.evidence["missing_at_the_end"]) == (Rule.AFTER_OUTCOME, 0.0)


def test_the_reason_of_a_loss_is_found_because_no_open_lead_has_one():
    lost = ENDED & ~LABELS & (np.arange(N) % 7 > 0)
    reason = pl.Series("field.reason", np.where(lost, "price", "time")).set(pl.Series(~lost), None)
    assert the_finding(reason, ended=ENDED).rule is Rule.AFTER_OUTCOME


def test_no_reply_while_open_is_an_honest_gap():
    days = pl.Series("days_since_reply", np.where(ENDED, np.arange(N) % 9, np.nan))
    assert report(days, ended=ENDED).findings == ()


DATES = pl.Series("field.met_at", ((TIMES + np.where(np.arange(N) % 3, -3.0, 2.0) * DAY) * 1e6).astype(np.int64)).cast(
    pl.Datetime("us", "UTC")
)


@pytest.mark.parametrize(
    "dates",
    [
        DATES,
        DATES.dt.date(),
        DATES.dt.strftime("%Y-%m-%d %H:%M:%S"),
        DATES.dt.strftime("%d.%m.%Y"),
        DATES.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        DATES.dt.epoch("s"),
        DATES.dt.epoch("ms").cast(pl.Utf8),
    ],
    ids=["moment", "day", "text", "day as text", "text with zone", "seconds", "milliseconds as text"],
)
def test_a_date_after_the_decision_is_found_in_any_form(dates):
    found = the_finding(dates)
    assert found.rule is Rule.AFTER_DECISION
    assert found.evidence["share_later"] == pytest.approx(1 / 3, abs=0.01)


def test_the_day_of_the_decision_is_not_after_it():
    today = pl.Series("field.met_on", (TIMES * 1e6).astype(np.int64)).cast(pl.Datetime("us")).dt.date()
    assert report(today).findings == ()


def test_a_few_slips_of_the_pen_are_no_leak():
    dates = np.where(np.arange(N) < 4, TIMES + 400 * DAY, TIMES - 9 * DAY)
    assert report(pl.Series("field.met_at", dates)).findings == ()


def test_values_stored_after_the_score_are_found_where_their_history_is_known():
    found = the_finding(written_at={"field.budget": TIMES + np.where(np.arange(N) % 4, -1.0, 1.0) * DAY})
    assert (found.column, found.rule) == ("field.budget", Rule.CHANGED_AFTER)


RNG = np.random.default_rng(7)
IDS = {
    "text": pl.Series("field.id", [f"L-{i}" for i in RNG.permutation(N)]),
    "nearly unique": pl.Series("field.id", [f"c{i if i % 40 else 1}" for i in range(N)]),
    "counts up": pl.Series("field.id", 900 + np.cumsum(RNG.integers(1, 30, N))),
    "counts up as text": pl.Series("field.id", 900 + np.cumsum(RNG.integers(1, 30, N))).cast(pl.Utf8),
    "no gaps": pl.Series("field.id", RNG.permutation(N)),
}


@pytest.mark.parametrize("ids", IDS)
def test_ids_are_useless_not_leaking(ids):
    found = the_finding(IDS[ids])
    assert (found.rule, found.severity) == (Rule.ID_LIKE, Severity.USELESS)


@pytest.mark.parametrize("values", [["web"] * N, [3.5] * N, [None] * N])
def test_constants_are_useless(values):
    found = the_finding(pl.Series("field.k", values, dtype=None if values[0] else pl.Utf8))
    assert (found.rule, found.severity) == (Rule.CONSTANT, Severity.USELESS)


def test_a_feature_of_ours_that_is_empty_in_this_market_is_no_discovery():
    assert report(pl.Series("chats_total", [0.0] * N)).findings == ()


def test_an_allowed_column_is_reported_and_stays():
    told = report(pl.Series("field.x", LABELS), allow=("field.x",))
    assert (told.findings[0].kept, told.excluded, told.left_out()) == (True, (), ())


def test_a_field_that_is_not_wanted_is_left_out_without_being_called_a_leak():
    told = report(without=("source",))
    assert told.excluded == ("source",)
    assert told.findings[0].severity is Severity.UNWANTED
    assert told.leaks == ()


def test_allowed_and_left_out_at_once_is_refused():
    with pytest.raises(InvalidInputError, match="say one of the two"):
        report(allow=("source",), without=("source",))


def test_lengths_must_agree():
    with pytest.raises(InvalidInputError, match="must have one entry for each"):
        guard(FRAME, LABELS[1:], times=None, ended=None, decided_at=None)


def test_rows_of_one_lead_are_judged_once():
    ids = pl.Series("field.id", [f"L-{i // 3}" for i in range(N)])
    groups = np.arange(N) // 3
    frame = FRAME.with_columns(ids)
    found = guard(frame, LABELS, times=TIMES, ended=None, decided_at=None, groups=groups)
    assert (found.rows, found.excluded) == (N // 3, ("field.id",))


def test_too_few_leads_prove_nothing():
    labels = np.zeros(N, dtype=bool)
    labels[:10] = True
    assert report(pl.Series("field.x", labels), labels=labels).findings == ()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), levels=st.integers(1, 40))
def test_a_column_of_noise_has_no_strength(seed, levels):
    rng = np.random.default_rng(seed)
    interval = strength_alone(rng.integers(-1, levels, N), LABELS)
    assert max(interval.auc.value, interval.both.value) < 0.58


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_strength_of_two_cells_is_the_auc_of_their_flag(seed):
    rng = np.random.default_rng(seed)
    flag = LABELS ^ (rng.random(N) < 0.2)
    exact = auc_interval(flag.astype(float), LABELS, level=0.99)
    ours = strength_alone(flag.astype(np.int64), LABELS)
    assert ours.auc.value == pytest.approx(exact.value, abs=0.005)
    assert ours.both.value == pytest.approx(exact.value, abs=0.005)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1, max_size=60))
def test_equal_values_share_a_cell_and_missing_ones_have_none(values):
    cells = read_column(pl.Series("x", values, dtype=pl.Float64)).cells()
    by_value = {}
    for value, cell in zip(values, cells.tolist(), strict=True):
        assert by_value.setdefault(value, cell) == cell
    assert by_value.get(None, -1) == -1
    assert all(cell >= 0 for value, cell in by_value.items() if value is not None)
