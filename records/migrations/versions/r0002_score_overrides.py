"""What people said a score should be."""

import sqlalchemy as sa
from alembic import op

from records.columns import SEQUENCE, UtcInstant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of overrides."""
    op.create_table(
        "score_overrides",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("temperature", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("expires_at", UtcInstant(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_score_overrides"),
        sa.UniqueConstraint("id", name="uq_score_overrides_id"),
    )
    op.create_index("ix_score_overrides_lead_id_at", "score_overrides", ["lead_id", "at"])


def downgrade() -> None:
    """Drop the table of overrides."""
    op.drop_table("score_overrides")
