import numpy as np
import pytest

from domain.errors import InvalidInputError
from tools.matching.choice_log import LEAST_DRAWS
from tools.matching.off_policy import estimate_policy_gain, estimate_policy_value


def _log(seed, *, n_leads=4000, n_reps=4):
    """Leads of differing chances, given out by chance with known propensities that favour the worse reps."""
    rng = np.random.default_rng(seed)
    lead = rng.uniform(0.05, 0.4, n_leads)
    truth = np.clip(lead[:, None] + np.linspace(-0.04, 0.3, n_reps), 0.01, 0.95)
    logging = np.tile(np.linspace(0.4, 0.1, n_reps), (n_leads, 1))
    chosen = (rng.random((n_leads, 1)) > logging.cumsum(axis=1)).sum(axis=1)
    rows = np.arange(n_leads)
    outcome = (rng.random(n_leads) < truth[rows, chosen]).astype(float)
    best = np.zeros((n_leads, n_reps))
    best[:, -1] = 1.0
    return {"chosen": chosen, "propensity": logging[rows, chosen], "outcome": outcome, "policy": best}, truth


def _estimates(method, n_logs=60):
    found, covered = [], []
    for seed in range(n_logs):
        log, truth = _log(seed)
        true = float((log["policy"] * truth).sum(axis=1).mean())
        extra = {"ips": {"self_normalised": False}, "snips": {}, "doubly_robust": {"model": truth}}[method]
        estimate = estimate_policy_value(**log, **extra)
        assert estimate.method == method
        found.append(estimate.value - true)
        covered.append(estimate.low <= true <= estimate.high)
    return np.array(found), float(np.mean(covered))


@pytest.mark.parametrize("method", ["ips", "snips", "doubly_robust"])
def test_estimates_are_right_on_average_and_their_intervals_hold(method):
    error, covered = _estimates(method)
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(error))
    assert covered >= 0.85


def test_a_model_of_the_outcome_makes_the_estimate_sharper():
    log, truth = _log(1)
    plain = estimate_policy_value(**log, self_normalised=False)
    robust = estimate_policy_value(**log, model=truth)
    assert robust.high - robust.low < plain.high - plain.low


def test_a_wrong_model_leaves_the_doubly_robust_estimate_right():
    errors = []
    for seed in range(40):
        log, truth = _log(seed)
        true = float((log["policy"] * truth).sum(axis=1).mean())
        errors.append(estimate_policy_value(**log, model=np.full_like(truth, 0.9)).value - true)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(40)


def test_the_naive_mean_of_the_log_is_far_from_the_candidates_value():
    log, truth = _log(2)
    true = float((log["policy"] * truth).sum(axis=1).mean())
    assert log["outcome"].mean() < true - 0.1
    assert estimate_policy_value(**log).low < true


def test_a_log_without_propensities_is_refused():
    log, _ = _log(3)
    log["propensity"] = np.where(np.arange(len(log["chosen"])) < 7, np.nan, log["propensity"])
    with pytest.raises(InvalidInputError, match="leads have none"):
        estimate_policy_value(**log)


def test_a_candidate_that_the_log_does_not_bear_on_is_refused():
    log, _ = _log(4)
    log["policy"] = np.column_stack([log["policy"] * 0, np.ones(len(log["chosen"]))])
    with pytest.raises(InvalidInputError, match="does not bear on it"):
        estimate_policy_value(**log)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("propensity", np.zeros(4000)),
        ("propensity", np.ones(3)),
        ("outcome", np.ones(3)),
        ("policy", np.ones((4000, 4))),
        ("policy", np.ones((3, 4))),
        ("chosen", np.full(4000, -1)),
    ],
)
def test_a_log_that_cannot_be_is_refused(field, value):
    log, _ = _log(5)
    with pytest.raises(InvalidInputError):
        estimate_policy_value(**(log | {field: value}))


@pytest.mark.parametrize(("name", "value"), [("level", 1.0), ("model", np.ones((2, 2)))])
def test_options_out_of_range_are_refused(name, value):
    log, _ = _log(6)
    with pytest.raises(InvalidInputError):
        estimate_policy_value(**log, **{name: value})


