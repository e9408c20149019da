"""Does the matcher win more deals than taking turns? Judged by the planted truth."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import polars as pl

from domain.matches import Match
from domain.values import LeadId
from evals.results import Bar, Better, Case, Metric
from evals.scrambled import ScrambledHistory
from evals.testbed import Testbed
from evals.unrecorded import (
    KnownScores,
    NobodyAssigned,
    NobodyWaits,
    UnrecordedDecisions,
    UnrecordedHandOvers,
)
from tools.matching.assignment import assign_leads
from tools.matching.learning import AffinityLearner
from tools.matching.round_robin import assign_in_turn

_BATCH = 250
_GAIN = 0.10
_SHUFFLES, _SILENT = 5, 0.8


async def run_matcher(testbed: Testbed) -> tuple[tuple[Metric, ...], tuple[Case, ...]]:
    """Assign the newest open leads as one batch, and compare true expected conversions with round-robin's."""
    tools, market = testbed.tools, testbed.tools.known_market(None)
    now = tools.clock.now()
    open_leads = (await tools.records.history.open_leads(market, as_of=now)).sort("created_at", descending=True)
    lead_ids = [LeadId(lead_id) for lead_id in open_leads["lead_id"].head(_BATCH)]
    known = set(testbed.floor.leads["id"])
    lead_ids = [lead_id for lead_id in lead_ids if lead_id in known]
    quiet_scorer = dataclasses.replace(tools.scorer, decisions=UnrecordedDecisions())
    scores = {score.lead_id: score for score in await quiet_scorer.batch_score(lead_ids, as_of=now)}
    matcher = dataclasses.replace(
        tools.matcher,
        scorer=KnownScores(scores),
        records=dataclasses.replace(
            tools.records,
            decisions=UnrecordedDecisions(),
            assignments=NobodyAssigned(),
            capacity=UnrecordedHandOvers(),
            pool=NobodyWaits(),
        ),
    )
    matches = await matcher.assign_batch(lead_ids, key="eval")
    reps = await tools.records.reps.in_market(market)
    rep_ids = [rep.id for rep in reps]
    eligible = _eligible(matches, rep_ids)
    truth = _truth(testbed, lead_ids, rep_ids)
    nobody, capacity = np.zeros(len(reps), dtype=np.int64), np.array([rep.capacity for rep in reps])
    in_turn = assign_in_turn(eligible, nobody, capacity)
    oracle = assign_leads(truth, eligible, nobody, capacity).rep
    ours = np.array([rep_ids.index(match.rep_id) if match.rep_id else -1 for match in matches])
    expected, baseline, best = (_expected(truth, chosen) for chosen in (ours, in_turn, oracle))
    silent = await _null_control(testbed)
    loads = np.bincount(ours[ours >= 0], minlength=len(reps))
    broken = sum(match.rep_id in {e.rep_id for e in match.excluded} for match in matches)
    n = len(lead_ids)
    metrics = (
        Metric(
            name="true expected conversions above round-robin",
            value=expected / baseline - 1,
            n=n,
            bar=Bar(value=_GAIN),
            note=f"{expected:.1f} against {baseline:.1f} of {n} leads; an oracle reaches {best:.1f}",
        ),
        Metric(name="part of the oracle's gain", value=(expected - baseline) / (best - baseline), n=n),
        Metric(name="leads given to an excluded rep", value=broken, n=n, bar=Bar(value=0, better=Better.LOWER), unit="leads"),
        Metric(
            name="reps over capacity", value=float((loads > capacity).sum()), n=len(reps), unit="reps",
            bar=Bar(value=0, better=Better.LOWER),
        ),
        Metric(
            name="Gini of workload", value=_gini(loads), n=len(reps),
            baseline=_gini(np.bincount(in_turn[in_turn >= 0], minlength=len(reps))), baseline_name="round-robin",
        ),
        Metric(
            name="no signal claimed where there is none", value=sum(silent) / len(silent), n=len(silent),
            bar=Bar(value=_SILENT), note="null control: the same outcomes with the reps' names shuffled",
        ),
    )  # fmt: skip
    return metrics, ()


async def _null_control(testbed: Testbed) -> list[bool]:
    """Learn from shuffled outcomes and say each time whether the matcher saw that there is nothing to learn."""
    tools, market = testbed.tools, testbed.tools.known_market(None)
    reps = await tools.records.reps.in_market(market)
    lessons = [
        await AffinityLearner(ScrambledHistory(tools.records.history, seed)).learn(market, reps, now=tools.clock.now())
        for seed in range(_SHUFFLES)
    ]
    return [lesson.model.no_signal is not None for lesson in lessons]


def _eligible(matches: tuple[Match, ...], rep_ids: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return np.array([[rep not in {e.rep_id for e in match.excluded} for rep in rep_ids] for match in matches])


def _truth(
    testbed: Testbed, lead_ids: list[LeadId], rep_ids: Sequence[str]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    pairs = pl.DataFrame({"lead": lead_ids}).join(pl.DataFrame({"rep": rep_ids}), how="cross")
    p = testbed.floor.truth.p_convert(pairs["lead"].to_list(), pairs["rep"].to_list())
    return np.asarray(p, dtype=np.float64).reshape(len(lead_ids), len(rep_ids))


def _expected(
    truth: np.ndarray[tuple[int, int], np.dtype[np.float64]], chosen: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> float:
    given = np.flatnonzero(chosen >= 0)
    return float(truth[given, chosen[given]].sum())


def _gini(loads: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Gini coefficient of workload: 0 when all carry the same."""
    ordered = np.sort(loads)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * max(ordered.sum(), 1)))
