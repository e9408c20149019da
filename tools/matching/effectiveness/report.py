"""The report of effectiveness as values. Measures nothing."""

from pydantic import Field

from domain.values import Instant, Market, Value
from tools.matching.effectiveness.counterfactual import OthersReport
from tools.matching.effectiveness.statistics import Estimate


class GroupLine(Value):
    """What became of the leads of one rep, product, region, source or language."""

    key: str
    name: str
    leads: int = Field(description="Created in the period, open ones too.")
    settled: int = Field(description="Won or lost; only these are judged.")
    wins: int
    conversion: Estimate | None = Field(description="Wins of settled leads; Wilson's interval.")
    expected_wins: float = Field(description="What the leads' own scores promised, levelled to the whole market.")
    above_expected: Estimate = Field(description="Wins less expected wins; 0 within it means no more than chance.")
    added_per_100: Estimate = Field(description="Wins added per 100 such leads, shrunk towards 0 by how thin data are.")
    verdict: str = Field(description="`better`, `worse`, `as expected`, or `not enough`.")
    hours_to_first_contact: float | None = Field(description="Mean from arrival to the first contact by a rep.")
    contacted: int = Field(description="Leads with a contact on record.")


class RepLine(GroupLine):
    """The same for a rep, with what he was given and what he declined."""

    active: bool
    offered: int = Field(description="Matches that the matcher made for him.")
    rejected: dict[str, int] = Field(description="Leads declined, by reason.")
    accepted: Estimate | None = Field(description="Part of the leads offered that he did not decline.")
    expected_value: float = Field(description="Sum of probability times mean deal value over his leads.")


class Strength(Value):
    """A rep does better or worse on one product than his other leads suggest."""

    rep_id: str
    product_id: str
    settled: int
    added_per_100: Estimate


class Equality(Value):
    """How evenly leads and their expected value lie over the active reps, in [0, 1]; 0 is even."""

    reps: int
    leads_gini: float | None
    expected_value_gini: float | None


class GroupTreatment(Value):
    """Whether one group of leads is sent to weaker reps than the others are."""

    column: str
    group: str
    leads: int
    rep_effect: Estimate = Field(description="Mean effect of its reps less that of the others', in log-odds.")
    verdict: str = Field(description="`weaker reps`, `stronger reps`, `no difference seen`, or `not enough`.")


class Regret(Value):
    """What the matcher's choices were worth beside the best choice for each lead alone."""

    matches: int
    part_of_best: float | None = Field(
        description="Utility of the chosen reps over that of the best ones; capacity and fairness cost the rest."
    )
    given_to_best: float | None = Field(description="Part of the leads that got the best rep considered.")
    mean_gap: float | None = Field(description="Mean proven gap to the optimum of the batch, where recorded.")
    worst_gap: float | None


class OverrideReport(Value):
    """How often managers decided otherwise, and whether it helped."""

    overrides: int
    share_of_leads: Estimate | None
    settled: int = Field(description="Overridden leads that ended.")
    added_per_100: Estimate | None = Field(
        description="Wins above expected per 100 overridden leads, less those of the other leads."
    )
    verdict: str = Field(description="`helped`, `hurt`, `no difference seen`, or `not enough`.")


class EffectivenessReport(Value):
    """How well a market's leads were handed out in a period, and what came of them."""

    market: Market
    since: Instant
    before: Instant
    leads: int
    settled: int
    wins: int
    scored: int = Field(description="Settled leads with a score at the moment of the match.")
    expectation: str = Field(description="Where expected wins come from, in words.")
    reps: tuple[RepLine, ...]
    rep_spread: float = Field(description="Standard deviation between reps, log-odds, beyond what leads explain.")
    products: tuple[GroupLine, ...]
    segments: dict[str, tuple[GroupLine, ...]] = Field(description="By column: region, source, language if known.")
    strengths: tuple[Strength, ...] = Field(description="Only those whose interval leaves out 0.")
    equality: Equality
    treatment: tuple[GroupTreatment, ...]
    regret: Regret
    overrides: OverrideReport
    others: OthersReport = Field(description="What people, other rules and the average candidate would have won.")
    summary: tuple[str, ...] = Field(description="The report in sentences.")
