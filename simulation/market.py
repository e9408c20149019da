"""The model of a market file: what is sold, to whom, and how large each planted effect is. Draws nothing."""

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.events import Channel, InteractionKind
from domain.nudges import WAIT
from domain.people import Product
from domain.values import Market, ProductId, Value

Latent = Literal["urgency", "need", "budget"]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]


class ProductSpec(Value):
    """A product and how often leads ask for it."""

    id: ProductId
    name: str
    price: Positive
    certificate: str | None = None
    description: str
    weight: Weight = 1.0
    effect: float = 0.0


class RegionSpec(Value):
    """A region, its clock and its second languages."""

    id: str
    timezone: str
    utc_offset_h: float = Field(ge=-12, le=14, description="Standard time; daylight saving is left out.")
    weight: Weight = 1.0
    effect: float = 0.0
    languages: dict[str, Share] = Field(default_factory=dict, description="Shares of languages besides English.")


class LevelSpec(Value):
    """One level of a categorical property."""

    weight: Weight = 1.0
    effect: float = Field(default=0.0, description="Raw log-odds; all static effects are rescaled together.")
    drift_per_year: float = Field(default=0.0, description="Log-odds a year, not rescaled.")


class SourceSpec(LevelSpec):
    """Where leads come from."""

    form: bool = Field(default=False, description="Whether such leads filled in a web form.")


class Step(Value):
    """A jump of the log-odds at a threshold."""

    at_least: float
    effect: float


