"""A service that is only listed has no `fitting`: neither a JSON `null` nor anything else."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE help_services SET fitting = NULL WHERE fitting = 'null'")


def downgrade() -> None:
    """What means the same stays as it is."""
