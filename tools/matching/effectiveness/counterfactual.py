"""What others would have won, as values: a part of the report of effectiveness. Measures nothing."""

from pydantic import Field

from domain.values import Value
from tools.matching.effectiveness.statistics import Estimate


class Arm(Value):
    """The leads that one side gave out first."""

    leads: int = Field(description="Given out, open ones too.")
    settled: int = Field(description="Won or lost; only these are compared.")
    wins: int
    reps: int = Field(description="Reps in whose hands they ended.")
    scored: int = Field(description="Settled leads that were scored when nobody had them yet.")


class Beside(Value):
    """A difference of two sides, wins per 100 leads; the error is the one between reps."""

    difference: Estimate
    p_value: float = Field(description="Of no difference, two-sided.")


class ArmComparison(Value):
    """Leads that the matcher gave out first beside those that people or an import gave out first."""

    matcher: Arm
    manual: Arm
    plain: Beside | None = Field(description="Conversions as they are. One side's leads may simply be better.")
    adjusted: Beside | None = Field(
        description="The same with each lead's own chance taken out, over leads scored before anybody had them."
    )
    verdict: str = Field(
        description="`matcher wins more`, `matcher wins fewer`, `no difference seen`, or `not enough`."
    )
    missing: tuple[str, ...] = Field(description="What is missing for a fair comparison, in words.")


class PolicyLine(Value):
    """What one way of handing out would have won, per 100 leads."""

    policy: str = Field(description="`as it was`, `never explore`, or `round-robin`.")
    value: Estimate | None = Field(description="Doubly robust: candidates' chances, put right by the draws of luck.")
    beyond: Estimate | None = Field(description="The same less what was really won, on the same leads.")
    weighted: Estimate | None = Field(description="By weights alone (snips), without the candidates' chances.")
    modelled: float | None = Field(description="What the decisions' own chances promise; no outcome bears it out.")
    support: float | None = Field(description="Part of what it would do that the log bears on: about 1 where on all.")
    effective: float | None = Field(description="Leads that the weights leave.")
    trimmed: int = Field(description="Leads whose weight was cut to the greatest allowed.")
    why: str = Field(description="Why there is no estimate; empty where there is one.")


class PolicyReport(Value):
    """What other ways of handing out would have won, told from the log of the matcher's own choices."""

    settled: int = Field(description="Leads that the matcher gave out with a recorded propensity and that ended.")
    unlogged: int = Field(description="Such leads without a propensity; left out.")
    draws: int = Field(description="Moments of decision; leads of one batch share one draw of luck.")
    open_to_chance: int = Field(description="Leads that another draw of luck might have given to somebody else.")
    most_weight: float = Field(description="Greatest weight of a lead; greater ones are cut to it.")
    cut_lists: int = Field(
        description="Decisions that list as many candidates as they can; more may have been allowed."
    )
    policies: tuple[PolicyLine, ...]


class RepUplift(Value):
    """What was won because a rep had leads, and not the average candidate."""

    key: str
    name: str
    settled: int = Field(description="Leads that ended in his hands, of those with recorded candidates.")
    wins: int
    expected_wins: float = Field(description="What the average listed candidate would have won of the same leads.")
    above_expected: Estimate = Field(description="Wins less expected wins, as counted.")
    added_wins: Estimate = Field(description="Wins because of him, shrunk by how thin data are. Ranked by it.")
    added_per_100: Estimate = Field(description="The same per 100 of his leads.")
    drawn_per_100: Estimate | None = Field(
        description="What he would add per 100 of all leads that he could have had, by the draws of luck; not shrunk."
    )
    drawn_support: float | None = Field(description="Part of that which the log bears on.")
    verdict: str = Field(description="`adds`, `costs`, `no more than chance`, or `not enough`.")


class OthersReport(Value):
    """What others would have won: people instead of the matcher, other rules, the average candidate."""

    comparison: ArmComparison
    policies: PolicyReport
    uplift: tuple[RepUplift, ...] = Field(description="Most wins added first.")
    uplift_spread: float = Field(
        description="Standard deviation between reps, log-odds, beyond what decisions thought of them."
    )
    belief: Estimate | None = Field(
        description="How far outcomes bear out what decisions thought of reps: 1 as thought, 0 not at all."
    )
    summary: tuple[str, ...]