class _Measured(Value):
    """What every market-specific field has. Underneath each is a standard normal draw."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    missing: Share = 0.05
    loads: dict[Latent, Annotated[float, Field(ge=-1, le=1)]] = Field(
        default_factory=dict, description="Correlation of the draw with latents."
    )

    @model_validator(mode="after")
    def _loads_leave_room(self) -> Self:
        if sum(load**2 for load in self.loads.values()) > 1:
            raise ValueError(f"loads of field {self.name!r} have squares that add up to more than 1")
        return self


class NumberField(_Measured):
    """A number: normal, or log-normal around `centre`."""

    kind: Literal["number"]
    shape: Literal["normal", "lognormal"] = "lognormal"
    centre: float = Field(description="Median of a log-normal, mean of a normal.")
    spread: Positive = Field(description="Standard deviation, of the logarithm where log-normal.")
    low: float = 0.0
    high: float = 1e12
    decimals: int = Field(default=0, ge=-6, le=6)
    slope: float = Field(default=0.0, description="Raw log-odds per standard deviation of the draw.")
    steps: tuple[Step, ...] = ()


class ChoiceField(_Measured):
    """One of several levels, ordered along the draw."""

    kind: Literal["choice"]
    levels: dict[str, LevelSpec] = Field(min_length=2)


class FlagField(_Measured):
    """Yes or no."""

    kind: Literal["flag"]
    rate: Share
    effect: float = 0.0


FieldSpec = Annotated[NumberField | ChoiceField | FlagField, Field(discriminator="kind")]


class Condition(Value):
    """A test of one property: a field, or `source`, `region`, `product`, `language`."""

    of: str
    equals: str | bool | None = Field(default=None, alias="is")
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if sum(rule is not None for rule in (self.equals, self.at_least, self.below)) != 1:
            raise ValueError(f"the condition on {self.of!r} needs exactly one of `is`, `at_least`, `below`")
        return self


class Combination(Value):
    """A change of the raw log-odds where every condition holds."""

    when: tuple[Condition, ...] = Field(min_length=1)
    effect: float


class Sequel(Value):
    """What may follow an event, and how soon."""

    kind: InteractionKind
    channel: Channel
    chance: Share
    need: float = Field(default=0.0, description="Log-odds of the chance per standard deviation of need.")
    after_h: Positive
    otherwise: InteractionKind | None = None


class Behaviour(Value):
    """A kind of event that leads start themselves, as a Poisson process whose rate fades."""

    kind: InteractionKind
    channel: Channel
    first_week: Positive = Field(description="Mean count in the first 7 days of a lead with average latents.")
    half_life_days: Positive = 6.0
    urgency: float = Field(default=0.0, description="Log rate per standard deviation.")
    need: float = 0.0
    budget: float = 0.0
    seconds: Positive | None = Field(default=None, description="Median duration.")
    with_rep: bool = Field(default=False, description="Happens only once the lead has a rep.")
    sequel: Sequel | None = None


class ActionSpec(Value):
    """A nudge action: how often it is used, answered, and what it does to the odds."""

    id: str
    channel: Channel | None
    history: tuple[float, ...] = Field(min_length=1, description="Weight by touch number in the historical policy.")
    reply_rate: Share = Field(description="Of an average lead at an average hour.")
    effect: float = Field(description="Log-odds of conversion, for an average lead.")
    habit: float = Field(default=0.0, description="Log-odds of conversion per standard deviation of the channel habit.")
    need: float = Field(default=0.0, description="Log-odds of conversion per standard deviation of need.")


class TimingSpec(Value):
    """How much the moment of a contact matters, in log-odds of conversion."""

    speed: float = Field(description="Of a contact at once, against one far later.")
    half_life_h: Positive
    preferred_hours: float = Field(description="Of a contact in the part of the day that the lead prefers.")
    weekend: float


class SeasonSpec(Value):
    """Weekly and yearly seasons."""

    arrivals_by_weekday: tuple[Weight, Weight, Weight, Weight, Weight, Weight, Weight]
    arrivals_yearly: Share = Field(description="Amplitude of the yearly wave of arrivals.")
    odds_by_weekday: tuple[float, float, float, float, float, float, float]
    odds_yearly: float = Field(description="Amplitude of the yearly wave of the log-odds.")
    peak_day: int = Field(ge=1, le=366, description="Day of the year at which both waves peak.")


class OutcomeSpec(Value):
    """When leads end, why, and for how much."""

    won_median_days: Positive
    won_spread: Positive = Field(description="Standard deviation of the logarithm of days.")
    lost_median_days: Positive
    lost_spread: Positive
    lost_reasons: dict[str, Weight]
    value_median: Positive = Field(description="Of a deal at list price 1, as a multiple of the price.")
    value_spread: Positive = Field(description="Standard deviation of the logarithm; the tail is heavy.")
    value_budget: float = Field(description="Log value per standard deviation of budget.")


class TeamSpec(Value):
    """How reps are drawn."""

    skill_sd: Positive = Field(description="Standard deviation of rep x product skill, in log-odds.")
    general_share: Share = Field(description="Share of the skill's variance that a rep has for every product.")
    foreign_language: float = Field(le=0, description="Log-odds where the rep does not speak the lead's language.")
    foreign_region: float = Field(le=0)
    second_language: Share
    regions_each: int = Field(ge=1)
    certificate_rate: Share


class RecordingSpec(Value):
    """How badly leads are recorded."""

    duplicates: Share = 0.02
    bots: Share = 0.02
    crawled_views: Share = Field(default=0.04, description="Share of page views that crawlers make on behalf of leads.")
    pooled: Share = Field(default=0.06, description="Leads that waited in the pool before a rep got them.")
    never_assigned: Share = 0.01
    moved: Share = Field(default=0.03, description="Leads that a manager gave to another rep.")
    ineligible: Share = Field(default=0.12, description="Leads that round-robin gave without looking at eligibility.")
    email_consent: Share = 0.93
    sms_consent: Share = 0.5
    phone_consent: Share = 0.85


class LatentWeights(Value):
    """How the latents enter the log-odds, before they are rescaled together."""

    urgency: float
    need: float
    budget: float
    ready: float = Field(description="Where urgency and budget are both high.")


Templates = dict[str, tuple[str, ...]]
"""Sentences by language; `{product}` is replaced by the product's name."""


