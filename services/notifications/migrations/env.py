"""Alembic's way in: notifications' own tables and the shared ones."""

from services.notifications.models import Base
from shared.db import run_migrations

run_migrations(Base.metadata)
