"""The planted truth, for evaluations and tests only. Nothing that decides may import it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from domain.errors import InvalidInputError, LeadNotFoundError, ProductNotFoundError, RepNotFoundError
from domain.nudges import WAIT
from simulation.response import Response
from simulation.team import Team
from simulation.vectors import BoolVector, FloatMatrix, FloatVector, IntVector, sigmoid

Ids = Sequence[str] | pl.Series
Moments = Sequence[datetime] | pl.Series
NO_REP = ""


@dataclass(frozen=True)
class Truth:
    """Reads the planted probabilities.

    Attributes:
        lead_ids: Ids in the order of the vectors.
        buyer: Shape (n_leads,). False for bots and duplicates, which never convert.
        base_odds: Shape (n_leads,). Log-odds with an average rep and no contact.
        follow_up: Shape (n_leads,). Log-odds that the historical contacts of the first 7 days added.
        rep: Shape (n_leads,). Index of the rep of record, -1 for none.
        contacted: Shape (n_leads,). Day of the first historical contact; NaN for none.
        response: How leads respond to nudges.
        team: The reps.
    """

    lead_ids: tuple[str, ...]
    buyer: BoolVector
    base_odds: FloatVector
    follow_up: FloatVector
    rep: IntVector
    contacted: FloatVector
    response: Response
    team: Team
    _lead_index: dict[str, int] = field(init=False, repr=False)
    _rep_index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lead_index", {id_: row for row, id_ in enumerate(self.lead_ids)})
        object.__setattr__(self, "_rep_index", {str(rep.id): row for row, rep in enumerate(self.team.reps)})

    def p_convert(
        self, lead_ids: Ids, rep_ids: Ids | None = None, action_ids: Ids | None = None, at: Moments | None = None
    ) -> FloatVector:
        """Return the planted probability that each lead converts.

        Each of rep, action and moment may be replaced; what is left out is as history had it.

        Args:
            lead_ids: The leads, n of them; a lead may appear more than once.
            rep_ids: Reps, n of them; an empty id means no rep.
            action_ids: Actions, n of them: each replaces all historical contacts by this one.
            at: Aware moments, n of them: each replaces the moment of the first contact. With an action and no moment,
                the first historical contact's moment is used; `wait` is no contact, so it has no moment.

        Returns:
            Shape (n,). Probabilities; 0 for bots and duplicates.

        Raises:
            LeadNotFoundError: If a lead is none of this floor's.
            RepNotFoundError: If a rep is none of this floor's.
            InvalidInputError: If an action is none of the market's.
        """
        lead = self._leads(lead_ids)
        rep = self.rep[lead] if rep_ids is None else self._reps(rep_ids)
        moment = self.contacted[lead] if at is None else self._days(at)
        nudge = self.follow_up[lead]
        if action_ids is not None:
            action = self._actions(action_ids)
            nudge = self.response.nudge_odds(lead, action)
            moment = np.where(self._contacts(action), moment, np.nan)
        odds = self.base_odds[lead] + nudge + self.response.timing_odds(lead, moment)
        odds = odds + self.team.effect(self.response.population.take(lead), rep)
        return np.where(self.buyer[lead], sigmoid(odds), 0.0)

    def reply_probability(self, lead_ids: Ids, action_ids: Ids, at: Moments) -> FloatVector:
        """Return the probability that each lead answers an action taken at a moment. Raises as `p_convert`."""
        return self.response.reply_probability(self._leads(lead_ids), self._actions(action_ids), self._days(at))

    def nudge_effect(self, lead_ids: Ids, action_ids: Ids, at: Moments | None = None) -> FloatVector:
        """Return how much an action adds to each lead's probability of conversion, against waiting.

        Args:
            lead_ids: The leads, n of them.
            action_ids: The actions, n of them.
            at: Aware moments of the action; without them, those of the first historical contact.

        Returns:
            Shape (n,). Differences of probabilities, with the rep of record.
        """
        waiting = [WAIT] * len(lead_ids)
        return self.p_convert(lead_ids, action_ids=action_ids, at=at) - self.p_convert(lead_ids, action_ids=waiting)

    def skill(self, rep_id: str, product_id: str) -> float:
        """Return a rep's planted skill for a product, in log-odds. Raises `RepNotFoundError`, `ProductNotFoundError`."""
        products = [str(product.id) for product in self.response.market.products]
        if product_id not in products:
            raise ProductNotFoundError(product_id)
        return float(self.team.skill[self._reps([rep_id])[0], products.index(product_id)])

    def skills(self) -> FloatMatrix:
        """Return all planted skills in log-odds. Shape (n_reps, n_products), in the order of the frames."""
        return self.team.skill.copy()

    def latents(self, lead_id: str) -> dict[str, float]:
        """Return a lead's hidden urgency, need, budget and channel habits, in standard deviations."""
        (row,) = self._leads([lead_id])
        population = self.response.population
        habits = {f"{name}_habit": values[row] for name, values in population.habits.items()}
        return {
            name: float(value) for name, value in ({k: v[row] for k, v in population.latents.items()} | habits).items()
        }

    def best_auc(self, lead_ids: Ids | None = None) -> float:
        """Return the AUC that the planted probabilities themselves are expected to reach.

        No scorer does better on outcomes drawn from these probabilities. Bots and duplicates are left out.

        Args:
            lead_ids: The leads; all when None.
        """
        lead = np.arange(len(self.lead_ids)) if lead_ids is None else self._leads(lead_ids)
        lead = lead[self.buyer[lead]]
        return expected_auc(self.p_convert([self.lead_ids[row] for row in lead]))

    def _leads(self, ids: Ids) -> IntVector:
        try:
            return np.array([self._lead_index[id_] for id_ in ids], dtype=np.int64)
        except KeyError as error:
            raise LeadNotFoundError(str(error.args[0])) from error

    def _reps(self, ids: Ids) -> IntVector:
        try:
            return np.array([-1 if id_ == NO_REP else self._rep_index[id_] for id_ in ids], dtype=np.int64)
        except KeyError as error:
            raise RepNotFoundError(str(error.args[0])) from error

    def _actions(self, ids: Ids) -> IntVector:
        known = {id_: row for row, id_ in enumerate(self.response.market.action_ids)}
        unknown = next((id_ for id_ in ids if id_ not in known), None)
        if unknown is not None:
            raise InvalidInputError("action_id", unknown, f"is not one of {', '.join(known)}")
        return np.array([known[id_] for id_ in ids], dtype=np.int64)

    def _days(self, at: Moments) -> FloatVector:
        return np.array([self.response.timeline.of(moment) for moment in at], dtype=np.float64)

    def _contacts(self, action: IntVector) -> BoolVector:
        return np.array([spec.channel is not None for spec in self.response.market.actions])[action]


def expected_auc(p: FloatVector, ranking: FloatVector | None = None) -> float:
    """Return the AUC that a ranking is expected to reach when each outcome is drawn with its own `p`.

    The probability that a converting lead ranks above a failing one, over pairs weighted by how likely they are to be
    one of each; ties count half. Luck in drawn labels plays no part, so small differences between scorers show.

    Args:
        p: Shape (n,). Planted probabilities, not all 0 and not all 1.
        ranking: Shape (n,). A scorer's numbers, higher first; `p` itself when None, which is the best possible.

    Example:
        >>> import numpy as np
        >>> p = np.array([0.1, 0.2, 0.6])
        >>> expected_auc(p, np.zeros(3))
        0.5
        >>> expected_auc(p) > expected_auc(p, -p)
        True
    """
    values, group = np.unique(p if ranking is None else ranking, return_inverse=True)
    wins = np.bincount(group, weights=p, minlength=len(values))
    losses = np.bincount(group, weights=1 - p, minlength=len(values))
    below = np.cumsum(losses) - losses
    return float((wins * (below + 0.5 * losses)).sum() / (wins.sum() * losses.sum()))
