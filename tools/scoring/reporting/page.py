"""Puts a model card on one page that a browser shows without any other file. Describes; decides nothing."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from tools.scoring.card import ModelCard, flat, origin_of
from tools.scoring.features import describe
from tools.scoring.guarding.drift import DriftReport
from tools.scoring.guarding.findings import Severity
from tools.scoring.guarding.importance import ImportanceReport, shares_by_group
from tools.scoring.reporting.curves import Points
from tools.scoring.reporting.plots import plots_of, reasons_plot
from tools.scoring.reporting.summary import RUNG_WORDS, headline, sentences

MOST_REASONS = 12
_ROWS_OF_A_TABLE = 10

_SEVERITY_WORDS = {
    Severity.LEAK: "knows the outcome",
    Severity.USELESS: "says nothing",
    Severity.UNWANTED: "not wanted",
}
_MEASURE_WORDS = {
    "auc": "AUC: how well scores rank",
    "average_precision": "average precision (area under precision and recall)",
    "brier": "Brier score: mean squared error of the probabilities",
    "log_loss": "log loss",
    "precision_at_20": "share converted in the top 20 %",
    "precision_at_20_ceiling": "the most that any ranking could reach there",
    "lift_20": "lift: top 20 % over the rest",
    "ece": "calibration error",
    "ece_if_perfect": "calibration error of a perfect model, by chance",
    "base_rate": "share converted of all",
    "majority_class_rate": "accuracy of always saying the same",
}


def to_html(card: ModelCard, *, drift: DriftReport | None = None, shifts: ImportanceReport | None = None) -> str:
    """Write the page: plain words first, then plots with the numbers as tables, then how the model was made.

    The page needs no script and no other file. The same card gives the same text.

    Args:
        card: The model card; the plots of predictions need its `curves`.
        drift: How later leads differ from those of the training, if that was looked at.
        shifts: How importance moved since the version before, if there was one.
    """
    reasons = _reasons(card.evidence.importance)
    plots = plots_of(card.curves) if card.curves and not card.no_signal else {}
    if reasons and not card.no_signal:
        plots["reasons"] = reasons_plot([(reason["label"], reason["share"]) for reason in reasons])
    return str(
        _environment()
        .get_template("card.html.j2")
        .render(
            card=card,
            headline=headline(card),
            sentences=sentences(card),
            origin=origin_of(card),
            plots=plots,
            samples={name: _sample(getattr(card.curves, name)) for name in ("gain", "pr", "roc")}
            if card.curves
            else {},
            reasons=reasons,
            measure_words=_MEASURE_WORDS,
            rung_words=RUNG_WORDS,
            severity_words=_SEVERITY_WORDS,
            labels={name: describe(name).label for name in _named_columns(card, drift)},
            worth=flat(card.worth or {}),
            drift=drift,
            shifts=shifts,
        )
    )


def _sample(points: Points) -> Points:
    """Take a table's worth of points, evenly along the curve, both ends among them."""
    last = len(points) - 1
    return tuple(points[round(i * last / _ROWS_OF_A_TABLE)] for i in range(_ROWS_OF_A_TABLE + 1)) if last else points


def _reasons(importance: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the largest groups with their share, their words, and the features in them."""
    shares = shares_by_group(importance)
    members: dict[str, list[str]] = {group: [] for group in shares}
    for name in sorted(importance, key=lambda name: (-importance[name], name)):
        members[describe(name).group].append(name)
    listed = list(shares.items())[:MOST_REASONS]
    words: list[dict[str, Any]] = []
    taken: set[str] = set()
    for group, share in listed:
        label = describe(members[group][0]).label
        label = label if label not in taken else f"{label} ({group})"
        taken.add(label)
        words.append({"label": label, "share": share, "features": [describe(name).label for name in members[group]]})
    return words


def _named_columns(card: ModelCard, drift: DriftReport | None) -> list[str]:
    names = [feature.name for feature in card.features]
    names += [found.column for found in card.guard.findings] if card.guard else []
    names += [left.name for left in card.left_out]
    return names + ([column.name for column in drift.columns] if drift else [])


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("tools.scoring.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
