"""Learns how likely a lead is won in a given rep's hands. Pure: no clock, no I/O; assigns nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from domain.people import Rep
from domain.values import RepId, content_hash
from tools.matching.affinities.content import CONTENT, PENALTIES, Content
from tools.matching.affinities.kinds import LeadKind, Levels, kind_of, kinds_in, product_cells
from tools.matching.affinities.model import AffinityModel, shift_probability
from tools.matching.affinities.posterior import Deals
from tools.matching.affinities.prior import N_BLOCKS, Spreads, blocks_of
from tools.matching.affinities.search import RepEffects, estimate_rep_effects
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.base_rate import design_lead_terms, fit_logistic, standard_errors
from tools.matching.history import fingerprint
from tools.matching.signal import LEVEL, rep_signal_p_value

__all__ = ["AffinityModel", "LeadKind", "fit_affinity", "kind_of", "product_cells", "shift_probability"]

METHOD = "2"
"""Changes whenever the same history would give other numbers."""

MIN_LEADS = 50
_ROUNDS = 2
_CENTRING_STEPS = 8
_IS_SKILL = np.array(CONTENT) == "declared_skill"
TRUST = 0.15
"""Log-odds of winning per log-odds of declared skill, as long as no history could tell."""

_TRUST_SPREAD = 0.15
_ONE_SIDED = 1.64
"""Standard errors above the estimate that a weight may still have: a history that bounds it below `TRUST` contradicts
the trust."""

_LEAST_Z = 1.5
"""Standard errors from 0 at which a weight of content other than declared skill counts."""


@dataclass(frozen=True)
class _Sample:
    """Judged leads as arrays: who had them, what kind they were, how they ended."""

    rep: IntVector
    columns: IntVector
    won: FloatVector
    content: FloatMatrix
    levels: Levels
    n_reps: int

    def grouped(self, base: FloatVector) -> Deals:
        return Deals.grouped(
            self.rep, self.columns, base, self.won, n_reps=self.n_reps, n_columns=self.levels.n_columns
        )

    def product(self) -> IntVector:
        """Number each lead's product; the last number stands for none."""
        at = self.levels.blocks["product"]
        number: IntVector = np.where(self.columns[:, 1] >= 0, self.columns[:, 1] - at.start, at.stop - at.start)
        return number

    def effect(self, effects: RepEffects) -> FloatVector:
        """Return the effect of each lead's rep on it."""
        present = self.columns >= 0
        found = effects.mean[self.rep[:, None], np.where(present, self.columns, 0)]
        total: FloatVector = np.where(present, found, 0.0).sum(axis=1)
        return total

    def variance(self, effects: RepEffects) -> FloatVector:
        """Return the posterior variance of the effect of each lead's rep on it."""
        present = self.columns >= 0
        safe = np.where(present, self.columns, 0)
        found = effects.covariance[self.rep[:, None, None], safe[:, :, None], safe[:, None, :]]
        total: FloatVector = (found * (present[:, :, None] & present[:, None, :])).sum(axis=(1, 2))
        return total


def fit_affinity(
    judged: pl.DataFrame, reps: Sequence[Rep], *, rng: np.random.Generator, forgets: bool = True
) -> AffinityModel:
    """Learn what reps add, or find that the history says nothing about them.

    A lead-only model takes up what product, region, source and time explain, so that a rep is not praised for
    being given good leads. What remains is tested for a difference between reps; only when there is one are
    effects of reps estimated, with shrinkage, together with the lead-only model. Without a difference history adds
    nothing; what reps declare then counts a little, on trust, unless the history was long enough to show that it
    means nothing.

    Args:
        judged: Table of `tools.matching.history.judged_leads`.
        reps: Reps of the market, for what they declare.
        rng: Source of randomness of the test.
        forgets: Whether a rep's form of the last weeks may differ from his form of long ago.
    """
    rep_ids = tuple(RepId(r) for r in judged["rep_id"].unique().sort())
    content = Content.of(judged, reps)
    roster = {rep.id: rep for rep in reps}
    members = [roster.get(r) for r in rep_ids]
    declared = [rep.model_dump_json(include={"id", "skills", "regions", "languages"}) for rep in members if rep]
    version = f"affinity-{METHOD}-{content_hash(fingerprint(judged), declared, length=12)}"
    levels = Levels.of(judged, n_blocks=N_BLOCKS if forgets else 0)

    def silent(why: str, p_value: float | None, trust: float) -> AffinityModel:
        return AffinityModel(
            rep_ids=rep_ids,
            levels=levels,
            effects=None,
            centre=np.zeros(len(levels.product_ids) + 1),
            bend=0.0,
            content=content,
            content_weights=trust * _IS_SKILL,
            content_errors=np.zeros(len(CONTENT)),
            n_leads=judged.height,
            p_value=p_value,
            no_signal=why,
            version=version,
        )

    if judged.height < MIN_LEADS or judged["won"].n_unique() == 1 or len(rep_ids) == 1:
        why = f"Rep history is too thin: {judged.height} judged leads, {len(rep_ids)} reps"
        return silent(f"{why}, {int(judged['won'].sum())} won.", None, TRUST)
    sample = _sample(judged, rep_ids, levels, content, members)
    design, penalties = design_lead_terms(judged)
    lead_only = design @ fit_logistic(design, sample.won, penalties)
    skills = content.table(members, [LeadKind(p) for p in (*levels.product_ids, None)])[0]
    p_value = rep_signal_p_value(
        sample.rep, sample.product(), sample.won - expit(lead_only), _strata(judged), skills, rng=rng
    )
    if p_value > LEVEL:
        why = f"Rep history does not tell reps apart: {judged.height} judged leads of {len(rep_ids)} reps"
        return silent(f"{why}, permutation p = {p_value:.2f}.", p_value, _trust(sample, design, penalties))
    effects, weights, errors = _fit_jointly(sample, design, penalties)
    bend = (1 - 2 * float(sample.won.mean())) / 2
    line = lead_only + weights @ sample.content + sample.effect(effects) + bend * sample.variance(effects)
    return AffinityModel(
        rep_ids=rep_ids,
        levels=levels,
        effects=effects,
        centre=_centre(line, sample.won, sample.product(), len(levels.product_ids) + 1),
        bend=bend,
        content=content,
        content_weights=weights,
        content_errors=errors,
        n_leads=judged.height,
        p_value=p_value,
        no_signal=None,
        version=version,
    )


