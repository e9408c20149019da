"""The model card: what a model was trained on, how well it does, and why this one. Describes; decides nothing."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from domain.scores import Rung
from domain.values import Instant, Market, Value
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.evidence import SIGNAL_LEVEL, Evidence
from tools.scoring.features import describe
from tools.scoring.guarding.findings import GuardReport
from tools.scoring.guarding.measures import HALF, AtThreshold, at_threshold
from tools.scoring.leakage import LeakyField
from tools.scoring.model import BaseRate, TrainedModel
from tools.scoring.reporting.curves import Curves, curves_of


class CardFeature(Value):
    """A feature that the model reads."""

    name: str
    kind: str
    unit: str
    formula: str
    actionable: bool
    importance: float = Field(description="Mean absolute log-odds over a sample of the training rows.")


class ModelCard(Value):
    """Everything a reader needs to trust a model, or not to."""

    market: Market
    version: str
    trained_at: Instant
    data_from: Instant | None
    data_to: Instant | None
    leads: int = Field(description="Leads of the market, with or without a known outcome.")
    censored: int = Field(description="Scoring moments left out because their outcome window is not over.")
    label: str
    rung: Rung
    no_signal: str | None
    base_rate: BaseRate
    evidence: Evidence
    interval: str
    features: tuple[CardFeature, ...]
    left_out: tuple[LeakyField, ...] = Field(default=(), description="Fields that know the end of a lead.")
    guard: GuardReport | None = Field(default=None, description="Everything that the leakage guard found.")
    curves: Curves | None = Field(default=None, description="Of the out-of-fold predictions.")
    at_thresholds: tuple[AtThreshold, ...] = Field(default=(), description="Hits and errors, out of fold.")
    worth: dict[str, Any] | None = Field(default=None, description="What was measured of deal value and days to close.")
    recalibration: tuple[str, ...] = Field(default=(), description="How the level was moved since the training.")
    promotion: str | None = Field(default=None, description="Why this version was let serve, or was not.")
    versions: dict[str, str]
    seed: int


def card_features(model: TrainedModel) -> tuple[CardFeature, ...]:
    """List the features of a model, the most important first."""
    listed = [
        CardFeature(
            name=column.name,
            kind=column.kind,
            unit=describe(column.name).unit,
            formula=describe(column.name).formula,
            actionable=describe(column.name).actionable,
            importance=model.evidence.importance.get(column.name, 0.0),
        )
        for column in model.schema.columns
    ]
    return tuple(sorted(listed, key=lambda feature: (-feature.importance, feature.name)))


def with_predictions(
    card: ModelCard, p: FloatVector, labels: BoolVector, *, thresholds: Sequence[float] = (HALF,)
) -> ModelCard:
    """Add what only out-of-fold predictions show: the curves, and hits and errors at thresholds.

    Args:
        card: The card.
        p: Shape (n_rows,). Probabilities, each from a model and a map that have not seen the row.
        labels: Shape (n_rows,).
        thresholds: From where on a lead counts as "will convert"; from costs, where there are any.
    """
    rows = tuple(at_threshold(p, labels, threshold=t) for t in sorted(set(thresholds)))
    return card.model_copy(update={"curves": curves_of(p, labels), "at_thresholds": rows})


def to_markdown(card: ModelCard) -> str:
    """Write the card for people."""
    evidence = card.evidence
    lines = [
        f"# Model card: {card.market} {card.version}",
        "",
        origin_of(card),
        "",
        f"- Label: {card.label}",
        f"- Rung: {card.rung}. Why: {evidence.why}",
        f"- Calibration: {evidence.calibration}",
        f"- Interval: {card.interval}",
    ]
    if evidence.sufficiency is not None:
        lines.append(f"- Data: {evidence.sufficiency.why}")
    if card.promotion is not None:
        lines.append(f"- Serving: {card.promotion}")
    lines += [f"- Recalibrated: {note}" for note in card.recalibration]
    if card.no_signal:
        lines += ["", f"**{card.no_signal}**"]
    for title, header, rows in card_tables(card):
        lines += _table(title, header, rows)
    return "\n".join(lines) + "\n"


Table = tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]
"""Title, header and rows."""


def card_tables(card: ModelCard) -> list[Table]:
    """Return the card's tables; those without rows are left to the writer."""
    evidence, guard = card.evidence, card.guard
    tops = card.curves.tops if card.curves else ()
    leaks = tuple((f.name, f.why) for f in card.left_out)
    found = (
        [(f.column, f.severity, f.rule, "kept, as told" if f.kept else "left out", f.why) for f in guard.findings]
        if guard
        else []
    )
    return [
        (
            f"Measured out of fold on {evidence.tested_rows} leads",
            ("measure", "value", "95 % interval"),
            [(m.name, f"{m.value:.4f}", _range(m.low, m.high)) for m in evidence.measures],
        ),
        (
            "Rungs compared",
            ("rung", "AUC", f"{SIGNAL_LEVEL:.1%} interval", "log loss"),
            [(c.rung, f"{c.auc:.4f}", _range(c.auc_low, c.auc_high), f"{c.log_loss:.4f}") for c in evidence.candidates],
        ),
        (
            "Calibration table",
            ("leads", "said", "seen"),
            [(str(b.rows), f"{b.said:.1%}", f"{b.seen:.1%}") for b in evidence.reliability],
        ),
        (
            "The highest-scored leads",
            ("leads", "number", "converted", "95 % interval", "of all conversions"),
            [
                (f"top {t.share:.0%}", str(t.rows), f"{t.converted:.1%}", f"{t.low:.1%} to {t.high:.1%}",
                 f"{t.of_all_won:.0%}")
                for t in tops
            ],
        ),
        (
            "Acting from a threshold on",
            ("threshold", "accuracy", "always saying the same", "precision", "recall", "F1"),
            [
                (f"{t.threshold:.1%}", f"{t.accuracy:.1%}", f"{t.majority_class_rate:.1%}", _share(t.precision),
                 _share(t.recall), _share(t.f1))
                for t in card.at_thresholds
            ],
        ),
        (
            "Segments",
            ("segment", "leads", "converted", "AUC", "95 % interval", "ECE", "ECE if perfect"),
            [
                (f"{s.column} {s.level}", str(s.rows), str(s.won), f"{s.auc:.3f}", _range(s.auc_low, s.auc_high),
                 f"{s.ece:.3f}", f"{s.ece_if_perfect:.3f}")
                for s in evidence.segments
            ],
        ),
        ("Deal value and days to close", ("what", "value"), flat(card.worth or {})),
        (
            "Features",
            ("feature", "kind", "importance", "formula"),
            [(f.name, f.kind, f"{f.importance:.4f}", f.formula) for f in card.features],
        ),
        ("Left out, because they leak", ("field", "why"), leaks),
        ("Found by the leakage guard", ("column", "what", "rule", "done", "why"), found),
        ("Versions", ("what", "version"), sorted(card.versions.items())),
    ]  # fmt: skip


def origin_of(card: ModelCard) -> str:
    """Say when and on what the model was trained."""
    evidence = card.evidence
    return (
        f"Trained at {card.trained_at:%Y-%m-%d %H:%M} UTC on {evidence.rows} leads, {evidence.won} of them converted "
        f"({card.base_rate.value:.1%}), scored between {_day(card.data_from)} and {_day(card.data_to)}. "
        f"{card.censored} leads are left out because their outcome window is not over."
    )


def flat(plain: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Write nested plain values as rows of words and numbers; nulls are left out."""
    rows: list[tuple[str, str]] = []
    for key, value in plain.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, dict):
            rows += flat(value, f"{name}: ")
        elif isinstance(value, list | tuple):
            rows += flat({str(i + 1): item for i, item in enumerate(value)}, f"{name} ")
        elif value is not None:
            rows.append((name, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return rows


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    body = [
        f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (header, ("---",) * len(header), *rows)
    ]
    return ["", f"## {title}", "", *body]


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} to {high:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _day(moment: Instant | None) -> str:
    return "?" if moment is None else f"{moment:%Y-%m-%d}"
