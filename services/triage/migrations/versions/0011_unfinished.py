"""What a case stands without, and when its worker makes up for it; details that are pending are one such."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EVERYTHING = (
    '{"details": "pending", "people": "pending", "assessment": "pending", "duties": "pending", "route": "pending", '
    '"news": "pending"}'
)


def upgrade() -> None:
    op.add_column("cases", sa.Column("unfinished", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("cases", sa.Column("finish_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("finish_attempts", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.execute(
        sa.text(
            "UPDATE cases SET unfinished = CAST(:everything AS jsonb), finish_at = now() WHERE details_pending"
        ).bindparams(everything=EVERYTHING)
    )
    op.drop_index("ix_cases_pending", "cases")
    op.drop_column("cases", "details_pending")
    op.create_index("ix_cases_finish", "cases", ["finish_at"], postgresql_where=sa.text("finish_at IS NOT NULL"))
    op.create_index("ix_cases_unfinished", "cases", ["id"], postgresql_where=sa.text("unfinished <> '{}'"))


def downgrade() -> None:
    op.add_column("cases", sa.Column("details_pending", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.alter_column("cases", "details_pending", server_default=None)
    op.execute("UPDATE cases SET details_pending = unfinished ? 'details'")
    op.drop_index("ix_cases_unfinished", "cases")
    op.drop_index("ix_cases_finish", "cases")
    op.drop_column("cases", "finish_attempts")
    op.drop_column("cases", "finish_at")
    op.drop_column("cases", "unfinished")
    op.create_index("ix_cases_pending", "cases", ["id"], postgresql_where=sa.text("details_pending"))
