from importlib.metadata import packages_distributions

import pytest

OURS = (
    *("agents", "api", "benchmarks", "connectors", "domain", "evals", "graphs"),
    *("knowledge", "records", "runtime", "simulation", "tools", "workflows"),
)


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_claims_our_import_names(name: str) -> None:
    owners = set(packages_distributions().get(name, [])) - {"leadline"}

    assert owners == set()
