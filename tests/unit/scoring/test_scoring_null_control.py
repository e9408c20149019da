"""On the CRM data set whose results are independent of everything known, the scorer claims nothing."""

import numpy as np
import polars as pl
import pytest

from tools.scoring.training import train


def test_maven_crm_has_no_signal(data_folder):
    folder = data_folder / "maven_crm"
    if not folder.exists():
        pytest.skip(f"no data at {folder}; set LEADLINE_DATA to the folder of data sets")
    deals = pl.read_csv(folder / "sales_pipeline.csv", try_parse_dates=True)
    deals = (
        deals.filter(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .join(pl.read_csv(folder / "accounts.csv"), on="account", how="left")
        .join(pl.read_csv(folder / "sales_teams.csv"), on="sales_agent", how="left")
        .sort("engage_date", "opportunity_id")
    )
    columns = ["sales_agent", "manager", "product", "account", "sector", "revenue", "employees", "office_location"]
    engaged, closed = (deals[name].cast(pl.Int64).to_numpy() * 86_400.0 for name in ("engage_date", "close_date"))
    model = train(
        deals.select(columns), (deals["deal_stage"] == "Won").to_numpy(), engaged,
        settles_at=closed, rng=np.random.default_rng(1),
    )  # fmt: skip
    assert "contains 0.5" in model.no_signal
