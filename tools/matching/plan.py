"""The plan of a batch: matches with their proof, and answers to questions about them. Pure: chooses nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from domain.errors import InvalidInputError
from domain.matches import Candidate, Match
from domain.routing import PoolEntry
from domain.values import LeadId, RepId
from tools.matching.book import Book
from tools.matching.wording import explain_not, explain_place


@dataclass(frozen=True)
class Displacement:
    """A VIP takes the place of a lead that its rep has not accepted yet.

    Attributes:
        lead_id: The lead that loses its place, and needs a rep again.
        rep_id: The rep who had it.
        by: The VIP.
        worth: What the displaced lead was worth in the rep's hands.
    """

    lead_id: LeadId
    rep_id: RepId
    by: LeadId
    worth: float


@dataclass(frozen=True)
class Plan:
    """Who should take each lead of a batch, and how good that is.

    Attributes:
        matches: One per request, in order.
        pool: Entries of the leads that nobody can take now, in order of the requests.
        displaced: Leads that must give their place to a VIP; each needs a rep again.
        worth: Utilities of the assigned leads less the costs of workload and of displaced leads, at the mean effects and
            before exploring. Leads that stay with their owner are not counted: nothing was chosen about them.
        bound: No plan that serves as many leads is worth more.
        gap: Most that was left on the table, as a part of `worth`, >= 0.
        prices: What one more place of each rep would add to the batch, in units of utility, >= 0.
        explored: Part of the posterior spread that was explored with; 0 when the plan is made on the mean.
        exploration_cost: What exploring gave up in expected worth, >= 0.
        summary: The batch in a sentence.
        book: The numbers behind it.
    """

    matches: tuple[Match, ...]
    pool: tuple[PoolEntry, ...]
    displaced: tuple[Displacement, ...]
    worth: float
    bound: float
    gap: float
    prices: Mapping[RepId, float]
    explored: float
    exploration_cost: float
    summary: str
    book: Book = field(repr=False, compare=False)

    def candidate(self, lead_id: LeadId, rep_id: RepId) -> Candidate:
        """Describe any pair of the batch, the excluded ones too. Raises `InvalidInputError` if it is not of the batch."""
        row, column = self.book.row.get(lead_id), self.book.column.get(rep_id)
        if row is None:
            raise InvalidInputError("lead_id", lead_id, "is not a lead of this batch")
        if column is None:
            raise InvalidInputError("rep_id", rep_id, "is not a rep of this floor")
        return self.book.candidates(np.array([row]), np.array([column]))[0]

    def why_not(self, lead_id: LeadId, rep_id: RepId) -> str:
        """Say in a sentence why a rep does not get a lead. Raises `InvalidInputError` if it is not of the batch."""
        candidate = self.candidate(lead_id, rep_id)
        match = self.matches[self.book.row[lead_id]]
        name = self.book.floor.reps[self.book.column[rep_id]].name
        return explain_not(match, rep_id, name=name, candidate=candidate, unit=self.book.unit)

    def price_of(self, rep_id: RepId) -> str:
        """Say in a sentence what one more place of a rep is worth. Raises `InvalidInputError` for an unknown rep."""
        column = self.book.column.get(rep_id)
        if column is None:
            raise InvalidInputError("rep_id", rep_id, "is not a rep of this floor")
        return explain_place(
            self.book.floor.reps[column].name,
            self.prices[rep_id],
            serves_more=bool(self.book.proof.serves_more[column]),
            unit=self.book.unit,
        )
