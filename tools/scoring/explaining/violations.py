"""What a check of a sentence comes to. Values only."""

from dataclasses import dataclass
from enum import StrEnum


class Claim(StrEnum):
    """What a sentence can get wrong."""

    SIGN = "sign"
    ORDER = "order"
    NUMBER = "number"
    FEATURE = "feature"
    NEGATION = "negation"
    CERTAINTY = "certainty"


@dataclass(frozen=True)
class Violation:
    """One thing that a sentence says and the score does not."""

    claim: Claim
    written: str
    rule: str


@dataclass(frozen=True)
class Finding:
    """What a check came to.

    Attributes:
        violations: Claims that the score does not bear out.
        n_claims: Claims found in the text.
    """

    violations: tuple[Violation, ...]
    n_claims: int

    @property
    def faithfulness(self) -> float:
        """Share of the claims that the score bears out; 1 for a text that claims nothing."""
        return 1.0 if not self.n_claims else max(0.0, 1.0 - len(self.violations) / self.n_claims)
