"""A session remembers what its queue was last narrowed to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_sessions", sa.Column("queue_asked", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("staff_sessions", "queue_asked")
