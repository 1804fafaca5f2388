"""Referrals are found by their sender's own reference; those that are there are looked at afterwards, unhurried."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A default of the column's first moment costs no row a write; what comes later is without one.
    column = sa.Column("agency_reference", sa.LargeBinary(), server_default=sa.text("''"), nullable=True)
    op.add_column("referrals", column)
    op.alter_column("referrals", "agency_reference", server_default=None)
    op.create_index(
        op.f("ix_referrals_agency_agency_reference"),
        "referrals",
        ["agency", "agency_reference"],
        postgresql_where=sa.text("agency_reference IS NOT NULL"),
    )
    unread = sa.text("agency_reference = ''")
    op.create_index("ix_referrals_unread", "referrals", ["id"], postgresql_where=unread)


def downgrade() -> None:
    op.drop_index("ix_referrals_unread", table_name="referrals")
    op.drop_index(op.f("ix_referrals_agency_agency_reference"), table_name="referrals")
    op.drop_column("referrals", "agency_reference")
