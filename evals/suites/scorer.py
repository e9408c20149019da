"""Is the scorer right on leads that came later? Judged by what happened, and by the planted truth."""

import asyncio
import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from domain.scores import LeadScore
from evals.results import Bar, Better, Case, Metric
from evals.testbed import Testbed
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.facts import read_many
from tools.scoring.metrics import auc_interval, average_precision, brier_score, expected_calibration_error
from tools.scoring.registry import FileModelRegistry
from tools.scoring.scores import answer_all, make_scores
from tools.scoring.serving.shelf import ServedModel

_WINDOW = timedelta(days=90)
_AGE = timedelta(days=7)
_TEST = timedelta(days=247)
_AUC_GAP, _ECE = 0.03, 0.03


async def run_scorer(testbed: Testbed) -> tuple[tuple[Metric, ...], tuple[Case, ...]]:
    """Train on the past, score a later time window a week after each lead's creation, and compare with its ends."""
    leads = _later_leads(testbed)
    if leads["won"].n_unique() < 2:  # noqa: PLR2004 - both classes
        return (Metric(name="AUC on a later window", value=None, n=0, unmeasured=leads.height, bar=Bar(value=0.5)),), ()
    cut = leads["created_at"].min()
    assert isinstance(cut, datetime)
    scores = await _scored(testbed, leads, cut)
    known = leads.join(
        pl.DataFrame({"lead_id": list(scores), "p": [s.p_convert for s in scores.values()]}), on="lead_id"
    )
    won, p = known["won"].to_numpy(), known["p"].to_numpy()
    truth = np.asarray(testbed.floor.truth.p_convert(known["lead_id"].to_list()), dtype=np.float64)
    adding = max(
        abs(s.base_points + sum(r.points for r in s.reasons) + s.other_points - s.points) for s in scores.values()
    )
    return compare(p, won, truth, adding=adding), ()


def compare(p: FloatVector, won: BoolVector, truth: FloatVector, *, adding: float) -> tuple[Metric, ...]:
    """Compare probabilities with what happened, and with the best possible ones. Pure.

    Args:
        p: Shape (n_leads,). Probabilities of the scorer.
        won: Shape (n_leads,). What happened; both ends must occur.
        truth: Shape (n_leads,). Planted probabilities.
        adding: Points by which the worst explanation misses its score.
    """
    n, best, ours = len(p), _auc(truth, won), _auc(p, won)
    return (
        Metric(name="AUC behind the best possible", value=best - ours, n=n, bar=Bar(value=_AUC_GAP, better=Better.LOWER), note=f"{ours:.3f} against {best:.3f} of the planted probabilities, on leads after the training data"),
        Metric(name="AUC", value=ours, n=n, baseline=best, baseline_name="best possible"),
        Metric(name="calibration error (ECE)", value=expected_calibration_error(p, won), n=n, bar=Bar(value=_ECE, better=Better.LOWER), baseline=expected_calibration_error(truth, won), baseline_name="planted"),
        Metric(name="Brier score", value=brier_score(p, won), n=n, baseline=brier_score(np.full(n, won.mean()), won), baseline_name="base rate"),
        Metric(name="average precision", value=average_precision(p, won), n=n, baseline=float(won.mean()), baseline_name="base rate"),
        Metric(name="points that do not add up", value=adding, n=n, bar=Bar(value=1e-6, better=Better.LOWER), unit="points"),
    )  # fmt: skip


def _auc(p: FloatVector, won: BoolVector) -> float:
    interval = auc_interval(p, won)
    assert interval is not None
    return interval.value


def _later_leads(testbed: Testbed) -> pl.DataFrame:
    """Return the leads of the last window whose end is known and that were still open a week after creation."""
    floor = testbed.floor
    end = floor.end
    ended = (
        floor.outcomes.select(lead_id="lead_id", kind="kind", ended_at="at")
        .sort("ended_at")
        .unique("lead_id", keep="first")
    )
    leads = floor.leads.select(lead_id="id", created_at="created_at").join(ended, on="lead_id", how="left")
    as_of = pl.col("created_at") + _AGE
    return (
        leads.with_columns(as_of=as_of)
        .filter(pl.col("created_at").is_between(end - _TEST, end - _WINDOW - _AGE))
        .filter(pl.col("ended_at").is_null() | (pl.col("ended_at") > pl.col("as_of")))
        .with_columns(
            won=((pl.col("kind") == "won") & (pl.col("ended_at") <= pl.col("as_of") + _WINDOW)).fill_null(value=False)
        )
    )


async def _scored(testbed: Testbed, leads: pl.DataFrame, cut: datetime) -> dict[str, LeadScore]:
    """Train as if it were the moment `cut`, in a registry of its own, and score the later leads."""
    market, tools = testbed.tools.known_market(None), testbed.tools
    with TemporaryDirectory(prefix="leadline-eval-") as folder:
        registry = FileModelRegistry(Path(folder))
        await dataclasses.replace(tools.trainer, registry=registry).train_model(market, now=cut)
        published = registry.current(market)
        assert published is not None
        served = ServedModel.of(published)
        history = await tools.records.history.known_before(leads.select("lead_id", "as_of"))
        facts, matrix = await asyncio.to_thread(read_many, history, served)
        answers = await asyncio.to_thread(answer_all, served, matrix)
        scores = make_scores(facts, answers, served, served.model, costs=tools.scorer.costs, previous={})
    return {score.lead_id: score for score in scores}
