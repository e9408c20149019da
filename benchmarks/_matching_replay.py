"""What a replay says of a draft, beside the truth: the same two courses valued at the planted chances, on simulated floors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._matching_floor import outcome_table, request_for, set_stage, with_past_scores
from benchmarks.harness import Figure, Options
from domain.people import Lead
from domain.routing import RoutingPolicy
from domain.values import RepId
from simulation.catalogue import market_names
from simulation.floor import SalesFloor
from tools.matching.affinity import fit_affinity
from tools.matching.arrays import FloatMatrix, IntVector
from tools.matching.batch import Floor
from tools.matching.flow import POOL
from tools.matching.history import judged_leads
from tools.matching.network import build_network
from tools.matching.replay.difference import LEVEL, compare_courses
from tools.matching.replay.period import Arrival, Held, Period
from tools.matching.replay.replaying import plan_course
from tools.matching.replay.totals import Stakes, course_of_reality
from tools.matching.what_if import FloorChange, what_if

DAYS = 28
BATCH = 40
"""Newest leads that the what-if of the present moment hands out."""

_PRESENT = RoutingPolicy()
_LEAD = ("id", "market", "created_at", "source", "region", "language", "timezone", "product_id")
_LEAST_COVERED = 0.7


@dataclass(frozen=True)
class Said:
    """What was said of a draft on one floor, and what is true; in expected wins of the period.

    Attributes:
        draft: Name of the draft.
        value: What the replay says.
        low: Lower end of its interval.
        high: Upper end.
        scaled: What the what-if of the present moment says, scaled to the leads of the period.
        truth: What the same two courses bring at the planted chances.
        moved: Part of the leads in other hands.
    """

    draft: str
    value: float
    low: float
    high: float
    scaled: float
    truth: float
    moved: float


def measure(options: Options) -> list[Figure]:
    """Replay 28 days of each floor under each draft; `--quick` takes 6 floors a market, else 20."""
    n_floors = 6 if options.quick else 20
    said: list[Said] = []
    gained: list[Said] = []
    silent = 0
    for market in market_names():
        for seed in track(range(options.seed, options.seed + n_floors), description=f"replay, {market}"):
            period, truth = _period(market, seed)
            silent += period.floor.model.no_signal is not None
            said += _ask(period, truth, seed)
            gained.append(_beside_reality(period, truth, seed))
    data = f"{3 * n_floors} floors, {DAYS} days, {len(said)} drafts, wins of a period"
    figures = [*_beside_peers(said, data), Figure(f"floors on which history told nothing ({data})", float(silent))]
    figures += _of_draft(gained[0].draft, gained)
    for draft in dict.fromkeys(each.draft for each in said):
        figures += _of_draft(draft, [each for each in said if each.draft == draft])
    return figures


def _beside_peers(said: list[Said], data: str) -> list[Figure]:
    ours, scaled, truth = (np.array([getattr(s, name) for s in said]) for name in ("value", "scaled", "truth"))
    error, nothing = float(np.abs(ours - truth).mean()), float(np.abs(truth).mean())
    covered = _covered(said)
    return [
        Figure(
            f"mean absolute error of the difference ({data})", error, "wins", "no difference", nothing,
            bar="less", holds=error < nothing,
        ),
        Figure(
            f"the same beside the present moment ({data})", error, "wins", "its what-if, scaled",
            float(np.abs(scaled - truth).mean()), bar="less", holds=error < float(np.abs(scaled - truth).mean()),
        ),
        Figure(
            f"correlation with the true difference ({data})", float(np.corrcoef(ours, truth)[0, 1]),
            peer="what-if of the present moment", peer_value=float(np.corrcoef(scaled, truth)[0, 1]),
        ),
        Figure(
            f"true difference per promised one; 1 is right ({data})", float(ours @ truth / (ours @ ours)),
        ),
        Figure(
            f"{LEVEL:.0%} intervals that hold the truth ({data})", covered, bar=f"at least {_LEAST_COVERED:.0%}",
            holds=covered >= _LEAST_COVERED,
        ),
    ]  # fmt: skip


def _of_draft(draft: str, said: list[Said]) -> list[Figure]:
    value, truth = (np.array([getattr(s, name) for s in said]) for name in ("value", "truth"))
    width = float(np.mean([s.high - s.low for s in said]))
    moved = float(np.mean([s.moved for s in said]))
    return [
        Figure(f"{draft}: mean difference promised", float(value.mean()), "wins", "true", float(truth.mean())),
        Figure(
            f"{draft}: mean absolute error ({moved:.0%} of the leads move)", float(np.abs(value - truth).mean()), "wins",
            "no difference", float(np.abs(truth).mean()),
        ),
        Figure(f"{draft}: {LEVEL:.0%} intervals that hold the truth (mean width {width:.1f} wins)", _covered(said)),
    ]  # fmt: skip


def _covered(said: list[Said]) -> float:
    return float(np.mean([s.low - 1e-9 <= s.truth <= s.high + 1e-9 for s in said]))


def _ask(period: Period, truth: FloatMatrix, seed: int) -> list[Said]:
    """Ask about each draft, and value both courses at the planted chances."""
    present = plan_course(period, FloorChange(), _PRESENT).rep
    stakes = Stakes.of(period)
    found = []
    for name, change in _drafts(period, present).items():
        draft = plan_course(period, change, _PRESENT).rep
        wins, _ = compare_courses(stakes, present, draft, rng=np.random.default_rng([seed, 3]))
        true = _wins(truth, draft) - _wins(truth, present)
        moved = float((draft != present).mean())
        found.append(Said(name, wins.value, wins.low, wins.high, _scaled(period, change), true, moved))
    return found


def _beside_reality(period: Period, truth: FloatMatrix, seed: int) -> Said:
    """Compare the present rules with what really was: round-robin, now and then against the rules."""
    present, real = plan_course(period, FloorChange(), _PRESENT).rep, course_of_reality(period).rep
    wins, _ = compare_courses(Stakes.of(period), real, present, rng=np.random.default_rng([seed, 4]))
    true = _wins(truth, present) - _wins(truth, real)
    moved = float((present != real).mean())
    return Said("present rules over what really was", wins.value, wins.low, wins.high, 0.0, true, moved)


def _drafts(period: Period, present: IntVector) -> Mapping[str, FloorChange]:
    """Return the changes that are tried; who leaves is who would get most leads."""
    reps = period.floor.reps
    busiest = reps[int(np.bincount(present[present != POOL], minlength=len(reps)).argmax())].id
    return {
        "fairness 0": FloorChange(policy=_PRESENT.model_copy(update={"fairness": 0.0})),
        "fairness 0.4": FloorChange(policy=_PRESENT.model_copy(update={"fairness": 0.4})),
        "the busiest rep leaves": FloorChange(leave=frozenset({busiest})),
        "capacities halved": FloorChange(capacity={rep.id: -(rep.capacity // 2) for rep in reps}),
    }


def _scaled(period: Period, change: FloorChange) -> float:
    """Hand the newest leads out as the floor is at the end of the period, and scale the difference to all of them."""
    batch = sorted(period.arrivals, key=lambda each: each.at)[-BATCH:]
    newest = {each.id for each in batch}
    load = {rep.id: 0 for rep in period.floor.reps}
    still_there = [
        *(held.rep_id for held in period.held if held.until is None),
        *(a.rep_id for a in period.arrivals if a.stays is None and a.rep_id is not None and a.id not in newest),
    ]
    for rep_id in still_there:
        load[rep_id] += 1
    floor = replace(period.floor, open_leads=load)
    requests = [request_for(each.lead, each.p_convert) for each in batch]
    found = what_if(requests, floor, change, _PRESENT, period.until)
    return (found.after.expected_wins - found.before.expected_wins) * len(period.arrivals) / len(batch)


def _wins(truth: FloatMatrix, rep: IntVector) -> float:
    served = np.flatnonzero(rep != POOL)
    return float(truth[served, rep[served]].sum())


def _period(market: str, seed: int) -> tuple[Period, FloatMatrix]:
    """Return the last 28 days before a moment of a simulated floor, and the planted chances of all pairs."""
    stage = set_stage(market, seed)
    simulated, until = stage.simulated, stage.now
    since = until - timedelta(days=DAYS)
    scored = dict(with_past_scores(stage, seed).select("lead_id", "p_base").iter_rows())
    past = outcome_table(simulated, since)
    past = past.with_columns(p_base=pl.Series([scored[lead_id] for lead_id in past["lead_id"]]))
    judged = judged_leads(past, now=since)
    model = fit_affinity(judged, stage.reps, rng=np.random.default_rng(seed))
    rows = _log(simulated, stage.outcomes).filter(pl.col("first_at").is_not_null() & (pl.col("first_at") < until))
    period = Period(
        market=stage.reps[0].market,
        since=since,
        until=until,
        floor=Floor(stage.reps, stage.products, {}, model, build_network(judged, model)),
        arrivals=[
            _arrival(row, scored[row["lead_id"]]) for row in rows.filter(pl.col("created_at") >= since).to_dicts()
        ],
        held=[
            Held(RepId(rep_id), ended)
            for rep_id, ended in rows.filter(
                (pl.col("first_at") < since) & (pl.col("outcome_at").is_null() | (pl.col("outcome_at") > since))
            )
            .select("rep_id", "outcome_at")
            .iter_rows()
        ],
    )
    ids = [each.id for each in period.arrivals for _ in stage.reps]
    reps = [rep.id for _ in period.arrivals for rep in stage.reps]
    return period, simulated.truth.p_convert(ids, reps).reshape(len(period.arrivals), len(stage.reps))


def _log(simulated: SalesFloor, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Put beside each lead of a table of outcomes when it got its first rep, and its fields."""
    given = simulated.assignments.drop_nulls("rep_id").group_by("lead_id").agg(first_at=pl.col("at").min())
    facts = simulated.leads.select(pl.col("id").alias("lead_id"), "market", "language", "timezone")
    return outcomes.join(given, on="lead_id", how="left").join(facts, on="lead_id", how="left").sort("created_at")


def _arrival(row: Mapping[str, Any], p_convert: float) -> Arrival:
    ended, begin = row["outcome_at"], row["first_at"]
    return Arrival(
        lead=Lead(**{name: row["lead_id" if name == "id" else name] for name in _LEAD}),
        at=row["created_at"],
        p_convert=p_convert,
        stays=None if ended is None else ended - begin,
        rep_id=row["rep_id"],
        given_at=begin,
        won=None if ended is None else row["outcome"] == "won",
    )
