"""A match: which rep gets a lead, who was considered and who was excluded, and by which rule."""

from pydantic import Field

from domain.values import DecisionId, Instant, LeadId, Probability, RepId, Value


class Candidate(Value):
    """A rep who may take the lead, with the terms of the utility, which add up to it."""

    rep_id: RepId
    p_convert: Probability
    utility: float
    terms: dict[str, float]
    price: float = Field(default=0.0, description="What other leads of the batch would give for the rep's next place.")
    displaces: LeadId | None = Field(default=None, description="The lead whose place this VIP takes from the rep.")


class Exclusion(Value):
    """A rep who may not take the lead, and the rule that says so."""

    rep_id: RepId
    rule: str
    detail: str


class Match(Value):
    """The rep chosen for a lead; `rep_id=None` means that the lead waits in the pool, with the reason."""

    lead_id: LeadId
    rep_id: RepId | None
    rep_name: str | None = None
    p_convert: Probability | None = None
    reason: str
    considered: tuple[Candidate, ...] = Field(description="Best first.")
    excluded: tuple[Exclusion, ...]
    no_signal: str | None = Field(default=None, description="Why rep history adds nothing, if so.")
    model_version: str
    as_of: Instant
    decision_id: DecisionId
    propensity: Probability | None = Field(
        default=None, description="Chance that this way of planning gives the lead to this rep; 1 without exploring."
    )
    unexplored_rep_id: RepId | None = Field(
        default=None, description="The rep whom the plan on the mean effects gives the lead, had nothing been explored."
    )


class AssignmentRecord(Value):
    """A lead was given to a rep at a moment. `rep_id=None` puts it back in the pool."""

    id: str
    lead_id: LeadId
    rep_id: RepId | None
    at: Instant
    by: str = Field(min_length=1, description="matcher, manager or importer.")
    decision_id: DecisionId | None = None
    reason: str = ""
