"""Which reps may ever take a lead, whoever is there or full. Pure: no clock, no I/O; counts no places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.people import Lead, Product, Rep
from domain.values import ProductId
from tools.matching.arrays import BoolVector
from tools.matching.eligibility import Requirement, exclude_unqualified, requirement_of


@dataclass(frozen=True)
class Qualifications:
    """Answers which reps are qualified for a lead; leads that ask the same share an answer."""

    reps: Sequence[Rep]
    products: Mapping[ProductId, Product]
    _known: dict[Requirement, BoolVector] = field(default_factory=dict, repr=False, compare=False)

    def of(self, lead: Lead) -> BoolVector:
        """Say which reps are qualified for a lead. Shape (n_reps,)."""
        needs = requirement_of(lead, self.products.get(lead.product_id) if lead.product_id else None)
        if needs not in self._known:
            barred = exclude_unqualified(needs, self.reps)
            self._known[needs] = np.array([rep.id not in barred for rep in self.reps], dtype=np.bool_)
        return self._known[needs]
