"""Alembic's way in: triage's own tables and the shared ones."""

from services.triage.models import Base
from shared.migrations import run_migrations

run_migrations(Base.metadata)
