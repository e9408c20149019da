"""Routing: presence of reps, rejections, overrides, the pool, where reps start from, and whose leads belong together."""

import sqlalchemy as sa
from alembic import op

from domain.routing import contact_keys
from records.columns import SEQUENCE, UtcInstant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEYS = ("email_key", "phone_key", "domain_key")
_AT_ONCE = 5_000


def upgrade() -> None:
    """Create the tables of routing, and give every lead there is its keys."""
    op.create_table(
        "rep_availability",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rep_id", sa.Text(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("since", UtcInstant(), nullable=False),
        sa.Column("until", UtcInstant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_rep_availability"),
        sa.UniqueConstraint("id", name="uq_rep_availability_id"),
    )
    op.create_index("ix_rep_availability_rep_id_at", "rep_availability", ["rep_id", "at"])
    op.create_table(
        "lead_rejections",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("rep_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_lead_rejections"),
        sa.UniqueConstraint("id", name="uq_lead_rejections_id"),
    )
    op.create_table(
        "match_overrides",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("from_rep_id", sa.Text(), nullable=True),
        sa.Column("rep_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_match_overrides"),
        sa.UniqueConstraint("id", name="uq_match_overrides_id"),
    )
    for table in ("lead_rejections", "match_overrides"):
        op.create_index(f"ix_{table}_lead_id_at", table, ["lead_id", "at"])
        op.create_index(f"ix_{table}_at", table, ["at"])
    op.create_table(
        "pool",
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("since", UtcInstant(), nullable=False),
        sa.Column("deadline", UtcInstant(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", name="pk_pool"),
    )
    op.create_index("ix_pool_market", "pool", ["market"])
    op.add_column("reps", sa.Column("place", sa.JSON(), nullable=True))
    op.create_index("ix_assignments_rep_id", "assignments", ["rep_id"])
    for key in _KEYS:
        op.add_column("leads", sa.Column(key, sa.Text(), nullable=True))
    _fill_keys()
    for key in _KEYS:
        op.create_index(f"ix_leads_{key}", "leads", [key])


def downgrade() -> None:
    """Drop the tables of routing and the columns."""
    for key in _KEYS:
        op.drop_index(f"ix_leads_{key}", "leads")
        op.drop_column("leads", key)
    op.drop_index("ix_assignments_rep_id", "assignments")
    op.drop_column("reps", "place")
    for table in ("pool", "match_overrides", "lead_rejections", "rep_availability"):
        op.drop_table(table)


def _fill_keys() -> None:
    """Give the leads there are the keys that new leads get when they are written."""
    connection = op.get_bind()
    leads = sa.table("leads", *(sa.column(name) for name in ("id", "version", *_KEYS)))
    versions = sa.table("lead_versions", *(sa.column(name) for name in ("id", "version", "email", "phone")))
    newest = sa.and_(versions.c.id == leads.c.id, versions.c.version == leads.c.version)
    reachable = sa.or_(versions.c.email.is_not(None), versions.c.phone.is_not(None))
    contacts = sa.select(leads.c.id, versions.c.email, versions.c.phone).select_from(leads.join(versions, newest))
    given: dict[str, sa.BindParameter[str]] = {key: sa.bindparam(f"new_{key}") for key in _KEYS}
    change = sa.update(leads).where(leads.c.id == sa.bindparam("known_id")).values(given)
    last = ""
    while True:
        page = contacts.where(reachable, leads.c.id > last).order_by(leads.c.id).limit(_AT_ONCE)
        found = connection.execute(page).all()
        if not found:
            return
        connection.execute(change, [_keys(*row) for row in found])
        last = found[-1].id


def _keys(lead_id: str, email: str | None, phone: str | None) -> dict[str, str | None]:
    keys = contact_keys(email, phone)
    return {
        "known_id": lead_id,
        "new_email_key": keys.email,
        "new_phone_key": keys.phone,
        "new_domain_key": keys.domain,
    }
