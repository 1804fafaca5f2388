"""A quick way to the last failure of an endpoint that seldom fails."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_attempts_failed",
        "attempts",
        ["endpoint_id", "started_at"],
        postgresql_where=sa.text("status IS NULL OR status NOT BETWEEN 200 AND 299"),
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_failed", "attempts")
