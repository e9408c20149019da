"""Measures explanations: points that add up, their speed, how many lies the checker catches, and its false alarms."""

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks._explained_floor import ExplainedFloor, explained_floor, scores_of
from benchmarks._explanation_lies import LIES, Rng, facts_to_tell, render
from benchmarks._explanation_paraphrases import VOICES, Voice
from benchmarks.harness import Figure, Options
from domain.scores import LeadScore
from tools.scoring.dataset import encode
from tools.scoring.explaining.checking import check_explanation
from tools.scoring.explaining.counterfactuals import find_counterfactuals, plausible_bounds
from tools.scoring.explaining.sentences import write_sentence
from tools.scoring.features import Unit, describe
from tools.scoring.model import TrainedModel
from tools.scoring.reasons import points_by_feature, reason_plan
from tools.scoring.table import build_features

_LIES_OF_A_KIND = 2
CAUGHT_BAR, ALARM_BAR, SUM_BAR, REASONS_BAR_US = 0.95, 0.05, 1e-6, 200.0
_NUMBERS = (Unit.COUNT, Unit.DAYS, Unit.HOURS, Unit.SECONDS, Unit.SHARE, Unit.NUMBER)


def measure(options: Options) -> list[Figure]:
    """Measure everything on simulated floors."""
    markets = ("insurance_partners",) if options.quick else ("insurance_partners", "roofing", "real_estate")
    n_leads = 3_000 if options.quick else 8_000
    floors = {market: explained_floor(market, n_leads=n_leads, seed=options.seed) for market in markets}
    figures = _sums(floors) + _speed(next(iter(floors.values()))) + _sense(floors)
    scores = _scores(floors, 15 if options.quick else 40)
    figures += _texts(scores, options.seed)
    return figures + _counterfactuals(next(iter(floors.values())), 20 if options.quick else 100)


# -- points ------------------------------------------------------------------------------------------------------


def _sums(floors: dict[str, ExplainedFloor]) -> list[Figure]:
    """Largest distance between the score and its parts, over all later and learned leads, by rung."""
    worst: dict[str, float] = {}
    rows: Counter[str] = Counter()
    for floor in floors.values():
        frame = pl.concat([floor.learn, floor.test], how="diagonal")
        for rung, model in floor.models.items():
            prediction = model.predict(frame)
            points = points_by_feature(model.ranker.contributions(prediction.matrix), model.calibrator)
            gap = np.abs(points.base + points.by_feature.sum(axis=1) - 100 * prediction.p).max()
            worst[rung] = max(worst.get(rung, 0.0), float(gap))
            rows[rung] += frame.height
    return [
        Figure(f"points add up: {rung}, {rows[rung]} leads", gap, "points", bar=f"<= {SUM_BAR:g}", holds=gap <= SUM_BAR)
        for rung, gap in worst.items()
    ]


def _speed(floor: ExplainedFloor) -> list[Figure]:
    """One lead's reasons, points and all, beside the TreeSHAP call that they are made from."""
    model = floor.models["gbm"]
    matrix = encode(floor.test.head(1), model.schema)
    values = floor.test.row(0, named=True)
    contributions = model.ranker.contributions(matrix)
    interactions = floor.interactions().get(values["lead_id"], [])
    plan = reason_plan(model.schema.names)

    def explain() -> None:
        points = points_by_feature(contributions, model.calibrator)
        plan.reasons(
            points.by_feature[0],
            values,
            lead_id=values["lead_id"],
            as_of=values["as_of"],
            interactions=interactions,
        )

    def choose() -> None:
        plan.reasons(by_feature, values, lead_id=values["lead_id"], as_of=values["as_of"], interactions=interactions)

    by_feature = points_by_feature(contributions, model.calibrator).by_feature[0]
    shap = _median_us(lambda: model.ranker.contributions(matrix), 200)
    chosen, both = _median_us(choose, 2000), _median_us(explain, 2000)
    name = f"reasons of one lead, {len(model.schema.columns)} columns"
    bar = f"<= {REASONS_BAR_US:g} us"
    return [
        Figure(f"{name}: choose and word", chosen, "us", "LightGBM pred_contrib", shap, bar, chosen <= REASONS_BAR_US),
        Figure(f"{name}: with points through the calibration", both, "us", "LightGBM pred_contrib", shap),
    ]


def _sense(floors: dict[str, ExplainedFloor]) -> list[Figure]:
    """Share of first reasons whose direction is the one that the feature has over all leads, with topics and without.

    A collinear model can give a feature a direction that no reader would understand, made up for by its neighbours.
    """
    figures = []
    for rung in ("linear", "gbm", "stack"):
        ours, alone = [0, 0], [0, 0]
        for floor in floors.values():
            model = floor.models.get(rung)
            if model is not None and model.no_signal is None:
                _count_sense(floor, model, ours, alone)
        if ours[1] and alone[1]:
            name = f"first reason goes with the feature's own trend: {rung}"
            figures.append(Figure(name, ours[0] / ours[1], "", "strongest single column", alone[0] / alone[1]))
    return figures


