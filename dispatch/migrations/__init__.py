"""Alembic migrations, driven from ``dispatch.db``."""
