"""How much of the oracle's gain could be learned at all: the matcher beside a learner that is told everything but the skills."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import expit, logit

from benchmarks._matching_conversions import learn, plan_ours, without_skills
from benchmarks._matching_floor import N_LEADS, Stage, set_stage, with_past_scores
from benchmarks.harness import Figure, Options
from domain.people import Rep
from simulation.catalogue import market_names
from tools.matching.affinity import shift_probability
from tools.matching.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.assignment import assign_leads
from tools.matching.history import judged_leads
from tools.matching.round_robin import assign_in_turn

LONG = 24_000
_LEAST_PART = 0.95
_SIGNAL, _NOISE = 0.96, 0.6
"""How `simulation.team.draw_team` makes declared levels: their log-odds are 0.96 standardised skills plus 0.6 of noise."""

_NEWTON = 15
_CLIP = 1e-9


@dataclass(frozen=True)
class Past:
    """Leads that a rep won or lost, with what only the simulation knows about each.

    Attributes:
        rep: Shape (n,). Index of the rep who had it.
        product: Shape (n,). Index of the product.
        odds: Shape (n,). Planted log-odds of winning, the skill of the rep apart.
        won: Shape (n,).
    """

    rep: IntVector
    product: IntVector
    odds: FloatVector
    won: FloatVector

    def of(self, rows: BoolVector) -> "Past":
        """Keep some leads."""
        return Past(self.rep[rows], self.product[rows], self.odds[rows], self.won[rows])


def measure(options: Options) -> list[Figure]:
    """Measure three markets with the usual history and with a long one."""
    sizes = {N_LEADS: 1} if options.quick else {N_LEADS: 10, LONG: 4}
    found = []
    for n_leads, n_floors in sizes.items():
        floors = [(market, options.seed + i) for market in market_names() for i in range(n_floors)]
        rows = [
            _one(set_stage(market, seed, n_leads=n_leads), seed)
            for market, seed in track(floors, description=f"what can be learned, {n_leads:,} leads")
        ]
        data = f"{n_leads:,} leads with their past scores, {len(floors)} floors of three markets"
        mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        for words, name in (("declared skills", "declared"), ("no declared skill", "undeclared")):
            ideal = mean[f"ideal, {name}"]
            figure = Figure(
                f"share of the oracle's gain, {words}, fairness 0 ({data})",
                mean[name],
                peer="ideal learner: knows every planted number but the skills",
                peer_value=ideal,
                bar=f"at least {_LEAST_PART:.0%} of it",
                holds=mean[name] >= _LEAST_PART * ideal,
            )
            found.append(figure)
        found.append(Figure(f"share of the oracle's gain, declared skills, default fairness ({data})", mean["fair"]))
    return found


def _one(stage: Stage, seed: int) -> dict[str, float]:
    """Return shares of the gain that the oracle makes over round-robin."""
    nobody = np.zeros(len(stage.reps), dtype=np.int64)
    turns = stage.conversions(assign_in_turn(stage.eligible, nobody, stage.capacities))
    oracle = stage.conversions(assign_leads(stage.truth, stage.eligible, nobody, stage.capacities).rep)
    judged = judged_leads(with_past_scores(stage, seed), now=stage.now)
    past = _past(stage, judged)

    def planned(reps: list[Rep], fairness: float | None = None) -> IntVector:
        return plan_ours(stage, learn(judged, reps, seed), reps, replace_fairness=fairness)

    def ideal(*, declared: bool) -> IntVector:
        chances = _ideal_chances(stage, past, declared=declared)
        return assign_leads(chances, stage.eligible, nobody, stage.capacities).rep

    chosen = {
        "fair": planned(stage.reps),
        "declared": planned(stage.reps, 0.0),
        "undeclared": planned(without_skills(stage), 0.0),
        "ideal, declared": ideal(declared=True),
        "ideal, undeclared": ideal(declared=False),
    }
    return {name: (stage.conversions(rep) - turns) / (oracle - turns) for name, rep in chosen.items()}


def _past(stage: Stage, judged: pl.DataFrame) -> Past:
    truth, product = stage.simulated.truth, _product_index(stage)
    index = {str(rep.id): i for i, rep in enumerate(stage.reps)}
    planted = truth.p_convert(judged["lead_id"], judged["rep_id"])
    rep = np.array([index[rep_id] for rep_id in judged["rep_id"]], dtype=np.int64)
    kind = np.array([product[product_id] for product_id in judged["product_id"]], dtype=np.int64)
    odds = logit(planted.clip(_CLIP, 1 - _CLIP)) - truth.skills()[rep, kind]
    # Bots and duplicates never convert, whoever has them.
    return Past(rep, kind, odds, judged["won"].to_numpy()).of(planted > 0)


def _ideal_chances(stage: Stage, past: Past, *, declared: bool) -> FloatMatrix:
    """Return the chances promised by exact Bayesian learning.

    The learner knows the planted odds of every past lead, how far skills spread, what products share, and how noisily
    skills are declared; it gets the scorer's noisy probability of the new leads, as the matcher does. Its posterior is
    Laplace's. Shape (n_leads, n_reps).
    """
    market = stage.simulated.market
    n_products, share = len(market.products), market.team.general_share
    spread = market.team.skill_sd**2 * (share * np.ones((n_products, n_products)) + (1 - share) * np.eye(n_products))
    seen = _SIGNAL**2 * spread / market.team.skill_sd**2 + _NOISE**2 * np.eye(n_products)
    pull = _SIGNAL / market.team.skill_sd * spread @ np.linalg.inv(seen)
    left = spread - pull @ (_SIGNAL / market.team.skill_sd * spread)
    skills = np.zeros((len(stage.reps), n_products))
    for i, rep in enumerate(stage.reps):
        mean, covariance = np.zeros(n_products), spread
        if declared:
            said = np.array([skill.level for skill in rep.skills])
            mean, covariance = pull @ logit(said.clip(0.005, 0.995)), left
        skills[i] = _posterior_mean(past.of(past.rep == i), mean, np.asarray(np.linalg.inv(covariance)))
    product = _product_index(stage)
    columns = [product[str(lead.product_id)] for lead in stage.leads]
    return shift_probability(stage.scored[:, None], skills[:, columns].T)


def _posterior_mean(past: Past, mean: FloatVector, precision: FloatMatrix) -> FloatVector:
    """Find the skills of one rep that are likeliest after his leads, by Newton's method. Shape (n_products,)."""
    n, skill = len(mean), mean
    for _ in range(_NEWTON):
        p = expit(past.odds + skill[past.product])
        gradient = np.bincount(past.product, past.won - p, minlength=n) - precision @ (skill - mean)
        curvature = np.diag(np.bincount(past.product, p * (1 - p), minlength=n)) + precision
        skill = skill + np.linalg.solve(curvature, gradient)
    return skill


def _product_index(stage: Stage) -> dict[str, int]:
    return {str(product.id): i for i, product in enumerate(stage.simulated.market.domain_products())}
