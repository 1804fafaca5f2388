"""How complete each referral was on arrival, and when each key was used last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("referrals", sa.Column("score", sa.Integer(), nullable=True))
    op.add_column("referrals", sa.Column("missing", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("agency_keys", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("agency_keys", "used_at")
    op.drop_column("referrals", "missing")
    op.drop_column("referrals", "score")
