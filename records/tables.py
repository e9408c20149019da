"""The tables of the system of record. Data only: no statement, no connection.

Facts refer to leads, reps and products by id without a foreign key: a fact may arrive before the record it is about,
and it is never refused nor lost for that. Foreign keys hold together what is written together.
Logs carry a row number `seq`: of two facts of the same moment, the one recorded later is the newer.
`fingerprint` is the hash of a row's content, so that "did anything change?" is the same question on every back end.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from records.columns import SEQUENCE, UtcInstant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _seq() -> Column[int]:
    return Column("seq", SEQUENCE, primary_key=True, autoincrement=True)


leads = Table(
    "leads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("market", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("email_key", Text, index=True),
    Column("phone_key", Text, index=True),
    Column("domain_key", Text, index=True),
    Index(None, "market", "created_at"),
)
"""The newest version of each lead. The keys find leads of the same person or company; see `domain.routing`."""

lead_versions = Table(
    "lead_versions",
    metadata,
    Column("id", Text, ForeignKey("leads.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("known_from", UtcInstant, nullable=False),
    Column("market", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("source", Text, nullable=False),
    Column("name", Text),
    Column("company", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("region", Text),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("product_id", Text),
    Column("fields", JSON, nullable=False),
    Column("provenance", JSON, nullable=False),
    PrimaryKeyConstraint("id", "version"),
)
"""Every version of every lead. Version 1 counts as known from the lead's creation, whenever it was stored."""

reps = Table(
    "reps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("market", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("regions", JSON, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("certificates", JSON, nullable=False),
    Column("skills", JSON, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("work_days", JSON, nullable=False),
    Column("work_start_hour", Integer, nullable=False),
    Column("work_end_hour", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("hired_at", UtcInstant),
    Column("place", JSON(none_as_null=True)),
)

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("market", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("price", Float),
    Column("currency", Text, nullable=False),
    Column("certificate", Text),
    Column("description", Text, nullable=False),
)

interactions = Table(
    "interactions",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("channel", Text),
    Column("rep_id", Text),
    Column("product_id", Text),
    Column("duration_s", Float),
    Column("text", Text),
    Column("attributes", JSON, nullable=False),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    _seq(),
    Column("fingerprint", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("rep_id", Text),
    Column("product_id", Text),
    Column("value", Float),
    Column("currency", Text, nullable=False),
    Column("reason", Text),
    UniqueConstraint("fingerprint"),
    Index(None, "lead_id", "at"),
)

assignments = Table(
    "assignments",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("rep_id", Text, index=True),
    Column("at", UtcInstant, nullable=False),
    Column("by", Text, nullable=False),
    Column("decision_id", Text),
    Column("reason", Text, nullable=False),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
)

consents = Table(
    "consents",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("channel", Text),
    Column("purpose", Text, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("source", Text, nullable=False),
    Column("proof", Text),
    Column("expires_at", UtcInstant),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
)

decisions = Table(
    "decisions",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("inputs_hash", Text, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("chosen", Text),
    Column("propensity", Float),
    Column("considered", JSON, nullable=False),
    Column("excluded", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    UniqueConstraint("id"),
    Index(None, "subject_id", "at"),
)

score_overrides = Table(
    "score_overrides",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("points", Float),
    Column("temperature", Text),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant),
    Column("withdrawn", Boolean, nullable=False),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
)

rep_availability = Table(
    "rep_availability",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("rep_id", Text, nullable=False),
    Column("presence", Text, nullable=False),
    Column("since", UtcInstant, nullable=False),
    Column("until", UtcInstant),
    Column("reason", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("id"),
    Index(None, "rep_id", "at"),
)

lead_rejections = Table(
    "lead_rejections",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("rep_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("at", UtcInstant, nullable=False),
    Column("decision_id", Text),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
    Index(None, "at"),
)

match_overrides = Table(
    "match_overrides",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("from_rep_id", Text),
    Column("rep_id", Text),
    Column("reason", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("by", Text, nullable=False),
    Column("decision_id", Text),
    UniqueConstraint("id"),
    Index(None, "lead_id", "at"),
    Index(None, "at"),
)

pool = Table(
    "pool",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("market", Text, nullable=False, index=True),
    Column("since", UtcInstant, nullable=False),
    Column("deadline", UtcInstant, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decision_id", Text),
)
"""Leads that wait for a rep. The only table whose rows are removed: what happened is in the logs."""

feedback = Table(
    "feedback",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("helpful", Boolean),
    Column("code", Text),
    Column("note", Text),
    UniqueConstraint("id"),
    Index(None, "decision_id", "at"),
)

audit = Table(
    "audit",
    metadata,
    _seq(),
    Column("id", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("details", JSON, nullable=False),
    UniqueConstraint("id"),
    Index(None, "subject_id", "at"),
)

nudge_results = Table(
    "nudge_results",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("lead_id", Text, nullable=False, index=True),
    Column("action_id", Text, nullable=False),
    Column("replied", Boolean, nullable=False),
    Column("at", UtcInstant, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    _seq(),
    Column("turn_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("rep_id", Text),
    Column("lead_id", Text),
    Column("market", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("started_at", UtcInstant, nullable=False),
    Column("finished_at", UtcInstant),
    Column("reply", JSON(none_as_null=True)),
    UniqueConstraint("turn_id"),
    Index(None, "conversation_id", "started_at"),
)

turn_events = Table(
    "turn_events",
    metadata,
    Column("turn_id", Text, ForeignKey("turns.turn_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", JSON, nullable=False),
    PrimaryKeyConstraint("turn_id", "number"),
)

sends = Table(
    "sends",
    metadata,
    _seq(),
    Column("key", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("subject", Text),
    Column("body", Text, nullable=False),
    Column("decision_id", Text),
    Column("claimed_at", UtcInstant, nullable=False),
    Column("status", Text),
    Column("at", UtcInstant),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("detail", Text),
    UniqueConstraint("key"),
    Index(None, "lead_id", "at"),
)
"""Messages by idempotency key. `status` and what follows `claimed_at` stay null until the provider has answered."""