class TextSpec(Value):
    """What leads of this market write."""

    warm: Templates
    question: Templates
    cool: Templates
    out_of_office: Templates
    opt_out: Templates
    chat: Templates
    objection_price: Templates
    objection_timing: Templates
    objection_trust: Templates
    objection_competitor: Templates


class MarketModel(Value):
    """A market as planted. Sizes are those of the population, whatever the seed."""

    id: Market
    code: str = Field(pattern=r"^[a-z]{3}$", description="Prefix of every id.")
    label: str
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    base_rate: float = Field(ge=0.05, le=0.2, description="Without any contact; contacts add a few points.")
    static_sd: Positive = Field(description="Standard deviation of what fields say, in log-odds.")
    latent_sd: Positive = Field(description="The same of what the latents add.")
    latents: LatentWeights
    drift_per_year: float
    products: tuple[ProductSpec, ...] = Field(min_length=2)
    regions: tuple[RegionSpec, ...] = Field(min_length=2)
    languages: dict[str, float] = Field(description="Effect by language, English included.")
    sources: dict[str, SourceSpec] = Field(min_length=2)
    fields: tuple[FieldSpec, ...] = Field(min_length=8, max_length=12)
    combinations: tuple[Combination, ...]
    behaviours: tuple[Behaviour, ...]
    gap_days: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        description="Days before each touch, since the one before."
    )
    actions: tuple[ActionSpec, ...] = Field(min_length=2)
    timing: TimingSpec
    seasons: SeasonSpec
    outcomes: OutcomeSpec
    team: TeamSpec
    recording: RecordingSpec = RecordingSpec()
    company_rate: Share
    company_words: tuple[str, ...]
    company_suffixes: tuple[str, ...]
    pages: tuple[str, ...]
    texts: TextSpec

    @model_validator(mode="after")
    def _wait_is_the_last_action(self) -> Self:
        if self.action_ids[-1] != WAIT:
            raise ValueError("actions must end with `wait`: doing nothing is always allowed")
        return self

    @model_validator(mode="after")
    def _touches_agree(self) -> Self:
        wrong = [action.id for action in self.actions if len(action.history) != len(self.gap_days)]
        if wrong:
            raise ValueError(f"history of {', '.join(wrong)} needs one weight for each of `gap_days`")
        return self

    @model_validator(mode="after")
    def _english_is_spoken(self) -> Self:
        if "en" not in self.languages:
            raise ValueError("languages lack `en`: every rep speaks it, and templates fall back to it")
        return self

    @model_validator(mode="after")
    def _conditions_name_what_exists(self) -> Self:
        levels: dict[str, Collection[object]] = {
            "source": self.sources,
            "region": [region.id for region in self.regions],
            "product": [product.id for product in self.products],
            "language": self.languages,
        }
        for field in self.fields:
            levels[field.name] = field.levels if isinstance(field, ChoiceField) else (True, False)
        for condition in (condition for combination in self.combinations for condition in combination.when):
            if condition.of not in levels:
                raise ValueError(f"a combination names {condition.of!r}: use one of {', '.join(levels)}")
            if condition.equals is not None and condition.equals not in levels[condition.of]:
                raise ValueError(f"a combination wants {condition.of!r} to be {condition.equals!r}, which is no level")
        return self

    @property
    def action_ids(self) -> tuple[str, ...]:
        """Ids of the actions, in file order."""
        return tuple(action.id for action in self.actions)

    @property
    def language_ids(self) -> tuple[str, ...]:
        """ISO codes, in file order."""
        return tuple(self.languages)

    def domain_products(self) -> tuple[Product, ...]:
        """Return the products as domain values."""
        return tuple(
            Product(
                id=spec.id,
                market=self.id,
                name=spec.name,
                price=spec.price,
                currency=self.currency,
                certificate=spec.certificate,
                description=spec.description,
            )
            for spec in self.products
        )
