"""How likely a lead is won in a given rep's hands. Pure: no clock, no I/O; assigns nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, logit

from domain.people import Rep
from domain.values import ProductId, RepId, content_hash
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.base_rate import design_lead_terms, fit_logistic
from tools.matching.history import fingerprint
from tools.matching.rep_effects import Deals, RepEffects, estimate_rep_effects
from tools.matching.signal import LEVEL, rep_signal_p_value

METHOD = "1"
"""Changes whenever the same history would give other numbers."""

MIN_LEADS = 50
_ROUNDS = 2
_CENTRING_STEPS = 8
_SKILL_PENALTY = 0.25
_CLIP = 1e-6


@dataclass(frozen=True)
class AffinityModel:
    """What the history says about reps, in log-odds beyond a lead's own chance.

    Attributes:
        rep_ids: Reps of the history, sorted.
        product_ids: Products of the history, sorted.
        rep_shift: Shape (n_reps, 1). What the rep adds whatever the product.
        cell_shift: Shape (n_reps, n_products + 1). What rep and product together add beyond that.
        skill_weight: Log-odds per unit of declared skill above the product's mean.
        skill_means: Mean declared skill by product.
        n_leads: Judged leads behind it.
        p_value: Of the test whether it matters who had a lead; None when there was too little to test.
        no_signal: Why rep history adds nothing, if so; all shifts are 0 then.
        spread_rep: Estimated standard deviation between reps, log-odds.
        spread_cell: The same between one rep's products.
        version: Name of the model, by content.
    """

    rep_ids: tuple[RepId, ...]
    product_ids: tuple[ProductId, ...]
    rep_shift: FloatMatrix
    cell_shift: FloatMatrix
    skill_weight: float
    skill_means: dict[ProductId, float]
    n_leads: int
    p_value: float | None
    no_signal: str | None
    spread_rep: float
    spread_cell: float
    version: str

    def shifts(self, reps: Sequence[Rep], product_ids: Sequence[ProductId | None]) -> dict[str, FloatMatrix]:
        """Say how far each rep moves the log-odds on each product, term by term.

        A rep without history has 0 in the terms that are learned by rep: the pool mean.

        Args:
            reps: Reps, n_reps of them.
            product_ids: Products, one per column; None or an unknown product gives the rep's effect alone.

        Returns:
            Terms `rep`, `rep_product` and `declared_skill`, each of shape (n_reps, n_products).
        """
        rows = {rep_id: index for index, rep_id in enumerate(self.rep_ids)}
        columns = {product_id: index for index, product_id in enumerate(self.product_ids)}
        known = np.array([rows.get(rep.id, -1) for rep in reps], dtype=np.int64)
        n_known = len(columns)
        column = np.array([columns.get(p, n_known) if p is not None else n_known for p in product_ids], dtype=np.int64)
        is_known = (known >= 0)[:, None]
        shape = (len(reps), len(product_ids))
        skills = declared_skills(reps, product_ids, self.skill_means)
        if not self.rep_ids:
            return {"rep": np.zeros(shape), "rep_product": np.zeros(shape), "declared_skill": skills * 0.0}
        return {
            "rep": np.broadcast_to(np.where(is_known, self.rep_shift[known], 0.0), shape),
            "rep_product": np.where(is_known, self.cell_shift[np.ix_(known, column)], 0.0),
            "declared_skill": self.skill_weight * skills,
        }


def shift_probability(p: FloatMatrix, shift: FloatMatrix) -> FloatMatrix:
    """Move probabilities by log-odds; arrays broadcast against each other."""
    moved: FloatMatrix = expit(logit(np.clip(p, _CLIP, 1 - _CLIP)) + shift)
    return moved


def declared_skills(
    reps: Sequence[Rep], product_ids: Sequence[ProductId | None], means: dict[ProductId, float]
) -> FloatMatrix:
    """Tabulate declared skill above the product's mean; 0 where nothing is declared. Shape (n_reps, n_products)."""
    levels = [{skill.product_id: skill.level for skill in rep.skills} for rep in reps]
    table = [
        [by_product[p] - means[p] if p is not None and p in by_product and p in means else 0.0 for p in product_ids]
        for by_product in levels
    ]
    return np.array(table, dtype=np.float64).reshape(len(reps), len(product_ids))


