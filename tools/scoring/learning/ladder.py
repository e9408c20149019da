"""Chooses the rung that the evidence supports, and says how many labels the next one lacks. Pure: no clock, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.scores import Rung
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.calibration import Method, align_folds, fit_calibrator
from tools.scoring.evidence import SIGNAL_LEVEL, RungEvidence, Sufficiency, no_signal_statement

MIN_MINORITY = 50
"""Leads of the rarer result without which nothing can be proved: the interval of the AUC is then some 0.3 wide."""

MIN_ROWS_FOR_TREES = 200

OPEN_AUC = 0.7
"""While the best AUC may still be as high as this, too little was seen to say that there is no signal: the Bayesian
rung, which its prior holds near the rules, answers and says that it is not proved."""

ORDER = (Rung.RULES, Rung.LINEAR, Rung.GBM, Rung.STACK)


@dataclass(frozen=True)
class Choice:
    """Which rung answers and why.

    Attributes:
        rung: The rung.
        why: In words, with the numbers.
        candidates: What was compared.
        no_signal: Why every lead gets the base rate, if so.
        gain: Mean log loss saved by the rung after the chosen one, and its standard error; None where none was tried.
    """

    rung: Rung
    why: str
    candidates: tuple[RungEvidence, ...]
    no_signal: str | None
    gain: tuple[float, float] | None


def rungs_to_try(n_rows: int, n_columns: int) -> tuple[Rung, ...]:
    """Return the rungs that so many rows and columns allow, the lowest first."""
    if not n_columns:
        return ORDER[:1]
    return ORDER if n_rows >= MIN_ROWS_FOR_TREES else ORDER[:2]


def choose_rung(scores: Mapping[Rung, FloatVector], labels: BoolVector, strata: IntVector) -> Choice:
    """Compare rungs on rows that none of them has seen.

    A rung whose AUC interval contains 0.5 is out. Among the others a higher rung replaces a lower one only when its log
    loss is lower by more than a standard error of the paired difference.

    Args:
        scores: Log-odds by rung, the lowest first, each of shape (n_rows,).
        labels: Shape (n_rows,).
        strata: Shape (n_rows,). Fold of each row where folds follow each other in time; zeros otherwise.
    """
    # Drift of a fold's level is left out of the comparison: recalibration mends it for every rung alike.
    losses = {rung: _loss(align_folds(score, labels, strata), labels) for rung, score in scores.items()}
    candidates = tuple(_judge(rung, score, losses[rung], labels, strata) for rung, score in scores.items())
    usable = [candidate.rung for candidate in candidates if candidate.has_signal]
    if not usable:
        return _unproven(candidates, losses, len(labels))
    chosen, why = usable[0], f"{usable[0]}: the simplest rung that ranks better than chance"
    missed: tuple[float, float] | None = None
    for rival in usable[1:]:
        gain, error = paired_gain(losses[chosen], losses[rival])
        if gain > error:
            why = f"{rival}: log loss lower than {chosen}'s by {gain:.4f} (standard error {error:.4f})"
            chosen, missed = rival, None
        elif missed is None:
            missed = gain, error
    return Choice(chosen, why, candidates, None, missed)


def paired_gain(losses: FloatVector, rival: FloatVector) -> tuple[float, float]:
    """Return the mean of what a rival saves per row, and its standard error."""
    gain = losses - rival
    return float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))


def sufficiency(choice: Choice, minority: int, n_rows: int) -> Sufficiency:
    """Say how many labels there are and how many the next rung lacks."""
    place = ORDER.index(choice.rung)
    following = ORDER[place + 1] if place + 1 < len(ORDER) else None
    said = f"{minority} labelled leads of the rarer result"
    if choice.no_signal is not None:
        return Sufficiency(
            rung=choice.rung, minority=minority, next_rung=following, more=None,
            why=f"{said} are enough to see that nothing known of a lead tells winners from others",
        )  # fmt: skip
    if following is None:
        return Sufficiency(rung=choice.rung, minority=minority, next_rung=None, more=0, why=f"{said}: the last rung")
    if following is not Rung.LINEAR and n_rows < MIN_ROWS_FOR_TREES:
        lacking = max(MIN_MINORITY - minority, 1 + (MIN_ROWS_FOR_TREES - n_rows) * max(minority, 1) // max(n_rows, 1))
        why = f"{said} in {n_rows}; {following} is tried from {MIN_ROWS_FOR_TREES} leads, {MIN_MINORITY} of them"
        return Sufficiency(rung=choice.rung, minority=minority, next_rung=following, more=lacking, why=why)
    if minority < MIN_MINORITY:
        more = 1 if following is Rung.LINEAR and minority == 0 else MIN_MINORITY - minority
        why = f"{said}; {MIN_MINORITY} are needed to prove that {following} is better"
        return Sufficiency(rung=choice.rung, minority=minority, next_rung=following, more=more, why=why)
    return _tried(choice, minority, following, said)


def _tried(choice: Choice, minority: int, following: Rung, said: str) -> Sufficiency:
    """Say what the test of the next rung showed: a gain within noise shrinks in noise as the root of the labels."""
    gain, error = choice.gain or (0.0, 0.0)
    if gain <= 0:
        why = f"{said}; {following} was tried and is no better, and more labels need not change that"
        return Sufficiency(rung=choice.rung, minority=minority, next_rung=following, more=None, why=why)
    more = max(1, round(minority * ((error / gain) ** 2 - 1)))
    why = f"{said}; {following} saved {gain:.4f} of log loss, within noise ({error:.4f})"
    return Sufficiency(rung=choice.rung, minority=minority, next_rung=following, more=more, why=why)


def _unproven(candidates: tuple[RungEvidence, ...], losses: Mapping[Rung, FloatVector], n_rows: int) -> Choice:
    highest = max(candidate.auc_high for candidate in candidates)
    if highest < OPEN_AUC or Rung.LINEAR not in losses:
        why = "no rung ranks better than chance"
        return Choice(candidates[0].rung, why, candidates, no_signal_statement(candidates, n_rows), None)
    gain, error = paired_gain(losses[Rung.RULES], losses[Rung.LINEAR])
    rung = Rung.LINEAR if gain > 0 else Rung.RULES
    why = (
        f"{rung}: not proved. {n_rows} leads are too few to tell a signal from none, and the AUC may be as high as "
        f"{highest:.2f}; of rules and linear the one with the lower log loss answers"
    )
    return Choice(rung, why, candidates, None, (gain, error) if rung is Rung.RULES else None)


def _judge(rung: Rung, scores: FloatVector, losses: FloatVector, labels: BoolVector, strata: IntVector) -> RungEvidence:
    auc = metrics.auc_interval(scores, labels, strata=strata, level=SIGNAL_LEVEL)
    area, low, high = (auc.value, auc.low, auc.high) if auc else (0.5, 0.0, 1.0)
    return RungEvidence(rung=rung, auc=area, auc_low=low, auc_high=high, log_loss=float(losses.mean()))


def _loss(scores: FloatVector, labels: BoolVector) -> FloatVector:
    """Log loss per row after a sigmoid map: rungs are compared on what they know, not on their scale."""
    return metrics.log_losses(fit_calibrator(Method.SIGMOID, scores, labels)(scores), labels)
