"""Who referred, as the children in need census codes it: counted on the oversight page."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("source", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "source")
