"""The numbers behind a plan, kept so that any pair of it can be explained. Pure: chooses nothing, words nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from domain.matches import Candidate
from domain.values import LeadId, RepId
from tools.matching.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.assignment import Assignment
from tools.matching.batch import Floor, Request
from tools.matching.eligibility import Verdict
from tools.matching.valuation import PairUtilities

_CHUNK = 256


@dataclass(frozen=True)
class Book:
    """A batch in numbers.

    Attributes:
        requests: The leads.
        floor: The sales floor.
        verdicts: What the rules say, per lead.
        utilities: Values of all pairs.
        worth: Shape (n_leads, n_reps). Utility of every pair.
        next_cost: Shape (n_reps,). What the workload of a rep's next lead costs now.
        proof: The best assignment at the mean effects, with its prices.
        vip: Shape (n_leads,). Which leads are VIPs.
    """

    requests: Sequence[Request]
    floor: Floor
    verdicts: Sequence[Verdict]
    utilities: PairUtilities
    worth: FloatMatrix
    next_cost: FloatVector
    proof: Assignment
    vip: BoolVector

    @cached_property
    def row(self) -> dict[LeadId, int]:
        """Index of each lead."""
        return {request.lead.id: i for i, request in enumerate(self.requests)}

    @cached_property
    def column(self) -> dict[RepId, int]:
        """Index of each rep."""
        return {rep.id: i for i, rep in enumerate(self.floor.reps)}

    @property
    def unit(self) -> str:
        """Unit of utility, for words: `wins` where no value is known, else the currency if the floor names it."""
        if all(request.value is None for request in self.requests):
            return "wins"
        return self.floor.currency or ""

    @cached_property
    def rents(self) -> FloatMatrix:
        """What other leads would give for a rep's next place, for ordinary leads and for VIPs. Shape (2, n_reps)."""
        prices = np.array([self.proof.prices, self.proof.vip_prices])
        if (self.proof.rep < 0).any():
            prices = prices - np.rint(prices / self.proof.penalty) * self.proof.penalty
        return np.maximum(prices - self.next_cost, 0.0)

    def rank(self, chosen: IntVector, n: int) -> tuple[list[IntVector], IntVector, IntVector]:
        """Rank the reps who may take each lead by utility less workload.

        Args:
            chosen: Shape (n_leads,). Index of each lead's rep, -1 for none.
            n: How many to list.

        Returns:
            Per lead, at most n reps, best first, and the chosen one behind them if he is not among them; the place of
            the chosen rep, from 1; how many may take the lead.
        """
        shown: list[IntVector] = []
        place, able = np.ones(len(chosen), dtype=np.int64), np.zeros(len(chosen), dtype=np.int64)
        n = min(n, self.worth.shape[1])
        if not n:
            return [np.zeros(0, dtype=np.int64) for _ in chosen], place, able
        for start in range(0, len(chosen), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(chosen)))
            excluded = np.array([verdict.excluded for verdict in self.verdicts[start : start + len(rows)]])
            net = np.where(excluded, -np.inf, self.worth[rows] - self.next_cost)
            able[rows] = np.count_nonzero(~excluded, axis=1)
            mine = net[np.arange(len(rows)), chosen[rows]]
            place[rows] = 1 + (net > mine[:, None]).sum(axis=1)
            top = np.sort(np.argpartition(-net, n - 1, axis=1)[:, :n], axis=1)
            values = np.take_along_axis(net, top, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            top, values = np.take_along_axis(top, order, axis=1), np.take_along_axis(values, order, axis=1)
            for i, row in enumerate(rows):
                listed = top[i][np.isfinite(values[i])]
                rep = chosen[row]
                shown.append(listed if rep < 0 or rep in listed else np.append(listed, rep))
        return shown, place, able

    def candidates(self, lead: IntVector, rep: IntVector) -> list[Candidate]:
        """Describe pairs; the terms of each add up to its utility."""
        terms = self.utilities.terms(lead, rep) | {"workload": -self.next_cost[rep]}
        table = np.array(list(terms.values()))
        names = list(terms)
        chance = np.clip(self.utilities.chance(lead, rep), 0.0, 1.0).tolist()
        rents = self.rents[self.vip[lead].astype(np.int64), rep].tolist()
        ids = [each.id for each in self.floor.reps]
        rows = zip(rep.tolist(), chance, table.sum(axis=0).tolist(), table.T.tolist(), rents, strict=True)
        return [
            Candidate(rep_id=ids[r], p_convert=p, utility=total, terms=dict(zip(names, row, strict=True)), price=rent)
            for r, p, total, row, rent in rows
        ]