def _count_sense(floor: ExplainedFloor, model: TrainedModel, ours: list[int], alone: list[int]) -> None:
    prediction = model.predict(floor.test)
    points = points_by_feature(model.ranker.contributions(prediction.matrix), model.calibrator).by_feature
    plan = reason_plan(model.schema.names)
    trends, middles = _trends(prediction.matrix, prediction.p, model)
    for row, parts in zip(prediction.matrix, points, strict=True):
        strongest = plan.strongest(parts, at_most=1)
        if not strongest:
            continue
        total, columns = strongest[0]
        told = columns[int(np.argmax(parts[list(columns)] * np.sign(total)))]
        single = int(np.argmax(np.abs(parts)))
        for column, tally in ((told, ours), (single, alone)):
            expected = trends[column] * (row[column] - middles[column])
            if expected:
                tally[1] += 1
                tally[0] += expected * parts[column] > 0


def _trends(matrix: np.ndarray, p: np.ndarray, model: TrainedModel) -> tuple[list[float], list[float]]:
    """Return per column the direction in which scores go with it (0 where it is none or no number) and its mean."""
    trends, middles = [], []
    for i, name in enumerate(model.schema.names):
        column = matrix[:, i]
        known = np.isfinite(column)
        is_number = describe(name).unit in _NUMBERS and known.sum() > 30 and column[known].std() > 0  # noqa: PLR2004 - fewer say nothing of a trend
        r = float(np.corrcoef(column[known], p[known])[0, 1]) if is_number else 0.0
        trends.append(float(np.sign(r)) if abs(r) > 0.1 else 0.0)  # noqa: PLR2004 - below it there is no trend to speak of
        middles.append(float(column[known].mean()) if known.any() else 0.0)
    return trends, [m if np.isfinite(m) else 0.0 for m in middles]


# -- texts -------------------------------------------------------------------------------------------------------

Explained = tuple[LeadScore, dict[str, object]]


def _scores(floors: dict[str, ExplainedFloor], limit: int) -> list[Explained]:
    scored: list[Explained] = []
    for floor in floors.values():
        rows = {row["lead_id"]: row for row in floor.test.iter_rows(named=True)}
        for model in floor.models.values():
            if model.no_signal is None:
                scored += [(score, rows[score.lead_id]) for score in scores_of(floor, model, limit=limit)]
    return scored


def _texts(scores: list[Explained], seed: int) -> list[Figure]:
    rng = np.random.default_rng(seed)
    alarms = sum(bool(check_explanation(write_sentence(score), score)) for score, _ in scores)
    rate = alarms / len(scores)
    figures = [Figure(f"false alarms on {len(scores)} sentences of our template", rate, bar="0", holds=alarms == 0)]
    for name, voice in VOICES.items():
        figures += _voice(f"{name} voice", voice, scores, rng)
    return figures


def _voice(name: str, voice: Voice, scores: list[Explained], rng: Rng) -> list[Figure]:
    """Tell every score truthfully in every template that fits, and once falsely in each way that a lie can be told."""
    caught: Counter[str] = Counter()
    told: Counter[str] = Counter()
    alarms = n_true = 0
    for score, values in track(scores, description=name):
        facts = facts_to_tell(score, values)
        templates = [template for template in voice.templates if template.n_reasons <= len(facts)]
        for template in templates:
            n_true += 1
            alarms += bool(check_explanation(render(template, voice, facts, score.p_convert, rng), score))
        for kind, lie in LIES.items():
            for index in rng.permutation(len(templates))[:_LIES_OF_A_KIND]:
                text = lie(templates[int(index)], voice, list(facts), score.p_convert, rng)
                if text is not None:
                    told[kind] += 1
                    caught[kind] += bool(check_explanation(text, score))
    n_lies, share, rate = sum(told.values()), sum(caught.values()) / sum(told.values()), alarms / n_true
    kinds = [Figure(f"{name}: caught of {told[kind]} lies, {kind}", caught[kind] / told[kind]) for kind in told]
    return [
        Figure(f"{name}: lies caught of {n_lies}", share, bar=f">= {CAUGHT_BAR}", holds=share >= CAUGHT_BAR),
        Figure(f"{name}: false alarms on {n_true} true texts", rate, bar=f"<= {ALARM_BAR}", holds=rate <= ALARM_BAR),
        *(kinds if voice is VOICES["held out"] else []),
    ]


# -- what would raise it -----------------------------------------------------------------------------------------


def _counterfactuals(floor: ExplainedFloor, n_leads: int) -> list[Figure]:
    model = floor.served
    bounds = plausible_bounds(encode(floor.learn, model.schema), model.schema.names)
    times, helped, gains = [], 0, []
    for row in floor.test.head(n_leads).select("lead_id", "as_of").iter_rows(named=True):
        history = floor.histories.filter(pl.col("lead_id") == row["lead_id"])
        began = time.perf_counter()
        found = find_counterfactuals(
            history,
            features_of=lambda frame: build_features(frame, floor.context),
            predict=model.predict,
            reads=model.schema.names,
            bounds=bounds,
        )
        times.append(1e3 * (time.perf_counter() - began))
        helped += bool(found)
        gains += [one.gain for one in found[:1]]
    gain = float(np.median(gains)) if gains else 0.0
    return [
        Figure(f"what would raise it, {n_leads} leads: one lead", float(np.median(times)), "ms"),
        Figure("what would raise it: share of leads with a proposal", helped / n_leads),
        Figure("what would raise it: median gain of the best", gain, "points"),
    ]


def _median_us(work: Callable[[], object], n: int) -> float:
    times = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1e6 * float(np.median(times))


if __name__ == "__main__":
    from benchmarks.harness import run

    run("_scoring_explanations", measure)
