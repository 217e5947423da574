"""Run migrations on the engine that ``dispatch.db`` hands over."""

from typing import Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from dispatch.models import UtcDateTime, metadata


def _render(kind: str, item: object, _: object) -> str | Literal[False]:
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def _run() -> None:
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
            render_item=_render,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
