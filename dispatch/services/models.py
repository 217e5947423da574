"""Rows about trained classifiers: which serves, which was refused and why, and whose turn the nightly training is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from dispatch.models import Cursor, Heartbeat, Label, ModelState, ModelVersion
from dispatch.services import leases
from dispatch.services.tickets import audit

#: The lease that one machine holds while it trains, and the day of the last night's training.
TRAINING = "retraining"
#: The sign of life that holds what the night's training told, and how that begins when it failed.
NIGHT = "learning"
FAILED = "failed: "
LONGEST = timedelta(hours=1)


def serves(
    session: Session,
    now: datetime,
    version: str,
    *,
    taught: int = 0,
    local: int = 0,
    figures: Mapping[str, Any] | None = None,
    reason: str = "",
) -> ModelVersion:
    """Calling this will note that a version serves; the one that served until now is replaced."""
    others = col(ModelVersion.state) == ModelState.SERVING, col(ModelVersion.version) != version
    session.execute(update(ModelVersion).where(*others).values(state=ModelState.REPLACED, changed_at=now))
    row = find(session, version)
    if row is None:
        row = ModelVersion(
            version=version,
            state=ModelState.SERVING,
            taught=taught,
            local=local,
            figures=dict(figures or {}),
            reason=reason,
            trained_at=now,
            changed_at=now,
        )
    elif row.state != ModelState.SERVING:
        row.state, row.changed_at = ModelState.SERVING, now
    session.add(row)
    session.flush()
    return row


def refuse(
    session: Session, now: datetime, version: str, *, taught: int, local: int, figures: Mapping[str, Any], reason: str
) -> ModelVersion:
    """Calling this will note a candidate that does not serve, with its figures and why not."""
    row = find(session, version)
    if row is None:
        row = ModelVersion(version=version, state=ModelState.REFUSED, trained_at=now, changed_at=now)
    if row.state == ModelState.REFUSED:
        row.trained_at = row.changed_at = now
        row.taught, row.local, row.figures, row.reason = taught, local, dict(figures), reason
    session.add(row)
    session.flush()
    return row


def rolled_back(session: Session, now: datetime, before: str, version: str, *, staff_id: int | None) -> None:
    """Calling this will note that a person took ``before`` out of service and lets ``version`` serve."""
    serves(session, now, version)
    row = find(session, before)
    if row is not None:
        row.state, row.changed_at, row.staff_id = ModelState.WITHDRAWN, now, staff_id
        session.add(row)
    detail: dict[str, object] = {"from": before}
    audit(session, now, "classifier.rollback", "model", version, staff_id=staff_id, detail=detail)


def find(session: Session, version: str) -> ModelVersion | None:
    """Calling this will find a version's row."""
    return session.scalars(select(ModelVersion).where(col(ModelVersion.version) == version)).one_or_none()


def listing(session: Session, most: int = 50) -> Sequence[ModelVersion]:
    """Calling this will list the last versions, newest first."""
    query = select(ModelVersion).order_by(col(ModelVersion.trained_at).desc(), col(ModelVersion.id).desc())
    return session.scalars(query.limit(most)).all()


def last_training(session: Session) -> str:
    """Calling this will give what the last night's training told, beginning "failed" when it did; empty before the
    first."""
    row = session.get(Heartbeat, NIGHT)
    return row.detail if row else ""


def new_labels(session: Session) -> int:
    """Calling this will count the tickets about which something was said since a version was last trained on them."""
    trained = select(func.max(ModelVersion.trained_at)).where(col(ModelVersion.local) > 0)
    since = session.scalar(trained)
    query = select(func.count(func.distinct(Label.ticket_id))).where(col(Label.withdrawn_at).is_(None))
    return session.scalar(query.where(col(Label.at) > since) if since else query) or 0


def begin(session: Session, now: datetime, holder: str, night: date | None = None) -> bool:
    """Calling this will take the turn to train, for an hour at most; False while another machine has it.

    With ``night`` it is that night's one training: False also when it was done already, here or elsewhere.
    """
    if not leases.take(session, now, TRAINING, holder, LONGEST):
        return False
    if night is None:
        return True
    row = session.get(Cursor, TRAINING)
    if row is not None and row.value >= night.isoformat():
        leases.leave(session, TRAINING, holder)
        return False
    session.merge(Cursor(name=TRAINING, value=night.isoformat(), updated_at=now))
    return True


def end(session: Session, holder: str) -> None:
    """Calling this will give the turn back."""
    leases.leave(session, TRAINING, holder)
