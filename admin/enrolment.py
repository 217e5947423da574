"""The second factor's beginning: a secret that waits to be confirmed by its first code.

Convention: ``Staff.totp_secret`` empty: none; with ``totp_last`` == PENDING: shown to its owner, not yet confirmed; any
other ``totp_last`` is the time step of the last code that passed, so the secret is confirmed.
"""

from __future__ import annotations

from datetime import datetime

import pyotp
from sqlmodel import Session

from dispatch.models import Staff
from dispatch.services.staff import end_sessions, new_totp_secret
from dispatch.services.tickets import audit

PENDING = -1


def confirmed(staff: Staff) -> bool:
    """Calling this will say whether the account has a second factor in force."""
    return bool(staff.totp_secret) and staff.totp_last != PENDING


def pending(staff: Staff) -> bool:
    """Calling this will say whether a secret waits for its first code."""
    return bool(staff.totp_secret) and staff.totp_last == PENDING


def begin(session: Session, staff: Staff) -> None:
    """Calling this will give an account without a second factor a fresh secret that waits for its first code.

    An unconfirmed earlier one is replaced: whoever saw it may have been somebody else.
    """
    if not confirmed(staff):
        staff.totp_secret = new_totp_secret()
        staff.totp_last = PENDING
        session.add(staff)


def forget(session: Session, now: datetime, staff: Staff, *, by: int) -> None:
    """Calling this will take an account's second factor away (a lost phone) and end its sessions."""
    staff.totp_secret = ""
    staff.totp_last = 0
    session.add(staff)
    end_sessions(session, now, staff)
    audit(session, now, "staff.second_factor_reset", "staff", str(staff.id), staff_id=by)


def groups(secret: str) -> str:
    """Calling this will write a secret in groups of four, as a person types it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def address(secret: str, email: str, issuer: str) -> str:
    """Calling this will give the otpauth address an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)
