"""Events that a fault of ours holds up wait for their next attempt, and later ones of their subject behind them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("dead_letters", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("dead_letters", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_dead_letters_waiting", "dead_letters", ["reader", "subject"], postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    op.execute("UPDATE dead_letters SET state = 'dead' WHERE state = 'waiting'")
    op.drop_index("ix_dead_letters_waiting", "dead_letters")
    for name in ("next_at", "attempts", "subject"):
        op.drop_column("dead_letters", name)
