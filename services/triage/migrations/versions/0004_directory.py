"""Early help: the directory with its places, where postcodes lie, the life of an offer, unmet need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OF_AN_OFFER = ("band", "considered", "accepted_at", "started_on", "ended_at", "result", "details")


def upgrade() -> None:
    op.create_table(
        "help_services",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("listing", postgresql.JSONB(), nullable=False),
        sa.Column("fitting", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column(
            "imported_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_services")),
        sa.UniqueConstraint("slug", name=op.f("uq_help_services_slug")),
    )
    op.create_table(
        "help_capacity",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["help_services.id"], name=op.f("fk_help_capacity_service_id")),
        sa.PrimaryKeyConstraint("service_id", "band", "week", name=op.f("pk_help_capacity")),
    )
    op.create_table(
        "postcodes",
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("council", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("postcode", name=op.f("pk_postcodes")),
    )
    op.create_table(
        "unmet_needs",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("child", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("council", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("needs", postgresql.JSONB(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_unmet_needs_case_id")),
        sa.PrimaryKeyConstraint("case_id", "child", name=op.f("pk_unmet_needs")),
    )
    op.create_index(op.f("ix_unmet_needs_recorded_at"), "unmet_needs", ["recorded_at"], unique=False)
    empty = sa.text("'[]'::jsonb")
    op.add_column("offers", sa.Column("band", sa.Text(), server_default="", nullable=False))
    op.add_column("offers", sa.Column("considered", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column("offers", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("offers", sa.Column("started_on", sa.Date(), nullable=True))
    op.add_column("offers", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("offers", sa.Column("result", sa.Text(), nullable=True))
    op.add_column("offers", sa.Column("details", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_offers_open",
        "offers",
        ["service", "band"],
        unique=False,
        postgresql_where=sa.text("status IN ('offered', 'accepted', 'started')"),
    )


def downgrade() -> None:
    op.drop_index("ix_offers_open", table_name="offers")
    for column in reversed(_OF_AN_OFFER):
        op.drop_column("offers", column)
    for table in ("unmet_needs", "postcodes", "help_capacity", "help_services"):
        op.drop_table(table)
