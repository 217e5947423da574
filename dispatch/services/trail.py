"""The audit trail: what staff and the system did, one line each."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from dispatch.models import Audit


def audit(
    session: Session,
    now: datetime,
    action: str,
    subject: str,
    subject_id: str,
    *,
    staff_id: int | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Calling this will append a line to the audit trail; ``detail`` must hold no personal data."""
    session.add(
        Audit(at=now, staff_id=staff_id, action=action, subject=subject, subject_id=subject_id, detail=detail or {})
    )
