"""Leads, reps and products: who buys, who sells, what is sold."""

from enum import StrEnum

from pydantic import Field

from domain.values import FieldValue, Instant, LeadId, Market, Place, ProductId, RepId, Value
from domain.working_hours import WORKING_WEEK, Weekday, WorkingHours


class Provenance(Value):
    """Where a lead's field came from and on which legal basis it is held."""

    source: str = Field(min_length=1, description="Importer file, API client, form or CRM name.")
    recorded_at: Instant
    recorded_by: str = Field(min_length=1)
    basis: str = Field(default="legitimate_interest", description="consent, contract or legitimate_interest.")


class Product(Value):
    """Something a rep can sell."""

    id: ProductId = Field(min_length=1, max_length=200)
    market: Market = Field(min_length=1)
    name: str = Field(min_length=1)
    price: float | None = Field(default=None, ge=0, description="List price in `currency`.")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    certificate: str | None = Field(default=None, description="Certificate that a rep must hold to sell it.")
    description: str = ""


class Lead(Value):
    """A person or company that may buy. `fields` holds whatever the market adds; absent means not measured."""

    id: LeadId = Field(min_length=1, max_length=200)
    market: Market = Field(min_length=1)
    created_at: Instant
    source: str = Field(min_length=1)
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    region: str | None = None
    language: str = Field(default="en", pattern=r"^[a-z]{2}$", description="ISO 639-1.")
    timezone: str = Field(default="UTC", description="IANA name, for quiet hours and send times.")
    product_id: ProductId | None = None
    fields: dict[str, FieldValue] = Field(default_factory=dict)
    provenance: dict[str, Provenance] = Field(
        default_factory=dict, description="By field name; `*` is the default for all fields."
    )


class Skill(Value):
    """A rep's declared ability for a product, in [0, 1]; the matcher learns the real one from outcomes."""

    product_id: ProductId
    level: float = Field(ge=0, le=1)


class Rep(Value):
    """A human seller."""

    id: RepId = Field(min_length=1, max_length=200)
    market: Market = Field(min_length=1)
    name: str = Field(min_length=1)
    email: str | None = None
    regions: tuple[str, ...] = Field(default=(), description="Regions served; empty means all.")
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    certificates: tuple[str, ...] = ()
    skills: tuple[Skill, ...] = ()
    capacity: int = Field(default=20, ge=0, description="Open leads at once.")
    timezone: str = "UTC"
    work_days: tuple[Weekday, ...] = Field(default=WORKING_WEEK, description="Local days on which he begins to work.")
    work_start_hour: int = Field(default=9, ge=0, le=23, description="Local hour, inclusive.")
    work_end_hour: int = Field(
        default=18, ge=1, le=24, description="Local hour, exclusive; of the next day if it is not after the start."
    )
    active: bool = True
    hired_at: Instant | None = None
    place: Place | None = Field(default=None, description="Where the rep starts from, for travel.")

    @property
    def hours(self) -> WorkingHours:
        """When the rep works."""
        return WorkingHours(
            timezone=self.timezone, days=self.work_days, start_hour=self.work_start_hour, end_hour=self.work_end_hour
        )


class RejectReason(StrEnum):
    """Why a rep declined a lead. `bad_data` says something about the record, not about the lead's worth."""

    BAD_DATA = "bad_data"
    WRONG_PRODUCT = "wrong_product"
    NO_CAPACITY = "no_capacity"
    CONFLICT = "conflict"
    OTHER = "other"
