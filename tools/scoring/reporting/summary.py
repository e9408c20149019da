"""Says in plain words how good a model is. Every number comes from the card. Pure: no clock, no I/O."""

from domain.scores import Rung
from tools.scoring.card import ModelCard
from tools.scoring.evidence import Measure
from tools.scoring.reporting.curves import TopShare

RUNG_WORDS = {
    Rung.RULES: "hand-set rules",
    Rung.LINEAR: "logistic regression",
    Rung.GBM: "boosted trees (LightGBM)",
    Rung.STACK: "a blend of models",
}

_TOP = 0.2
_CLEARLY = 1.5
"""A calibration error this many times that of chance is worth a word."""

_TIE = 0.01


def headline(card: ModelCard) -> str:
    """Say in one sentence what the scores are good for."""
    if card.no_signal:
        return "No signal: the scores do not rank leads."
    top = top_of(card)
    base = _base_rate(card)
    if top is None or base is None:
        return f"Not tested yet: {RUNG_WORDS[card.rung]} answer until enough leads have ended."
    lift = card.curves.lift if card.curves else None
    times = f", {lift.value:.1f} times as many as of the rest" if lift else ""
    return (
        f"Of the 20 % of leads with the highest scores, {in_hundred(top.converted)} in 100 converted{times}; "
        f"of all leads, {in_hundred(base)} in 100."
    )


def sentences(card: ModelCard) -> list[str]:
    """Say what a manager should know, in at most a sentence each, the most important first."""
    if card.no_signal:
        return [card.no_signal]
    said = [_of_the_top(card), _of_ranking(card), _of_probabilities(card), _of_accuracy(card), _of_the_ladder(card)]
    return [sentence for sentence in said if sentence]


def top_of(card: ModelCard, share: float = _TOP) -> TopShare | None:
    """Return the highest-scored fifth, if the predictions were kept."""
    tops = card.curves.tops if card.curves else ()
    return next((top for top in tops if abs(top.share - share) < _TIE), None)


def in_hundred(share: float) -> str:
    """Write a share as so many in a hundred, with a digit after the point below ten."""
    return f"{100 * share:.1f}" if 0 < share < 0.1 else f"{100 * share:.0f}"  # noqa: PLR2004 - where a digit matters


def _of_the_top(card: ModelCard) -> str | None:
    top, ceiling = top_of(card), _named(card, "precision_at_20_ceiling")
    if top is None:
        return None
    reachable = (
        f" Even a perfect ranking could not get more than {in_hundred(ceiling.value)} in 100 there."
        if ceiling and ceiling.value < 1 - _TIE
        else ""
    )
    return (
        f"Whoever works the top 20 % first finds {in_hundred(top.of_all_won)} in 100 of all conversions; the share "
        f"converted among them lies between {in_hundred(top.low)} and {in_hundred(top.high)} in 100 with 95 % "
        f"confidence.{reachable}"
    )


def _of_ranking(card: ModelCard) -> str | None:
    auc = _named(card, "auc")
    if auc is None or auc.low is None or auc.high is None:
        return None
    return (
        f"Of a lead that converts and one that does not, the first has the higher score {in_hundred(auc.value)} times "
        f"in 100 ({in_hundred(auc.low)} to {in_hundred(auc.high)}); tossing a coin is right 50 times."
    )


def _of_probabilities(card: ModelCard) -> str | None:
    ece, perfect = _named(card, "ece"), _named(card, "ece_if_perfect")
    if ece is None or perfect is None:
        return None
    verdict = (
        "So a probability means what it says."
        if ece.value <= _CLEARLY * perfect.value
        else "So the level is off by more than chance: read probabilities with care."
    )
    return (
        f"Probabilities are off by {100 * ece.value:.1f} points on average; on as many leads a perfect model would be "
        f"off by {100 * perfect.value:.1f} by chance alone. {verdict}"
    )


def _of_accuracy(card: ModelCard) -> str | None:
    if not card.at_thresholds:
        return None
    half = min(card.at_thresholds, key=lambda row: abs(row.threshold - 0.5))
    return (
        f"Saying yes from {half.threshold:.0%} on is right for {in_hundred(half.accuracy)} of 100 leads; always saying "
        f"the same is right for {in_hundred(half.majority_class_rate)}. Accuracy alone is no proof."
    )


def _of_the_ladder(card: ModelCard) -> str:
    if card.curves is not None:
        return f"Scores come from {RUNG_WORDS[card.rung]}, chosen by how it did on leads that it had not seen."
    return f"Scores come from {RUNG_WORDS[card.rung]}. {_capital(card.evidence.why)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _base_rate(card: ModelCard) -> float | None:
    if card.curves is not None:
        return card.curves.won / card.curves.rows
    base = _named(card, "base_rate")
    return base.value if base else None


def _named(card: ModelCard, name: str) -> Measure | None:
    return next((found for found in card.evidence.measures if found.name == name), None)
