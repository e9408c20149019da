"""What a batch is decided from: leads that need a rep, and the sales floor. Data only; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.people import Lead, Product, Rep
from domain.routing import LeadRejection, RepAvailability
from domain.values import DecisionId, LeadId, ProductId, RepId
from tools.matching.affinity import AffinityModel
from tools.matching.network import AffinityNetwork


@dataclass(frozen=True)
class Request:
    """A lead that needs a rep.

    Attributes:
        lead: The lead.
        p_convert: The scorer's probability, whoever takes it.
        value: What a win is worth; None when nobody knows.
        owner: The rep who has the lead now, or who is to have it because it is his client's; None for nobody.
        excluded: Reps who may not get it.
        decision_id: Name of the decision.
        owner_since: When the owner got it; None when nobody knows.
        rejections: Who declined this lead, and why.
        due_at: When somebody must have it; None without a deadline.
        hot: Whether the lead should be contacted at once.
        held: Whether the owner has the lead now: then it is among those that fill him, otherwise it takes a free place.
    """

    lead: Lead
    p_convert: float
    value: float | None
    owner: RepId | None
    excluded: frozenset[RepId]
    decision_id: DecisionId
    owner_since: datetime | None = None
    rejections: tuple[LeadRejection, ...] = ()
    due_at: datetime | None = None
    held: bool = True
    hot: bool = False


@dataclass(frozen=True)
class Displaceable:
    """A lead that was offered to a rep and not accepted yet; a VIP may take its place.

    Attributes:
        lead_id: The lead.
        worth: Its expected value in the rep's hands, in the unit of `Request.value`.
    """

    lead_id: LeadId
    worth: float


@dataclass(frozen=True)
class Floor:
    """The sales floor at the moment of decision.

    Attributes:
        reps: All reps of the market, the inactive ones too.
        products: All products of the market, by id.
        open_leads: Open leads per rep; absent means 0.
        model: What history says about reps.
        network: The affinity network behind the explanations.
        availability: What counts about the presence of reps now; absent means available.
        displaceable: Per rep, leads among the open ones whose place a VIP may take.
        currency: Of the values, for the words; None when no value is known.
    """

    reps: Sequence[Rep]
    products: Mapping[ProductId, Product]
    open_leads: Mapping[RepId, int]
    model: AffinityModel
    network: AffinityNetwork
    availability: Mapping[RepId, RepAvailability] = field(default_factory=dict)
    displaceable: Mapping[RepId, Sequence[Displaceable]] = field(default_factory=dict)
    currency: str | None = None

    def load_with(self, arriving: Mapping[RepId, int]) -> Mapping[RepId, int]:
        """Return the open leads per rep after some more have come."""
        return {**self.open_leads, **{rep_id: self.open_leads.get(rep_id, 0) + n for rep_id, n in arriving.items()}}
