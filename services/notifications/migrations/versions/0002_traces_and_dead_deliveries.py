"""The trace that a feed entry belongs to, and a quick way to the deliveries that were given up."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_entries", sa.Column("traceparent", sa.Text(), nullable=True))
    op.create_index("ix_deliveries_dead", "deliveries", ["closed_at"], postgresql_where=sa.text("state = 'dead'"))


def downgrade() -> None:
    op.drop_index("ix_deliveries_dead", "deliveries")
    op.drop_column("feed_entries", "traceparent")
