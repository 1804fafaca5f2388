"""Casework: clocks, links between cases, requests for information, parallel routes, challenges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acknowledgements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column(
            "acknowledged_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("advice", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_acknowledgements_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgements")),
    )
    op.create_index(op.f("ix_acknowledgements_case_id"), "acknowledgements", ["case_id"], unique=False)
    op.create_table(
        "challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_challenges_case_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_challenges_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
    )
    op.create_index(op.f("ix_challenges_case_id"), "challenges", ["case_id"], unique=False)
    op.create_table(
        "clocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clocks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clocks")),
    )
    op.create_index(op.f("ix_clocks_case_id"), "clocks", ["case_id"], unique=False)
    op.create_index(
        "ix_clocks_next",
        "clocks",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL AND next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_clocks_running",
        "clocks",
        ["case_id", "kind", "about"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_clocks_spent",
        "clocks",
        ["kind"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL AND next_at IS NULL"),
    )
    op.execute(
        "INSERT INTO clocks (id, case_id, kind, started_at, due_at, next_at) "
        "SELECT gen_random_uuid(), id, 'statutory', received_at, decision_due_at, "
        "decision_due_at - interval '1 hour' FROM cases WHERE status <> 'decided'"
    )
    op.create_table(
        "information_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("children", postgresql.JSONB(), nullable=False),
        sa.Column("lawful_basis", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_information_requests_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_information_requests")),
    )
    op.create_index(
        op.f("ix_information_requests_agency_asked_at_id"),
        "information_requests",
        ["agency", "asked_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_information_requests_case_id"), "information_requests", ["case_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("other_case_id", sa.Uuid(), nullable=False),
        sa.Column("other_person", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column(
            "proposed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_links_case_id")),
        sa.ForeignKeyConstraint(["other_case_id"], ["cases.id"], name=op.f("fk_links_other_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint(
            "case_id",
            "person",
            "other_case_id",
            "other_person",
            name=op.f("uq_links_case_id_person_other_case_id_other_person"),
        ),
    )
    op.create_index(op.f("ix_links_other_case_id"), "links", ["other_case_id"], unique=False)
    op.create_table(
        "new_information",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_case_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("amendment_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_new_information_case_id")),
        sa.ForeignKeyConstraint(["from_case_id"], ["cases.id"], name=op.f("fk_new_information_from_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_new_information")),
    )
    op.create_index(op.f("ix_new_information_case_id"), "new_information", ["case_id"], unique=False)
    op.create_index(
        "ix_new_information_open",
        "new_information",
        ["case_id"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.create_index(
        "ix_new_information_pending",
        "new_information",
        ["id"],
        unique=False,
        postgresql_where=sa.text("amendment_id IS NOT NULL"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_case_id"), "notes", ["case_id"], unique=False)
    op.create_table(
        "pages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_pages_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pages")),
    )
    op.create_index(op.f("ix_pages_case_id"), "pages", ["case_id"], unique=False)
    op.create_index(
        "ix_pages_next", "pages", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_table(
        "parallel_routes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("child", sa.Integer(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("completed_by", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_parallel_routes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parallel_routes")),
    )
    op.create_index(op.f("ix_parallel_routes_case_id"), "parallel_routes", ["case_id"], unique=False)
    op.create_table(
        "information_responses",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("responded_by", sa.Text(), nullable=False),
        sa.Column(
            "responded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("may_share_with", postgresql.JSONB(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["information_requests.id"], name=op.f("fk_information_responses_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_information_responses")),
    )
    op.add_column("cases", sa.Column("needed_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE cases SET due_at = decision_due_at")
    op.alter_column("cases", "due_at", nullable=False)
    op.add_column("cases", sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("known_to", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("prioritised_by", sa.Text(), nullable=True))
    op.drop_index(op.f("ix_cases_status_decision_due_at_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_next"), table_name="cases", postgresql_where="(status = 'unassigned'::text)")
    op.create_index(
        "ix_cases_next",
        "cases",
        ["queue_rank", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'unassigned'"),
    )
    op.create_index(
        "ix_cases_known_to",
        "cases",
        ["known_to", "queue_rank", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'unassigned' AND known_to IS NOT NULL"),
    )
    op.drop_index(op.f("ix_cases_owner"), table_name="cases")
    op.create_index("ix_cases_owner", "cases", ["owner", "due_at", "id"], unique=False)
    op.create_index(op.f("ix_cases_status_due_at_id"), "cases", ["status", "due_at", "id"], unique=False)
    op.create_index(op.f("ix_cases_due_at_id"), "cases", ["due_at", "id"], unique=False)
    op.add_column("person_keys", sa.Column("person", sa.Text(), nullable=True))
    op.execute("UPDATE person_keys SET person = ''")
    op.alter_column("person_keys", "person", nullable=False)
    op.add_column("person_keys", sa.Column("kind", sa.Text(), nullable=True))
    op.execute("UPDATE person_keys SET kind = ''")
    op.alter_column("person_keys", "kind", nullable=False)
    op.drop_constraint("pk_person_keys", "person_keys")
    op.create_primary_key("pk_person_keys", "person_keys", ["digest", "case_id", "person"])


def downgrade() -> None:
    op.drop_constraint("pk_person_keys", "person_keys")
    op.execute(
        "DELETE FROM person_keys a USING person_keys b "
        "WHERE a.ctid > b.ctid AND (a.digest, a.case_id) = (b.digest, b.case_id)"
    )
    op.create_primary_key("pk_person_keys", "person_keys", ["digest", "case_id"])
    op.drop_column("person_keys", "kind")
    op.drop_column("person_keys", "person")
    op.drop_index(op.f("ix_cases_due_at_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_status_due_at_id"), table_name="cases")
    op.drop_index("ix_cases_owner", table_name="cases")
    op.create_index(op.f("ix_cases_owner"), "cases", ["owner", "decision_due_at", "id"], unique=False)
    op.drop_index("ix_cases_next", table_name="cases", postgresql_where=sa.text("status = 'unassigned'"))
    op.create_index(
        op.f("ix_cases_next"),
        "cases",
        ["queue_rank", "decision_due_at", "id"],
        unique=False,
        postgresql_where="(status = 'unassigned'::text)",
    )
    op.create_index(
        op.f("ix_cases_status_decision_due_at_id"), "cases", ["status", "decision_due_at", "id"], unique=False
    )
    op.drop_index("ix_cases_known_to", table_name="cases")
    op.drop_column("cases", "prioritised_by")
    op.drop_column("cases", "known_to")
    op.drop_column("cases", "acknowledged_at")
    op.drop_column("cases", "due_at")
    op.drop_column("cases", "needed_by")
    op.drop_table("information_responses")
    op.drop_index(op.f("ix_parallel_routes_case_id"), table_name="parallel_routes")
    op.drop_table("parallel_routes")
    op.drop_index("ix_pages_next", table_name="pages", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_index(op.f("ix_pages_case_id"), table_name="pages")
    op.drop_table("pages")
    op.drop_index(op.f("ix_notes_case_id"), table_name="notes")
    op.drop_table("notes")
    op.drop_index(
        "ix_new_information_pending",
        table_name="new_information",
        postgresql_where=sa.text("amendment_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_new_information_open", table_name="new_information", postgresql_where=sa.text("acknowledged_at IS NULL")
    )
    op.drop_index(op.f("ix_new_information_case_id"), table_name="new_information")
    op.drop_table("new_information")
    op.drop_index(op.f("ix_links_other_case_id"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_information_requests_case_id"), table_name="information_requests")
    op.drop_index(op.f("ix_information_requests_agency_asked_at_id"), table_name="information_requests")
    op.drop_table("information_requests")
    op.drop_index(
        "ix_clocks_spent", table_name="clocks", postgresql_where=sa.text("ended_at IS NULL AND next_at IS NULL")
    )
    op.drop_index(
        "ix_clocks_running",
        table_name="clocks",
        postgresql_where=sa.text("ended_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index(
        "ix_clocks_next", table_name="clocks", postgresql_where=sa.text("ended_at IS NULL AND next_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_clocks_case_id"), table_name="clocks")
    op.drop_table("clocks")
    op.drop_index(op.f("ix_challenges_case_id"), table_name="challenges")
    op.drop_table("challenges")
    op.drop_index(op.f("ix_acknowledgements_case_id"), table_name="acknowledgements")
    op.drop_table("acknowledgements")
