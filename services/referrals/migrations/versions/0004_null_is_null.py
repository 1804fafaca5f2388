"""A referral without advice has none: neither a JSON `null` nor anything else."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE referrals SET advice = NULL WHERE advice = 'null'")


def downgrade() -> None:
    """What means the same stays as it is."""
