"""Facts about leads whose truth is known."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from tools.matching.effectiveness.facts import (
    CANDIDATES,
    CHOICES,
    GIVEN,
    LEADS,
    MATCHES,
    OVERRIDES,
    REJECTIONS,
    REPS,
    Facts,
)

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
class Played:
    """Choices whose chances are known, and the wins per 100 leads that each way of handing out would truly bring."""

    facts: Facts
    never_explore: float
    round_robin: float
    added: np.ndarray


def make_choices(n_leads=1500, *, effects=None, explore=0.6, error=0.4, n_listed=6, n_places=6, per_batch=1, seed=5):
    """Give leads to the best candidate or, by a chance that is recorded, to any of those listed.

    What is thought of a candidate knows half of his effect, and errs. `n_places` candidates may be drawn, `n_listed` of
    them are recorded. `added` is what each rep truly adds per 100 leads that list him, beside the average listed one.
    """
    rng = np.random.default_rng(seed)
    effect = rng.normal(0, 0.5, 10) if effects is None else np.array(effects)
    row = np.arange(n_leads)[:, None]
    base = rng.normal(-1.2, 0.7, n_leads)
    rep = rng.permuted(np.tile(np.arange(len(effect)), (n_leads, 1)), axis=1)[:, :n_places]
    thought = expit(base[:, None] + effect[rep] / 2 + rng.normal(0, error, rep.shape))
    order = np.argsort(-thought, axis=1)
    rep, thought = rep[row, order], thought[row, order]
    truth = expit(base[:, None] + effect[rep])
    place = np.where(rng.random(n_leads) < explore, rng.integers(0, n_listed, n_leads), 0)
    propensity = explore / n_listed + (1 - explore) * (place == 0)
    won = rng.random(n_leads) < truth[row[:, 0], place]
    ids, names = [f"lead-{i:05}" for i in range(n_leads)], [f"rep-{r}" for r in range(len(effect))]
    at = [NOW - timedelta(days=60, minutes=i // per_batch) for i in range(n_leads)]
    chosen = [names[r] for r in rep[row[:, 0], place]]
    leads = pl.DataFrame(
        {
            "lead_id": ids,
            "created_at": at,
            "product_id": "product-0",
            "region": "north",
            "source": "web",
            "rep_id": chosen,
            "outcome": ["won" if w else "lost" for w in won],
            "value": None,
            "p_lead": expit(base),
            "first_contact_at": at,
        },
        schema=LEADS,
    )
    best = [names[r] for r in rep[:, 0]]
    choices = pl.DataFrame([ids, chosen, best, propensity, at], schema=CHOICES)
    listed = [
        (ids[i], k, names[rep[i, k]], thought[i, k], thought[i, k]) for i in range(n_leads) for k in range(n_listed)
    ]
    facts = make_facts(0, effects=effect, leads=leads, choices=choices)
    shown = truth[:, :n_listed]
    gain = 100 * (truth - shown.mean(axis=1, keepdims=True))[:, :n_listed]
    added = np.array([gain[rep[:, :n_listed] == r].mean() for r in range(len(effect))])
    return Played(
        replace(facts, candidates=pl.DataFrame(listed, schema=CANDIDATES, orient="row")),
        never_explore=100 * float(truth[:, 0].mean()),
        round_robin=100 * float(shown.mean()),
        added=added,
    )


def make_given(facts, *, matcher, p_before=None):
    """Say which leads the matcher gave out first; people gave out the others."""
    by = np.where(matcher, "matcher", "importer")
    table = {"lead_id": facts.leads["lead_id"], "by": by.tolist(), "p_before": p_before}
    return replace(facts, given=pl.DataFrame(table, schema=GIVEN))


@dataclass(frozen=True)
class Make:
    choices = staticmethod(make_choices)
    given = staticmethod(make_given)
    now = NOW
    since = NOW - timedelta(days=365)
    facts = staticmethod(make_facts)


@pytest.fixture(scope="session")
def make():
    return Make
