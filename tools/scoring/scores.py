"""Puts scores together: probability, reasons, worth, temperature and flags of leads that were read. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.decisions import DecisionKind, decision_id
from domain.scores import LeadScore, Quantiles, Reason, ScoreSource, Temperature
from domain.values import LeadId
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.facts import Facts
from tools.scoring.features import Family
from tools.scoring.model import TrainedModel
from tools.scoring.reasons import Points, points_by_feature, reason_plan, split_points
from tools.scoring.serving.shelf import Prepared, ServedModel
from tools.scoring.temperature import LeadCosts, temperature_of, thresholds
from tools.scoring.worth.model import WorthPrediction, expected_value, risk


@dataclass(frozen=True)
class Answers:
    """What a model says of n_rows leads.

    Attributes:
        p: Shape (n_rows,). Calibrated probability.
        low: Shape (n_rows,). At most `p`.
        high: Shape (n_rows,). At least `p`.
        contributions: Shape (n_rows, n_features + 1), log-odds; None where every lead gets the base rate or reasons
            are not wanted.
        worth: What a win would bring and when; None without a model of it.
    """

    p: FloatVector
    low: FloatVector
    high: FloatVector
    contributions: FloatMatrix | None
    worth: WorthPrediction | None


def answer_all(served: ServedModel, matrix: FloatMatrix, *, with_reasons: bool = True) -> Answers:
    """Answer many rows at once.

    Args:
        served: The version that serves.
        matrix: Shape (n_rows, n_features). Encoded with the model's schema.
        with_reasons: Whether to work out what each feature adds, which takes most of the time.
    """
    model = served.model.compiled.trained
    prediction = model.predict_matrix(matrix)
    explained = with_reasons and model.no_signal is None
    return Answers(
        p=prediction.p,
        low=prediction.low,
        high=prediction.high,
        contributions=model.ranker.contributions(matrix) if explained else None,
        worth=served.worth.predict(matrix) if served.worth else None,
    )


def answer_one(served: ServedModel, prepared: Prepared, row: Sequence[float]) -> Answers:
    """Answer one row by the prepared model, or by the rung below it: the same numbers, without the cost of arrays."""
    score = prepared.compiled.score(row)
    explained = prepared.compiled.trained.no_signal is None
    return Answers(
        p=np.array([score.p]),
        low=np.array([score.low]),
        high=np.array([score.high]),
        contributions=prepared.compiled.contributions(row)[None] if explained else None,
        # A rung below may read other columns than those that worth was learned with.
        worth=served.worth.predict(np.array([row])) if served.worth and prepared is served.model else None,
    )


def make_scores(
    facts: Sequence[Facts],
    answers: Answers,
    served: ServedModel,
    prepared: Prepared,
    *,
    costs: LeadCosts,
    previous: Mapping[LeadId, Temperature],
    source: ScoreSource = ScoreSource.MODEL,
) -> list[LeadScore]:
    """Put the scores of leads together.

    Args:
        facts: Leads as they were read, n_rows.
        answers: What the model says of them, in the same order.
        served: The version that serves.
        prepared: Which of its models answered.
        costs: Decide hot, warm and cold.
        previous: Temperatures before, for the leads that had one.
        source: Where the answers come from.
    """
    model = prepared.compiled.trained
    points = _points(model, answers)
    families = _families(model, answers)
    means = answers.worth.mean_value if answers.worth else None
    deviations = answers.worth.sd_value if answers.worth else None
    brings = None if means is None else expected_value(answers.p, means)
    risks = None if means is None or deviations is None else risk(answers.p, means, deviations)
    plan = reason_plan(model.schema.names)
    typical = served.worth.typical_value if served.worth else None
    made = []
    for i, fact in enumerate(facts):
        p = float(answers.p[i])
        reasons: tuple[Reason, ...] = ()
        if points is not None:
            reasons = plan.reasons(
                points.by_feature[i],
                fact.values,
                lead_id=fact.lead_id,
                as_of=fact.as_of,
                interactions=fact.interactions,
            )
        base = 100 * p if points is None else float(points.base[i])
        relative_value = float(means[i]) / typical if means is not None and typical else 1.0
        limits = thresholds(costs, base_rate=model.base_rate.value, relative_value=relative_value)
        made.append(
            LeadScore(
                lead_id=fact.lead_id,
                p_convert=p,
                p_low=float(answers.low[i]),
                p_high=float(answers.high[i]),
                points=100 * p,
                base_points=base,
                other_points=100 * p - base - sum(reason.points for reason in reasons),
                temperature=temperature_of(p, limits, previous=previous.get(fact.lead_id)),
                expected_value=None if brings is None else float(brings[i]),
                currency=(served.worth.currency if served.worth else None) or "USD",
                deal_value=_quantiles(answers.worth.value if answers.worth else None, i),
                days_to_close=_quantiles(answers.worth.days if answers.worth else None, i),
                risk=None if risks is None else float(risks[i]),
                fit_points=_of_family(families, Family.FIT, i),
                engagement_points=_of_family(families, Family.ENGAGEMENT, i),
                reasons=reasons,
                flags=fact.flags,
                no_signal=model.no_signal,
                abstains=prepared.abstains(fact.row, float(answers.low[i]), float(answers.high[i])),
                source=source,
                rung=model.rung,
                model_version=served.version,
                feature_hash=fact.feature_hash,
                as_of=fact.as_of,
                decision_id=decision_id(
                    DecisionKind.SCORE,
                    fact.lead_id,
                    fact.feature_hash,
                    f"{served.version} {model.rung} {fact.as_of.isoformat()}",
                ),
            )
        )
    return made


def _points(model: TrainedModel, answers: Answers) -> Points | None:
    """Split the scores by feature; None where every lead gets the base rate and a reason would be pretence."""
    if answers.contributions is None:
        return None
    return points_by_feature(answers.contributions, model.calibrator, answers.p)


def _families(model: TrainedModel, answers: Answers) -> dict[str, FloatVector]:
    if answers.contributions is None:
        return {}
    plan = reason_plan(model.schema.names)
    names = [plan.families[number] for number in plan.family_of]
    return split_points(answers.contributions, model.calibrator, names)


def _of_family(families: Mapping[str, FloatVector], family: Family, i: int) -> float | None:
    return float(families[family][i]) if family in families else None


def _quantiles(table: FloatMatrix | None, i: int) -> Quantiles | None:
    if table is None:
        return None
    p10, p50, p90 = table[i].tolist()
    return Quantiles(p10=p10, p50=p50, p90=p90)
