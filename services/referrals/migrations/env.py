"""Alembic's way in: the referrals service's own tables and the shared ones."""

from services.referrals.models import Base
from shared.migrations import run_migrations

run_migrations(Base.metadata)
