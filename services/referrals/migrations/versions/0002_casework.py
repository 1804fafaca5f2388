"""What a sender adds to a referral or takes back, and that a person has it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "amendments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_amendments_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendments")),
    )
    op.create_index(op.f("ix_amendments_referral_id"), "amendments", ["referral_id"], unique=False)
    op.add_column("referrals", sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("referrals", sa.Column("advice", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("referrals", "advice")
    op.drop_column("referrals", "acknowledged_at")
    op.drop_index(op.f("ix_amendments_referral_id"), table_name="amendments")
    op.drop_table("amendments")
