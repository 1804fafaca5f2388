"""A feed can be read from a time on."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEX = "ix_feed_entries_agency_occurred_at_position"


def upgrade() -> None:
    op.create_index(op.f(INDEX), "feed_entries", ["agency", "occurred_at", "position"])


def downgrade() -> None:
    op.drop_index(op.f(INDEX), table_name="feed_entries")
