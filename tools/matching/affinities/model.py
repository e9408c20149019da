"""What history says about reps, ready to be asked about pairs of rep and kind of lead. Pure; estimates nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, logit

from domain.people import Rep
from domain.values import ProductId, RepId, content_hash
from tools.matching.affinities.content import CONTENT, Content
from tools.matching.affinities.drawing import EffectDraws
from tools.matching.affinities.kinds import LeadKind, Levels
from tools.matching.affinities.opinions import Opinions, opinion_shift
from tools.matching.affinities.prior import Spreads, product_covariance
from tools.matching.affinities.search import RepEffects
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

_CLIP = 1e-6
_UNKNOWN_SPREAD = 0.3
"""Prior standard deviation that opinions meet where history has none, log-odds."""


@dataclass(frozen=True)
class AffinityModel:
    """What the history says about reps, in log-odds beyond a lead's own chance.

    Attributes:
        rep_ids: Reps of the history, sorted.
        levels: Products, regions and sources of the history.
        effects: Effects of the reps; None where history says nothing, all shifts learned by rep are 0 then.
        centre: Shape (n_products + 1,). What keeps the reps of a product promised as many wins as they had.
        bend: Log-odds by which one unit of variance raises the expected chance.
        content: Scale of declared skill, and pace of reps.
        content_weights: Shape (4,). Log-odds per unit of each term of `CONTENT`.
        content_errors: Shape (4,). Their standard errors.
        n_leads: Judged leads behind it.
        p_value: Of the test whether it matters who had a lead; None when there was too little to test.
        no_signal: Why rep history adds nothing, if so.
        version: Name of the model, by content.
        opinions: What reps and managers said; weak evidence beside outcomes.
    """

    rep_ids: tuple[RepId, ...]
    levels: Levels
    effects: RepEffects | None
    centre: FloatVector
    bend: float
    content: Content
    content_weights: FloatVector
    content_errors: FloatVector
    n_leads: int
    p_value: float | None
    no_signal: str | None
    version: str
    opinions: Opinions = field(default_factory=Opinions)

    @property
    def product_ids(self) -> tuple[ProductId, ...]:
        """Products of the history, sorted."""
        return self.levels.product_ids

    @property
    def spreads_learned(self) -> Spreads:
        """How far reps differ, by part; all 0 without a signal."""
        return self.effects.spreads if self.effects else Spreads(0.0, 0.0)

    def with_opinions(self, opinions: Opinions) -> "AffinityModel":
        """Return the model with other opinions; its version says so."""
        version = self.version.partition("+")[0]
        suffix = f"+{content_hash(sorted(opinions.weights.items()), length=8)}" if opinions.weights else ""
        return replace(self, opinions=opinions, version=version + suffix)

    def shifts(self, reps: Sequence[Rep], kinds: Sequence[LeadKind]) -> Mapping[str, FloatMatrix]:
        """Say how far each rep moves the log-odds on each kind of lead, term by term.

        A rep without history has 0 in the terms that are learned by rep: the pool mean. What he declares counts.

        Args:
            reps: Reps, n_reps of them.
            kinds: Kinds of leads, n_kinds of them; an unknown level of a kind adds nothing.

        Returns:
            Terms of shape (n_reps, n_kinds): `rep`, `rep_product`, `declared_skill` always; `similar`, `region`,
            `source`, `recent`, `region_fit`, `language_fit`, `response` and `feedback` where there is something to say.
        """
        shape = (len(reps), len(kinds))
        terms = {"rep": np.zeros(shape), "rep_product": np.zeros(shape), "declared_skill": np.zeros(shape)}
        if self.effects is not None:
            terms |= self._learned(reps, kinds, self.effects)
        for name, weight, values in zip(CONTENT, self.content_weights, self.content.table(reps, kinds), strict=True):
            if weight and values.any():
                terms[name] = weight * values
        if self.opinions.weights:
            spread = self.spreads(reps, kinds)
            variance = np.where(spread > 0, spread, _UNKNOWN_SPREAD) ** 2
            feedback = opinion_shift(self.opinions, [r.id for r in reps], [k.product_id for k in kinds], variance)
            if feedback.any():
                terms["feedback"] = feedback
        return terms

    def spreads(self, reps: Sequence[Rep], kinds: Sequence[LeadKind]) -> FloatMatrix:
        """Say how uncertain the summed shift is: posterior standard deviations in log-odds, shape (n_reps, n_kinds).

        A rep without history has the prior's; all are 0 where history shows no difference between reps.
        """
        if self.effects is None:
            return np.zeros((len(reps), len(kinds)))
        variance = self._variance(self._rows(reps), self.levels.columns_of(kinds), self.effects)
        table = self.content.table(reps, kinds)
        variance = variance + np.tensordot(self.content_errors**2, table**2, axes=1)
        return np.sqrt(np.maximum(variance, 0.0))

    def effect_draws(self, reps: Sequence[Rep], kinds: Sequence[LeadKind]) -> EffectDraws:
        """Return what is not known of the summed shifts, jointly over all pairs, to draw from.

        A rep without history has the prior's covariance; there is nothing to draw where history shows no difference
        between reps.
        """
        content = self.content.table(reps, kinds)
        if self.effects is None:
            nothing = np.zeros((len(reps), 0, 0))
            return EffectDraws.of(nothing, np.zeros((len(kinds), 0), dtype=np.int64), content, self.content_errors)
        covariance = np.concatenate([self.effects.covariance, self.effects.prior[None]])[self._rows(reps)]
        return EffectDraws.of(covariance, self.levels.columns_of(kinds), content, self.content_errors)

    def product_effects(self) -> FloatMatrix:
        """Return what each rep of the history adds on each product, content apart. Shape (n_reps, n_products)."""
        if self.effects is None:
            return np.zeros((len(self.rep_ids), len(self.product_ids)))
        mean, at = self.effects.mean, self.levels.blocks
        return mean[:, at["rep"]] + mean[:, at["product"]] + self.centre[:-1]

    def _rows(self, reps: Sequence[Rep]) -> IntVector:
        rows = {rep_id: index for index, rep_id in enumerate(self.rep_ids)}
        return np.array([rows.get(rep.id, -1) for rep in reps], dtype=np.int64)

    def _learned(self, reps: Sequence[Rep], kinds: Sequence[LeadKind], effects: RepEffects) -> dict[str, FloatMatrix]:
        row, columns = self._rows(reps), self.levels.columns_of(kinds)
        known = (row >= 0)[:, None]
        # One more column of zeros stands for a level that is unknown.
        mean = np.column_stack([effects.mean, np.zeros(len(self.rep_ids))])

        def of(part: int) -> FloatMatrix:
            return np.where(known, mean[row][:, columns[:, part]], 0.0)

        product = np.where(columns[:, 1] >= 0, columns[:, 1] - self.levels.blocks["product"].start, -1)
        variance = self._variance(row, columns, effects)
        terms = {
            "rep": of(0) + np.where(known, self.bend * variance, 0.0),
            "rep_product": of(1) + np.where(known, self.centre[product], 0.0),
        }
        if effects.likeness is not None:
            # Of what is known about a product, the part that other products lend it.
            at = self.levels.blocks["product"]
            whole = product_covariance(effects.spreads, len(self.product_ids), effects.likeness)
            lent = np.zeros_like(mean)
            lent[:, at] = effects.mean[:, at] @ np.linalg.solve(whole, effects.spreads.similar * effects.likeness)
            terms["similar"] = np.where(known, lent[row][:, columns[:, 1]], 0.0)
            terms["rep_product"] = terms["rep_product"] - terms["similar"]
        for name, part in (("region", 2), ("source", 3), ("recent", 4)):
            if getattr(effects.spreads, name) > 0:
                terms[name] = of(part)
        return terms

    def _variance(self, row: IntVector, columns: IntVector, effects: RepEffects) -> FloatMatrix:
        """Add up the covariance of the columns of each pair; the last table is the prior's. Shape (n_reps, n_kinds)."""
        # Reps by kinds of one history are few; the reps asked about pick their row of them.
        n = len(self.rep_ids) + 1
        found = np.zeros((n, len(columns)))
        for i in columns.T:
            for j in columns.T:
                both = (i >= 0) & (j >= 0)
                found[:-1, both] += effects.covariance[:, i[both], j[both]]
                found[-1, both] += effects.prior[i[both], j[both]]
        picked: FloatMatrix = found[row]
        return picked


def shift_probability(p: FloatMatrix, shift: FloatMatrix) -> FloatMatrix:
    """Move probabilities by log-odds; arrays broadcast against each other."""
    moved: FloatMatrix = expit(logit(np.clip(p, _CLIP, 1 - _CLIP)) + shift)
    return moved
