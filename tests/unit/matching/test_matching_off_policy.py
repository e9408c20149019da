import numpy as np
import pytest

from domain.errors import InvalidInputError
from tools.matching.off_policy import estimate_policy_value


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