def fit_affinity(judged: pl.DataFrame, reps: Sequence[Rep], *, rng: np.random.Generator) -> AffinityModel:
    """Learn what reps add, or find that the history says nothing about them.

    A lead-only model takes up what product, region, source and time explain, so that a rep is not praised for
    being given good leads. What remains is tested for a difference between reps; only when there is one are
    effects of rep and of rep by product estimated, with shrinkage, together with the lead-only model.

    Args:
        judged: Table of `tools.matching.history.judged_leads`.
        reps: Reps of the market, for their declared skills.
        rng: Source of randomness of the test.
    """
    rep_ids = tuple(RepId(r) for r in judged["rep_id"].unique().sort())
    product_ids = tuple(ProductId(p) for p in judged["product_id"].drop_nulls().unique().sort())
    means = _skill_means(reps, product_ids)
    version = f"affinity-{METHOD}-{content_hash(fingerprint(judged), sorted(means.items()), length=12)}"

    def silent(why: str, p_value: float | None) -> AffinityModel:
        zeros = np.zeros((len(rep_ids), len(product_ids) + 1))
        return AffinityModel(
            rep_ids, product_ids, zeros[:, :1], zeros, 0.0, means, judged.height, p_value, why, 0.0, 0.0, version
        )

    if judged.height < MIN_LEADS or judged["won"].n_unique() == 1 or len(rep_ids) == 1:
        why = f"Rep history is too thin: {judged.height} judged leads, {len(rep_ids)} reps"
        return silent(f"{why}, {int(judged['won'].sum())} won.", None)
    deals = _as_deals(judged, rep_ids, product_ids)
    roster = {rep.id: rep for rep in reps}
    known_reps = [roster.get(r) for r in rep_ids]
    skills = np.zeros(deals.shape)
    present = [index for index, rep in enumerate(known_reps) if rep]
    skills[present] = declared_skills([rep for rep in known_reps if rep], (*product_ids, None), means)
    design, penalties = design_lead_terms(judged)
    lead_only = design @ fit_logistic(design, deals.won, penalties)
    p_value = rep_signal_p_value(deals, deals.won - expit(lead_only), _strata(judged), skills, rng=rng)
    if p_value > LEVEL:
        why = f"Rep history does not tell reps apart: {judged.height} judged leads of {len(rep_ids)} reps"
        return silent(f"{why}, permutation p = {p_value:.2f}.", p_value)
    effects, skill_weight = _fit_jointly(deals, design, penalties, skills)
    shift = _centred(effects, deals, lead_only, skill_weight * skills)
    return AffinityModel(
        rep_ids=rep_ids,
        product_ids=product_ids,
        rep_shift=shift[:, -1:],
        cell_shift=shift - shift[:, -1:],
        skill_weight=skill_weight,
        skill_means=means,
        n_leads=judged.height,
        p_value=p_value,
        no_signal=None,
        spread_rep=effects.spread_rep,
        spread_cell=effects.spread_cell,
        version=version,
    )


def _fit_jointly(
    deals: Deals, design: FloatMatrix, penalties: FloatVector, skills: FloatMatrix
) -> tuple[RepEffects, float]:
    """Climb the joint posterior by turns: the lead-only model given the reps, the reps given the lead-only model."""
    design = np.column_stack([design, skills[deals.rep, deals.column]])
    penalties = np.append(penalties, _SKILL_PENALTY)
    offset = np.zeros(len(deals.won))
    for _ in range(_ROUNDS):
        coefficients = fit_logistic(design, deals.won, penalties, offset=offset)
        effects = estimate_rep_effects(deals, design @ coefficients)
        offset = effects.mean[deals.rep, deals.column]
    return effects, float(coefficients[-1])


def _centred(effects: RepEffects, deals: Deals, lead_only: FloatVector, declared: FloatMatrix) -> FloatMatrix:
    """Turn posterior effects into shifts of a probability that is an average over reps, as a scorer's is.

    The logistic curve bends upwards below one half, so an uncertain effect raises the expected chance; half its
    variance times the bend accounts for that. Then each product's shifts are moved together, so that its reps
    are promised as many wins as they had.
    """
    bend = (1 - 2 * float(deals.won.mean())) / 2
    shift = effects.mean + bend * effects.variance
    logits = lead_only + (shift + declared)[deals.rep, deals.column]
    n_columns = deals.shape[1]
    count = np.bincount(deals.column, minlength=n_columns)
    centre = np.zeros(n_columns)
    for _ in range(_CENTRING_STEPS):
        p = expit(logits + centre[deals.column])
        missing = np.bincount(deals.column, weights=deals.won - p, minlength=n_columns)
        curvature = np.bincount(deals.column, weights=p * (1 - p), minlength=n_columns)
        # One lead's worth of curvature keeps a product of few leads near 0.
        centre = centre + (missing - centre / 4) / (curvature + 1 / 4)
    centre[count == 0] = float(np.average(centre, weights=count))
    return shift + centre


def _skill_means(reps: Sequence[Rep], product_ids: Sequence[ProductId]) -> dict[ProductId, float]:
    levels: dict[ProductId, list[float]] = {}
    for rep in reps:
        for skill in rep.skills:
            levels.setdefault(skill.product_id, []).append(skill.level)
    return {p: float(np.mean(levels[p])) for p in product_ids if p in levels}


def _as_deals(judged: pl.DataFrame, rep_ids: Sequence[RepId], product_ids: Sequence[ProductId]) -> Deals:
    rows = {rep_id: index for index, rep_id in enumerate(rep_ids)}
    columns: dict[ProductId | None, int] = {product_id: index for index, product_id in enumerate(product_ids)}
    columns[None] = len(product_ids)
    return Deals(
        rep=np.array([rows[r] for r in judged["rep_id"]], dtype=np.int64),
        column=np.array([columns[p] for p in judged["product_id"]], dtype=np.int64),
        won=judged["won"].to_numpy(),
        n_reps=len(rep_ids),
        n_products=len(product_ids),
    )


def _strata(judged: pl.DataFrame) -> IntVector:
    """Number the combinations of product and region: within one, the same reps were eligible."""
    return judged.select(pl.struct("product_id", "region").rank("dense").cast(pl.Int64))["product_id"].to_numpy()
