"""The days of the week on which reps work."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WORKING_WEEK = '["mon", "tue", "wed", "thu", "fri"]'


def upgrade() -> None:
    """Give every rep the usual working week."""
    with op.batch_alter_table("reps") as table:
        table.add_column(sa.Column("work_days", sa.JSON(), nullable=False, server_default=_WORKING_WEEK))
    with op.batch_alter_table("reps") as table:
        table.alter_column("work_days", server_default=None)


def downgrade() -> None:
    """Forget the days."""
    with op.batch_alter_table("reps") as table:
        table.drop_column("work_days")