def _sample(
    judged: pl.DataFrame,
    rep_ids: Sequence[RepId],
    levels: Levels,
    content: Content,
    members: Sequence[Rep | None],
) -> _Sample:
    rows = {rep_id: index for index, rep_id in enumerate(rep_ids)}
    rep = np.array([rows[r] for r in judged["rep_id"]], dtype=np.int64)
    kinds, number = kinds_in(judged)
    columns = levels.columns_of(kinds)[number]
    if levels.n_blocks:
        weeks = judged["week"].to_numpy()
        columns[:, 4] = levels.blocks["recent"].start + blocks_of(weeks.max() - weeks)
    values = content.table(members, kinds)[:, rep, number]
    return _Sample(rep, columns, judged["won"].to_numpy(), values, levels, len(rep_ids))


def _fit_jointly(
    sample: _Sample, design: FloatMatrix, penalties: FloatVector
) -> tuple[RepEffects, FloatVector, FloatVector]:
    """Climb the joint posterior by turns: the lead-only model given the reps, the reps given the lead-only model.

    Returns:
        The effects, the weights of content and their standard errors. Content other than declared skill that is not
        told from nothing has weight 0.
    """
    full = np.column_stack([design, sample.content.T])
    held = np.append(penalties, PENALTIES)
    offset = np.zeros(len(sample.won))
    first = fit_logistic(full, sample.won, held, offset=offset)
    n_design = design.shape[1]
    z = np.abs(first) / standard_errors(full, first, held, offset=offset)
    used = np.append(np.arange(n_design), n_design + np.flatnonzero((z[n_design:] > _LEAST_Z) | _IS_SKILL))
    full, held = full[:, used], held[used]
    spreads: Spreads | None = None
    for _ in range(_ROUNDS):
        coefficients = fit_logistic(full, sample.won, held, offset=offset)
        effects = estimate_rep_effects(sample.grouped(full @ coefficients), sample.levels, around=spreads)
        spreads = effects.spreads
        offset = sample.effect(effects)
    weights, errors = np.zeros(len(CONTENT)), np.zeros(len(CONTENT))
    weights[used[n_design:] - n_design] = coefficients[n_design:]
    errors[used[n_design:] - n_design] = standard_errors(full, coefficients, held, offset=offset)[n_design:]
    errors[~sample.content.any(axis=1)] = 0.0
    return effects, weights, errors


def _trust(sample: _Sample, design: FloatMatrix, penalties: FloatVector) -> float:
    """Say what declared skill is worth when history does not tell reps apart: 0 when it was long enough to tell."""
    skill = sample.content[_IS_SKILL][0]
    full, held = np.column_stack([design, skill]), np.append(penalties, 0.0)
    nothing = np.zeros(len(sample.won))
    coefficients = fit_logistic(full, sample.won, held)
    error = float(standard_errors(full, coefficients, held, offset=nothing)[-1])
    if not skill.any() or float(coefficients[-1]) + _ONE_SIDED * error < TRUST:
        return 0.0
    certainty, prior = 1 / error**2, 1 / _TRUST_SPREAD**2
    return max(0.0, float((certainty * coefficients[-1] + prior * TRUST) / (certainty + prior)))


def _centre(line: FloatVector, won: FloatVector, product: IntVector, n_products: int) -> FloatVector:
    """Move the shifts of each product together, so that its reps are promised as many wins as they had.

    A scorer's probability is an average over reps; shifts around it must not promise more or less than that.
    """
    count = np.bincount(product, minlength=n_products)
    centre = np.zeros(n_products)
    for _ in range(_CENTRING_STEPS):
        p = expit(line + centre[product])
        missing = np.bincount(product, weights=won - p, minlength=n_products)
        curvature = np.bincount(product, weights=p * (1 - p), minlength=n_products)
        # One lead's worth of curvature keeps a product of few leads near 0.
        centre = centre + (missing - centre / 4) / (curvature + 1 / 4)
    centre[count == 0] = float(np.average(centre, weights=count))
    return centre


def _strata(judged: pl.DataFrame) -> IntVector:
    """Number the combinations of product and region: within one, the same reps were eligible."""
    return judged.select(pl.struct("product_id", "region").rank("dense").cast(pl.Int64))["product_id"].to_numpy()
