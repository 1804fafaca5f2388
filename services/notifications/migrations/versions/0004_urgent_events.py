"""What says that a child is in danger is found in the outbox past all else."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IN_DANGER = """type = 'uk.frontdoor.referral.submitted.v1' AND headers @> '{"ce_urgency": "yes"}'"""


def upgrade() -> None:
    made = sa.Computed(IN_DANGER, persisted=True)
    op.add_column("outbox", sa.Column("urgent", sa.Boolean(), made, nullable=False))
    op.create_index("ix_outbox_urgent", "outbox", ["xid"], postgresql_where=sa.text("urgent"))


def downgrade() -> None:
    op.drop_index("ix_outbox_urgent", "outbox")
    op.drop_column("outbox", "urgent")
