"""The texts approved at a provider, as last listed there: what can be sent is known before it is tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from channels.templates import Template
from dispatch.models import StoredTemplate


def sync(session: Session, now: datetime, provider: str, found: Sequence[Template]) -> int:
    """Calling this will replace the stored list of a provider by what was found there now; returns how many texts.

    A text listed twice in one language counts once, the last time it stands there.
    """
    session.execute(delete(StoredTemplate).where(col(StoredTemplate.provider) == provider))
    kept = {(each.key, each.language): each for each in found}
    for each in kept.values():
        session.add(
            StoredTemplate(
                provider=provider,
                key=each.key,
                name=each.name,
                language=each.language,
                status=each.status,
                category=each.category,
                parts=list(each.parts),
                synced_at=now,
            )
        )
    session.flush()
    return len(kept)


def stored(session: Session, provider: str, key: str = "") -> list[Template]:
    """Calling this will give the stored texts of a provider, or those named ``key`` in each of their languages."""
    query = select(StoredTemplate).where(col(StoredTemplate.provider) == provider)
    if key:
        query = query.where(col(StoredTemplate.key) == key)
    order = col(StoredTemplate.name), col(StoredTemplate.language), col(StoredTemplate.id)
    return [
        Template(row.key, row.name, row.language, row.status, row.category, tuple(row.parts))
        for row in session.scalars(query.order_by(*order))
    ]


def faults(session: Session, provider: str, key: str, variables: Sequence[str]) -> list[str]:
    """Calling this will list why a text cannot be sent with these values, one sentence each; empty when it can.

    Of a text in several languages one that can be sent is enough.
    """
    found = stored(session, provider, key)
    if not found:
        return [_unknown(session, provider, key)]
    each = [template.faults(variables) for template in found]
    return min(each, key=len)


def _unknown(session: Session, provider: str, key: str) -> str:
    at = session.scalar(select(func.max(StoredTemplate.synced_at)).where(col(StoredTemplate.provider) == provider))
    listed = f"last listed {at:%Y-%m-%d %H:%M} UTC" if at else "never listed, or empty"
    return f"the template {key} is not in the list of {provider} ({listed}): run aduan channels templates"
