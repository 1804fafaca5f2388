"""A case says whose account its owner's is; what lies with people who are not there is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("owner_issuer", sa.Text(), nullable=True))
    op.execute(
        "UPDATE cases SET owner_issuer = staff_members.issuer FROM staff_members "
        "WHERE staff_members.subject = cases.owner"
    )
    op.create_index(
        "ix_cases_in_hands",
        "cases",
        ["owner"],
        postgresql_where=sa.text("owner IS NOT NULL AND status <> 'decided'"),
    )
    op.create_index(
        "ix_cases_without_issuer",
        "cases",
        ["id"],
        postgresql_where=sa.text("owner IS NOT NULL AND owner_issuer IS NULL"),
    )
    op.create_index(
        "ix_parallel_routes_open", "parallel_routes", ["owner"], postgresql_where=sa.text("completed_at IS NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_parallel_routes_open", "parallel_routes")
    op.drop_index("ix_cases_without_issuer", "cases")
    op.drop_index("ix_cases_in_hands", "cases")
    op.drop_column("cases", "owner_issuer")
