"""Settings of the whole house, read once from the environment (`LEADLINE_*`) and `.env`. Nothing else reads either."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy

_POLICY = RoutingPolicy()


class Settings(BaseSettings):
    """Every setting, with a default that needs no key, no server and no network."""

    model_config = SettingsConfigDict(env_prefix="LEADLINE_", env_file=".env", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".leadline"), description="Folder for everything that is kept on this machine.")
    market: str = Field(
        default="insurance_partners", description="Market that chat and imports use when none is named."
    )

    database_url: str = Field(
        default="",
        description="SQLAlchemy URL. Empty: a SQLite file under `home`. PostgreSQL: `postgresql+psycopg://…`.",
    )
    temporal_address: str = Field(
        default="", description="`host:port` of a Temporal cluster. Empty: the bundled dev server is started."
    )
    journey_time_scale: float = Field(
        default=1.0, gt=0, le=1, description="Multiplies the waits of journeys; below 1 only to watch one in a demo."
    )
    training_schedule: Literal["on", "off"] = Field(
        default="on", description="Whether workers keep a nightly schedule that trains every market's model."
    )
    fields_left_out: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Columns that no model may read, by comma: `field.<name>` for a lead's own field, or a feature.",
    )
    fields_allowed: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Columns that models may read though the leakage guard finds them, by comma."
    )
    train_hour_utc: int = Field(default=2, ge=0, le=23, description="Hour of day, in UTC, at which it trains.")
    temporal_namespace: str = Field(default="default", description="Temporal namespace.")
    qdrant_url: str = Field(default="", description="URL of a Qdrant server. Empty: the embedded engine.")
    qdrant_api_key: SecretStr | None = Field(default=None, description="API key of the Qdrant server.")

    llm_base_url: str = Field(
        default="", description="Base URL of any OpenAI-compatible API. Empty and no key: the offline writer answers."
    )
    llm_api_key: SecretStr | None = Field(default=None, description="Its key; any text for servers that need none.")
    llm_model: str = Field(default="gpt-4o-mini", description="Its model.")
    llm_timeout_s: float = Field(default=20.0, gt=0, le=300, description="Seconds until the offline writer takes over.")
    embedding: str = Field(
        default="minilm", description="`minilm` (embedded), `openai:<model>` or `none` (keyword search only)."
    )

    outbox: Literal["folder", "smtp"] = Field(default="folder", description="Where messages go.")
    smtp_url: SecretStr | None = Field(default=None, description="`smtp://user:password@host:587`, for `outbox=smtp`.")
    sender_address: str = Field(default="sales@localhost", description="From address of e-mails.")
    sender_name: str = Field(default="Your sales team", description="From name of e-mails.")

    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=8080, ge=0, le=65_535, description="Port of the API; 0 picks a free one.")
    api_key: SecretStr | None = Field(default=None, description="Bearer token that every request must carry, if set.")
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="Larger request bodies are refused (413).")

    score_budget_ms: int = Field(
        default=250,
        ge=1,
        le=60_000,
        description="A score that takes longer is answered by the rung below, and says so.",
    )
    score_cache_s: int = Field(
        default=300, ge=1, le=86_400, description="How long a score of the same features is kept."
    )
    score_cache_size: int = Field(default=10_000, ge=0, description="How many scores are kept; 0 keeps none.")

    routing_fairness: float = Field(
        default=_POLICY.fairness,
        ge=0,
        le=10,
        description="Cost of the next lead of a rep at his fair share, in mean utilities of an allowed pair.",
    )
    routing_vip_value: float | None = Field(
        default=_POLICY.vip_value,
        ge=0,
        description="Expected value from which a lead is a VIP; empty: marked ones only.",
    )
    routing_vip_reserve: float = Field(
        default=_POLICY.vip_reserve, ge=0, lt=1, description="Part of each rep's capacity kept for VIPs."
    )
    routing_preempt: bool = Field(
        default=_POLICY.preempt, description="Whether a VIP may take the place of a lead not yet accepted."
    )
    routing_explore: float = Field(
        default=_POLICY.explore, ge=0, le=0.5, description="Most of a batch's expected value that learning may cost."
    )
    routing_travel_cost_per_km: float = Field(
        default=_POLICY.travel_cost_per_km, ge=0, description="What a kilometre between rep and lead costs."
    )
    routing_reclaim_after_s: float = Field(
        default=_POLICY.reclaim_after_s, ge=0, description="Seconds that a lead stays with an owner who is gone."
    )
    routing_off_duty: float = Field(
        default=_POLICY.off_duty,
        ge=0,
        le=1,
        description="Part of its value that a hot lead loses with a rep who begins to work in 8 hours or later.",
    )
    routing_holidays: Annotated[tuple[date, ...], NoDecode] = Field(
        default=_POLICY.holidays, description="Dates on which no rep begins to work, by comma: 2026-12-25,2027-01-01."
    )
    routing_pool_deadline_s: float = Field(
        default=_POLICY.pool_deadline_s, gt=0, description="Seconds until a pooled lead is escalated."
    )
    routing_pool_owner: str = Field(
        default=_POLICY.pool_owner, min_length=1, max_length=200, description="Who answers for pooled leads."
    )

    roads_url: str = Field(
        default="", description="URL of an OSRM server, for driving times. Empty: estimated from straight lines."
    )
    roads_profile: str = Field(
        default="driving", pattern=r"^[A-Za-z0-9_-]+$", description="Means of travel to ask it for."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(default="warning", description="Log level.")
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines look.")

    @field_validator("routing_vip_value", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("fields_left_out", "fields_allowed", "routing_holidays", mode="before")
    @classmethod
    def _by_comma(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("roads_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and not (urlsplit(value).scheme in {"http", "https"} and urlsplit(value).hostname):
            raise ValueError("must look like http://host:5000")
        return value

    @field_validator("temporal_address")
    @classmethod
    def _has_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (host and port.isdigit()):
            raise ValueError("must look like host:port, for example temporal.internal:7233")
        return value

    @property
    def records_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.home / 'leadline.db').resolve()}"

    @property
    def routing_policy(self) -> RoutingPolicy:
        """The team's rules for handing leads out."""
        names = [name for name in RoutingPolicy.model_fields if f"routing_{name}" in type(self).model_fields]
        return RoutingPolicy(**{name: getattr(self, f"routing_{name}") for name in names})

    @property
    def has_llm(self) -> bool:
        """Whether a chat model is configured."""
        return bool(self.llm_base_url or self.llm_api_key)


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Args:
        overrides: Values that win over the environment, by field name.

    Raises:
        InvalidInputError: If a setting breaks its rule; names the variable.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # overrides are checked by pydantic itself
    except ValidationError as error:
        first = error.errors()[0]
        name = f"LEADLINE_{str(first['loc'][0]).upper()}" if first["loc"] else "settings"
        raise InvalidInputError(name, first.get("input"), first["msg"]) from None


ADDRESS_FILE = "temporal.address"
"""File under `home` in which a running `leadline up` says where its bundled Temporal server listens."""

_LOCAL_TEMPORAL = "127.0.0.1:7233"


def temporal_address(settings: Settings) -> str:
    """Return the address of Temporal: the one set, else that of the bundled server that runs, else the usual one."""
    if settings.temporal_address:
        return settings.temporal_address
    try:
        return (settings.home / ADDRESS_FILE).read_text(encoding="utf-8").strip() or _LOCAL_TEMPORAL
    except FileNotFoundError:
        return _LOCAL_TEMPORAL
