"""What each client has left of its allowances, and which agencies have other ones than the rest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_buckets",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("allowance", sa.Text(), nullable=False),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", "allowance", name=op.f("pk_rate_buckets")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_rate_buckets_full_at"), "rate_buckets", ["full_at"], unique=False)
    rates = sa.Column("rates", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("agencies", rates)


def downgrade() -> None:
    op.drop_column("agencies", "rates")
    op.drop_table("rate_buckets")
