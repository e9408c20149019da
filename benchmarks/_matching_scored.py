"""The matcher behind the real scorer: trained on the same past, without a look at the truth. Beside round-robin."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._matching_conversions import MIN_SHARE, chances_of_skills, learn, plan_ours, without_skills
from benchmarks._matching_floor import Stage, set_stage
from benchmarks._offline_training import train_offline
from benchmarks.harness import Figure, Options
from domain.people import Rep
from domain.values import Market
from simulation.catalogue import market_names
from simulation.truth import expected_auc
from tools.matching.assignment import assign_leads
from tools.matching.history import judged_leads
from tools.matching.round_robin import assign_in_turn
from tools.scoring.event_log import EventLog, ingest_lead_data
from tools.scoring.model import TrainedModel
from tools.scoring.preparation import TrainingData, extract_features
from tools.scoring.reading import KEYS

_QUARTERS = 4
"""Past leads are scored as they came, those of each quarter of the history by a model made when it began."""


@dataclass(frozen=True)
class Scorer:
    """A trained scorer with the context that its features need."""

    log: EventLog
    data: TrainingData
    model: TrainedModel

    @classmethod
    def trained(cls, log: EventLog, market: Market, *, now: datetime, seed: int) -> "Scorer":
        """Train on what was known at a moment."""
        return cls(log, *train_offline(log, market, now=now, seed=seed))

    def on_arrival(self, leads: pl.DataFrame) -> pl.DataFrame:
        """Score leads, columns lead_id and created_at, as they arrive, before anybody has them: adds p_base."""
        moments = leads.select("lead_id", as_of="created_at")
        frame = moments.join(extract_features(self.log, moments, self.data.context), on=KEYS, maintain_order="left")
        return frame.select("lead_id", p_base=pl.Series(self.model.predict(frame).p))


def measure(options: Options) -> list[Figure]:
    """Measure each market; `--quick` takes one floor of one."""
    markets, n_floors = (market_names()[:1], 1) if options.quick else (market_names(), 4)
    found = []
    for market in markets:
        floors = range(options.seed, options.seed + n_floors)
        rows = [_one(set_stage(market, seed), seed) for seed in track(list(floors), description=f"scored, {market}")]
        mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        data = f"{market}, real scorer, {n_floors} floors"
        gain = mean["oracle"] - mean["round-robin"]
        share = (mean["past scores"] - mean["round-robin"]) / gain
        found += [
            Figure(
                f"true expected conversions ({data})", mean["past scores"], peer="round-robin",
                peer_value=mean["round-robin"], bar="more", holds=mean["past scores"] > mean["round-robin"],
            ),
            Figure(
                f"share of the oracle's gain over round-robin ({data})", share, bar=f"at least {MIN_SHARE:.0%}",
                holds=share >= MIN_SHARE,
            ),
            *(
                Figure(f"the same {words} ({data})", (mean[name] - mean["round-robin"]) / gain)
                for words, name in (
                    ("where no past score is known", "no past scores"),
                    ("where no rep declares a skill", "past scores, undeclared"),
                    ("where no skill is declared and no past score known", "no past scores, undeclared"),
                )
            ),
            Figure(
                f"the same, had the matcher known the planted skills ({data})", (mean["skills known"] - mean["round-robin"]) / gain
            ),
            Figure(
                f"AUC of the scorer on the batch as it arrives ({data})", mean["auc"],
                peer="planted truth, average rep", peer_value=mean["auc of truth"],
            ),
        ]  # fmt: skip
    return found


def _one(stage: Stage, seed: int) -> dict[str, float]:
    simulated = stage.simulated
    market = Market(simulated.market.id)
    log = ingest_lead_data(simulated.leads, simulated.interactions, simulated.assignments, simulated.outcomes)
    scorer = Scorer.trained(log, market, now=stage.now, seed=seed)
    batch = pl.DataFrame({"lead_id": [lead.id for lead in stage.leads]}).join(
        simulated.leads.select("created_at", lead_id="id"), on="lead_id", maintain_order="left"
    )
    scored = replace(stage, scored=scorer.on_arrival(batch)["p_base"].to_numpy())
    arrivals = stage.outcomes.select("lead_id", "created_at").sort("created_at", "lead_id")
    edges = [arrivals.height * quarter // _QUARTERS for quarter in range(1, _QUARTERS + 1)]
    known = pl.concat(
        Scorer.trained(log, market, now=arrivals.item(begin, "created_at"), seed=seed).on_arrival(arrivals[begin:end])
        for begin, end in pairwise(edges)
    )
    past = judged_leads(stage.outcomes.join(known, on="lead_id", how="left"), now=stage.now)
    nobody, blind = np.zeros(len(stage.reps), dtype=np.int64), without_skills(stage)

    def conversions(judged: pl.DataFrame, reps: list[Rep]) -> float:
        return stage.conversions(plan_ours(scored, learn(judged, reps, seed), reps))

    truth = stage.truth.mean(axis=1)
    return {
        "past scores": conversions(past, stage.reps),
        "no past scores": conversions(stage.judged(), stage.reps),
        "past scores, undeclared": conversions(past, blind),
        "no past scores, undeclared": conversions(stage.judged(), blind),
        "skills known": stage.conversions(
            assign_leads(chances_of_skills(scored), stage.eligible, nobody, stage.capacities).rep
        ),
        "round-robin": stage.conversions(assign_in_turn(stage.eligible, nobody, stage.capacities)),
        "oracle": stage.conversions(assign_leads(stage.truth, stage.eligible, nobody, stage.capacities).rep),
        "auc": expected_auc(truth, scored.scored),
        "auc of truth": expected_auc(truth, truth),
    }