def test_two_leads_are_the_least():
    log, _ = _log(7)
    with pytest.raises(InvalidInputError, match="at least 2"):
        estimate_policy_value(**{name: value[:1] for name, value in log.items()})


def _batches(seed, *, n_batches=60, size=30):
    """Every batch goes to one rep by a single draw; one of the two reps wins five times as often, which no model knows."""
    rng = np.random.default_rng(seed)
    draw = np.repeat(np.arange(n_batches), size)
    chosen = (rng.random(n_batches) < 0.5).astype(int)[draw]
    truth = np.tile([0.1, 0.5], (len(draw), 1))
    outcome = (rng.random(len(draw)) < truth[np.arange(len(draw)), chosen]).astype(float)
    even = np.full(truth.shape, 0.5)
    log = {"chosen": chosen, "propensity": np.full(len(draw), 0.5), "outcome": outcome, "policy": even}
    return log, draw, np.full(truth.shape, 0.3)


def test_leads_of_one_draw_err_together_and_the_interval_knows():
    """An even policy is worth 0.3 in every log; which rep got more batches is luck of 60 draws, not of 1,800 leads."""
    held = {True: [], False: []}
    for seed in range(100):
        log, draw, model = _batches(seed)
        for together in (True, False):
            found = estimate_policy_value(**log, model=model, draw=draw if together else None)
            held[together].append(found.low <= 0.3 <= found.high)
    assert np.mean(held[True]) >= 0.9
    assert np.mean(held[False]) < 0.8


def test_fewer_draws_than_needed_are_refused():
    log, draw, model = _batches(0, n_batches=LEAST_DRAWS - 1)
    with pytest.raises(InvalidInputError, match="draws of luck are too few"):
        estimate_policy_value(**log, model=model, draw=draw)


def test_weights_are_cut_to_the_greatest_allowed_and_counted():
    log, _ = _log(8)
    log["policy"] = np.tile([0.1, 0.1, 0.1, 0.7], (4000, 1))
    whole, cut = estimate_policy_value(**log), estimate_policy_value(**log, most=2.0)
    assert whole.truncated == 0
    assert whole.support == pytest.approx(1.0, abs=0.1)
    assert cut.truncated == (log["chosen"] == 3).sum()
    assert cut.support < 0.6 < whole.support


def test_support_is_the_part_of_the_policy_that_was_ever_done():
    log, truth = _log(9)
    log["policy"] = np.column_stack([0.3 * log["policy"], np.full(4000, 0.7)])
    model = np.column_stack([truth, np.full(4000, 0.5)])
    assert estimate_policy_value(**log, model=model).support == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("over", [None, "even"])
@pytest.mark.parametrize("method", ["ips", "snips", "doubly_robust"])
def test_the_gain_is_right_on_average_and_its_interval_holds(method, over):
    errors, covered, sharper = [], [], []
    for seed in range(60):
        log, truth = _log(seed)
        rows = np.arange(len(truth))
        even = np.full(truth.shape, 0.25) if over else None
        base = truth.mean(axis=1) if over else truth[rows, log["chosen"]]
        true = float((truth[:, -1] - base).mean())
        extra = {"ips": {"self_normalised": False}, "snips": {}, "doubly_robust": {"model": truth}}[method]
        found = estimate_policy_gain(**log, over=even, **extra)
        errors.append(found.value - true)
        covered.append(found.low <= true <= found.high)
        value = estimate_policy_value(**log, **extra)
        sharper.append(found.high - found.low < 1.5 * (value.high - value.low))
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(60)
    assert np.mean(covered) >= 0.85
    assert all(sharper)


def test_a_policy_gains_nothing_over_itself():
    log, truth = _log(10)
    found = estimate_policy_gain(**log, over=log["policy"], model=truth)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("most", [0.0, -1.0])
def test_a_greatest_weight_that_lets_nothing_through_is_refused(most):
    log, _ = _log(11)
    with pytest.raises(InvalidInputError, match="most"):
        estimate_policy_value(**log, most=most)
