"""People of partners: which agency somebody who signs in is of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_members", sa.Column("agency", sa.Text(), server_default="front-door", nullable=False))


def downgrade() -> None:
    op.drop_column("staff_members", "agency")
