"""Events that a fault of ours holds up wait for their next attempt, and later ones of their subject behind them.

Where one that is given up was a submitted referral, the line of duty is called: a page without a case.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("dead_letters", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("dead_letters", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_dead_letters_waiting", "dead_letters", ["reader", "subject"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.add_column("pages", sa.Column("letter_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint("uq_pages_letter_id", "pages", ["letter_id"])
    op.alter_column("pages", "case_id", nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM pages WHERE case_id IS NULL")
    op.alter_column("pages", "case_id", nullable=False)
    op.drop_constraint("uq_pages_letter_id", "pages")
    op.drop_column("pages", "letter_id")
    op.execute("UPDATE dead_letters SET state = 'dead' WHERE state = 'waiting'")
    op.drop_index("ix_dead_letters_waiting", "dead_letters")
    for name in ("next_at", "attempts", "subject"):
        op.drop_column("dead_letters", name)
