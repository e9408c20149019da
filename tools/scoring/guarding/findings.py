"""What the guard says of a column: the rule it breaks, the numbers, and whether it stays. Data only, no judging."""

from enum import StrEnum

from pydantic import Field

from domain.values import Value
from tools.scoring.leakage import LeakyField


class Rule(StrEnum):
    """Why a column was found."""

    TOO_GOOD = "too_good"
    PRESENCE = "presence"
    AFTER_OUTCOME = "after_outcome"
    AFTER_DECISION = "after_decision"
    CHANGED_AFTER = "changed_after"
    ID_LIKE = "id_like"
    CONSTANT = "constant"
    ASKED = "asked"


class Severity(StrEnum):
    """What is wrong with it: it tells the outcome, it tells nothing, or somebody does not want it."""

    LEAK = "leak"
    USELESS = "useless"
    UNWANTED = "unwanted"


SEVERITY = {Rule.ID_LIKE: Severity.USELESS, Rule.CONSTANT: Severity.USELESS, Rule.ASKED: Severity.UNWANTED}
"""The rules that are about something else than a leak."""


class Finding(Value):
    """One column that breaks one rule."""

    column: str
    rule: Rule
    evidence: dict[str, float] = Field(description="The numbers that the rule compared, by name.")
    why: str
    kept: bool = Field(default=False, description="Whether it stays all the same, because it was allowed by name.")

    @property
    def severity(self) -> Severity:
        """Whether it leaks, is of no use, or is not wanted."""
        return SEVERITY.get(self.rule, Severity.LEAK)


class GuardReport(Value):
    """Everything found in one table."""

    findings: tuple[Finding, ...] = ()
    columns: int = Field(default=0, description="Columns judged.")
    rows: int = Field(default=0, description="Rows judged, one for each lead.")

    @property
    def excluded(self) -> tuple[str, ...]:
        """Columns to leave out, each once, in the order of the findings."""
        return tuple(dict.fromkeys(finding.column for finding in self.findings if not finding.kept))

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """Findings of columns that tell the outcome, allowed ones too."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.LEAK)

    def left_out(self) -> tuple[LeakyField, ...]:
        """Return the excluded leaks as a card lists them."""
        return tuple(LeakyField(name=found.column, why=found.why) for found in self.leaks if not found.kept)
