"""What reps and managers say about who should sell what, as weak evidence beside outcomes. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from domain.people import RejectReason
from domain.routing import LeadRejection, MatchOverride
from domain.values import LeadId, ProductId, RepId
from tools.matching.arrays import FloatMatrix

WEIGHT = 0.5
"""Coin flips that one opinion counts as: half of one lead that stood at even odds."""

MOST = 4.0
"""Coin flips that all opinions for, or against, one rep on one product count as at most."""

_STEPS = 12

Cell = tuple[RepId, ProductId]


@dataclass(frozen=True)
class Opinions:
    """Pseudo-counts by rep and product.

    Attributes:
        weights: (for, against) in coin flips, each in [0, `MOST`].
    """

    weights: Mapping[Cell, tuple[float, float]] = field(default_factory=dict)


def gather_opinions(
    rejections: Mapping[tuple[RepId, ProductId | None, RejectReason], int],
    overrides: Iterable[MatchOverride] = (),
    *,
    products: Mapping[LeadId, ProductId | None] | None = None,
    judged: Collection[LeadId] = (),
) -> Opinions:
    """Weigh what was said about matches.

    A rep who declines leads on a product as the wrong product speaks against himself there. No capacity, conflict,
    bad data and other say nothing about his skill. A manager who moves a lead from one rep to another speaks for the
    one and against the other on its product; where the lead was won or lost since, that outcome is in the history and
    decides alone.

    Args:
        rejections: Counts by rep, product and reason, >= 0.
        overrides: What managers said.
        products: Product of each overridden lead; others say nothing.
        judged: Leads whose outcome the history holds.
    """
    found: dict[Cell, list[float]] = {}

    def count(rep: RepId | None, product: ProductId | None, side: int, n: int) -> None:
        if rep is not None and product is not None and n > 0:
            found.setdefault((rep, product), [0.0, 0.0])[side] += WEIGHT * n

    for (rep_id, product_id, reason), n in rejections.items():
        if reason is RejectReason.WRONG_PRODUCT:
            count(rep_id, product_id, 1, n)
    known = products or {}
    for override in overrides:
        if override.lead_id in judged or override.from_rep_id == override.rep_id:
            continue
        count(override.rep_id, known.get(override.lead_id), 0, 1)
        # Into the pool is no word about the rep: the manager had nobody better.
        if override.rep_id is not None:
            count(override.from_rep_id, known.get(override.lead_id), 1, 1)
    return Opinions({cell: (min(pro, MOST), min(con, MOST)) for cell, (pro, con) in sorted(found.items())})


def opinion_shift(
    opinions: Opinions, rep_ids: Sequence[RepId], product_ids: Sequence[ProductId | None], variance: FloatMatrix
) -> FloatMatrix:
    """Say how far opinions move effects that are already known up to a variance.

    The effect's posterior meets `for` heads and `against` tails of a coin whose log-odds it is; the shift is the mode.
    So ten opinions move a new rep's effect, and hardly one that a thousand leads have settled.

    Args:
        opinions: Pseudo-counts.
        rep_ids: Reps, n_reps of them.
        product_ids: Product of each kind of lead, n_kinds of them.
        variance: Shape (n_reps, n_kinds). Of the effects, > 0.

    Returns:
        Shape (n_reps, n_kinds). Log-odds; 0 where nobody said anything.
    """
    sides = np.zeros((2, len(rep_ids), len(product_ids)))
    rows = {rep_id: row for row, rep_id in enumerate(rep_ids)}
    for (rep_id, product_id), weights in opinions.weights.items():
        columns = [i for i, p in enumerate(product_ids) if p == product_id]
        if rep_id in rows and columns:
            sides[:, rows[rep_id], columns] = np.array(weights)[:, None]
    pro, con = sides
    shift = np.zeros_like(variance)
    for _ in range(_STEPS):
        p = expit(shift)
        n = pro + con
        shift = shift + (pro - n * p - shift / variance) / (n * p * (1 - p) + 1 / variance)
    return np.where(pro + con > 0, shift, 0.0)


def bad_data_leads(rejections: Iterable[LeadRejection]) -> frozenset[LeadId]:
    """Return the leads whose record a rep called bad: their outcome says nothing about lead or rep."""
    return frozenset(r.lead_id for r in rejections if r.reason is RejectReason.BAD_DATA)
