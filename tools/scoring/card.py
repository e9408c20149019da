"""The model card: what a model was trained on, how well it does, and why this one. Describes; decides nothing."""

from pydantic import Field

from domain.scores import Rung
from domain.values import Instant, Market, Value
from tools.scoring.evidence import SIGNAL_LEVEL, Evidence
from tools.scoring.features import describe
from tools.scoring.leakage import LeakyField
from tools.scoring.model import BaseRate, TrainedModel


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


def to_markdown(card: ModelCard) -> str:
    """Write the card for people."""
    evidence = card.evidence
    lines = [
        f"# Model card: {card.market} {card.version}",
        "",
        _origin(card),
        "",
        f"- Label: {card.label}",
        f"- Rung: {card.rung}. Why: {evidence.why}",
        f"- Calibration: {evidence.calibration}",
        f"- Interval: {card.interval}",
    ]
    if card.no_signal:
        lines += ["", f"**{card.no_signal}**"]
    lines += _table(
        f"Measured out of fold on {evidence.tested_rows} leads",
        ("measure", "value", "95 % interval"),
        [(m.name, f"{m.value:.4f}", _range(m.low, m.high)) for m in evidence.measures],
    )
    lines += _table(
        "Rungs compared",
        ("rung", "AUC", f"{SIGNAL_LEVEL:.1%} interval", "log loss"),
        [(c.rung, f"{c.auc:.4f}", _range(c.auc_low, c.auc_high), f"{c.log_loss:.4f}") for c in evidence.candidates],
    )
    lines += _table(
        "Calibration table",
        ("leads", "said", "seen"),
        [(str(b.rows), f"{b.said:.1%}", f"{b.seen:.1%}") for b in evidence.reliability],
    )
    lines += _table(
        "Features",
        ("feature", "kind", "importance", "formula"),
        [(f.name, f.kind, f"{f.importance:.4f}", f.formula) for f in card.features],
    )
    lines += _table("Left out, because they leak", ("field", "why"), [(f.name, f.why) for f in card.left_out])
    lines += _table("Versions", ("what", "version"), sorted(card.versions.items()))
    return "\n".join(lines) + "\n"


def _origin(card: ModelCard) -> str:
    evidence = card.evidence
    return (
        f"Trained at {card.trained_at:%Y-%m-%d %H:%M} UTC on {evidence.rows} leads, {evidence.won} of them converted "
        f"({card.base_rate.value:.1%}), scored between {_day(card.data_from)} and {_day(card.data_to)}. "
        f"{card.censored} leads are left out because their outcome window is not over."
    )


def _table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    body = [
        f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (header, ("---",) * len(header), *rows)
    ]
    return ["", f"## {title}", "", *body]


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} to {high:.4f}"


def _day(moment: Instant | None) -> str:
    return "?" if moment is None else f"{moment:%Y-%m-%d}"
