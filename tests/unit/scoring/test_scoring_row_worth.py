"""What one lead's deal is worth, at a request's cost: the same as the matrix says."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.serving.row_worth import row_worth
from tools.scoring.temperature import relative_value
from tools.scoring.worth.grouping import Grouping
from tools.scoring.worth.location import GbmLocation, GroupLocation, fit_linear_location
from tools.scoring.worth.model import WorthEvidence, WorthModel
from tools.scoring.worth.quantiles import Middle, QuantileModel
from tools.scoring.worth.value import ValueModel

SCHEMA = Schema(
    columns=(
        Column(name="product", kind=Kind.CATEGORY, levels=("a", "b")),
        Column(name="lead_age_days", kind=Kind.NUMBER),
        Column(name="replies_total", kind=Kind.NUMBER),
    )
)
RNG = np.random.default_rng(5)
MATRIX = np.column_stack([RNG.integers(0, 3, 400), RNG.exponential(20, 400), RNG.poisson(3, 400)]).astype(float)
Y = 8 + 0.3 * MATRIX[:, 0] + 0.01 * MATRIX[:, 1] + 0.2 * RNG.normal(size=400)
ONES = np.ones(400)
BY_PRODUCT = Grouping.by_level(SCHEMA, "product")
BY_AGE = Grouping.by_edges(SCHEMA, "lead_age_days", (7.0, 30.0))
LOCATIONS = {
    Middle.OVERALL: GroupLocation(Grouping(), np.array([8.1])),
    Middle.GROUPS: GroupLocation(BY_PRODUCT, np.array([8.0, 8.3, 8.6, 8.2])),
    Middle.LINEAR: fit_linear_location(MATRIX, Y, ONES, SCHEMA, fit_rows=np.arange(400) < 300),
    Middle.GBM: GbmLocation(
        lgb.train(
            {"objective": "regression", "num_leaves": 4, "verbosity": -1, "num_threads": 1},
            lgb.Dataset(MATRIX, Y, categorical_feature=[0], params={"verbosity": -1}),
            20,
        )
    ),
}


def worth_of(middle: Middle, grouping: Grouping) -> WorthModel:
    ratios = 1 + np.arange(grouping.size) / 10
    quantiles = QuantileModel(middle, LOCATIONS[middle], grouping, np.tile([-1.0, 0.0, 1.0], (grouping.size, 1)))
    return WorthModel(ValueModel(quantiles, ratios, ratios), None, "USD", 4_000.0, WorthEvidence())


rows = st.tuples(
    st.sampled_from([0.0, 1.0, 2.0, np.nan]),
    st.one_of(st.just(np.nan), st.sampled_from([7.0, 30.0]), st.floats(0, 1e4)),
    st.one_of(st.just(np.nan), st.floats(0, 1e3)),
)


@given(row=rows, middle=st.sampled_from(Middle), grouping=st.sampled_from([Grouping(), BY_PRODUCT, BY_AGE]))
@settings(max_examples=80, deadline=None)
def test_a_row_is_worth_what_the_matrix_says(row, middle, grouping):
    worth = worth_of(middle, grouping)
    mean = worth.predict(np.array([row])).mean_value
    assert mean is not None
    expected = relative_value(float(mean[0]), worth.typical_value)
    assert row_worth(worth)(list(row)) == pytest.approx(expected, rel=1e-12)


@given(row=arrays(np.float64, 3, elements=st.floats(0, 10)))
@settings(max_examples=10, deadline=None)
def test_where_no_deal_tells_every_lead_is_a_typical_one(row):
    assert row_worth(None)(row.tolist()) == 1.0
    assert row_worth(WorthModel(None, None, None, None, WorthEvidence()))(row.tolist()) == 1.0
