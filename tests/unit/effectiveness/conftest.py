"""Facts about leads whose truth is known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from tools.matching.effectiveness.facts import LEADS, MATCHES, OVERRIDES, REJECTIONS, REPS, Facts

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def make_facts(n_leads=4000, *, effects=(0.0, 0.0, 0.0, 0.0), hard_for=None, seed=5, **changes):
    """Draw leads for reps with known effects in log-odds; `hard_for` gets leads of half the odds, as scores know."""
    rng = np.random.default_rng(seed)
    effect = np.array(effects)
    rep = rng.integers(0, len(effect), n_leads)
    base = rng.normal(-1.4, 0.7, n_leads) - (1.2 * (rep == hard_for) if hard_for is not None else 0)
    won = rng.random(n_leads) < expit(base + effect[rep])
    created = [NOW - timedelta(days=60, minutes=int(i)) for i in range(n_leads)]
    leads = pl.DataFrame(
        {
            "lead_id": [f"lead-{i}" for i in range(n_leads)],
            "created_at": created,
            "product_id": [f"product-{i % 2}" for i in range(n_leads)],
            "region": [f"region-{i % 3}" for i in range(n_leads)],
            "source": "web",
            "rep_id": [f"rep-{r}" for r in rep],
            "outcome": ["won" if w else "lost" for w in won],
            "value": [1000.0 if w else None for w in won],
            "p_lead": expit(base),
            "first_contact_at": [moment + timedelta(hours=2 + int(r)) for moment, r in zip(created, rep, strict=True)],
        },
        schema=LEADS,
    )
    tables = {
        "leads": leads,
        "matches": pl.DataFrame(schema=MATCHES),
        "rejections": pl.DataFrame(schema=REJECTIONS),
        "overrides": pl.DataFrame(schema=OVERRIDES),
        "reps": pl.DataFrame(
            {
                "rep_id": [f"rep-{i}" for i in range(len(effect))],
                "name": [f"Rep {i}" for i in range(len(effect))],
                "active": True,
            },
            schema=REPS,
        ),
        "product_names": {"product-0": "Roof", "product-1": "Gutter"},
    }
    return Facts(**(tables | changes))


@dataclass(frozen=True)
class Make:
    now = NOW
    since = NOW - timedelta(days=365)
    facts = staticmethod(make_facts)


@pytest.fixture(scope="session")
def make():
    return Make
