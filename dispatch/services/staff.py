"""Members of staff: accounts, passwords, sign-in, sessions, second factor, and which agencies' tickets they may see."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from channels.text import clean
from dispatch.db import stored_id
from dispatch.models import LoginAttempt, Position, Role, Staff, StaffAgency, StaffSession
from dispatch.region import Region
from dispatch.scope import Scope
from dispatch.services.trail import audit

#: OWASP ASVS 5.0, 6.2.1, 6.2.5, 6.2.9, 6.2.10: at least 12 characters, long ones allowed, no composition rules, no
#: expiry.
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 10
TRIES_PER_NETWORK = 30
TOTP_TRIES = 5

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: Each hash takes 19 MiB and a core: two at a time, so that a burst of sign-ins cannot take the machine down.
_hashing = BoundedSemaphore(2)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1zYWx0LWhlcmU$6c8Q1yCGJiIXh3CM0cA1ciXFLGd6kFDyyCbgnGDAK7Q"


class StaffFault(ValueError):
    """Calling this will refuse a change to an account; ``key`` names the sentence the reader sees."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Throttled(Exception):
    """Calling this will say that there were too many failed sign-ins for this account or network in a quarter of an
    hour.
    """


@dataclass(frozen=True, slots=True)
class Signed:
    """Calling this will hold a fresh sign-in: the token for the browser's cookie and the stored session."""

    token: str
    session: StaffSession
    staff: Staff


def add(
    session: Session,
    region: Region,
    now: datetime,
    *,
    email: str,
    role: str,
    password: str,
    agencies: Sequence[str] = (),
    name: str = "",
    must_change: bool = False,
    position: str = "",
) -> Staff:
    """Calling this will make an account; without a ``position`` it stands on the lowest rung its role has.

    Raises StaffFault: bad or taken email, weak password, unknown role, agency or position.
    """
    email = email.strip().lower()
    shaped = email.count("@") == 1 and all(email.split("@")) and len(email) <= 254
    if not shaped or not email.isprintable() or any(c.isspace() for c in email):
        raise StaffFault("email", f"{email!r} is not an email address")
    if not name.isprintable():
        raise StaffFault("email", "the name holds characters that cannot be shown")
    if role not in set(Role):
        raise StaffFault("role", f"unknown role {role!r}: choose {', '.join(Role)}")
    position = position or (Position.SUPERVISOR if role == Role.SUPERVISOR else Position.OFFICER)
    if position not in set(Position):
        raise StaffFault("position", f"unknown position {position!r}: choose {', '.join(Position)}")
    unknown = [code for code in agencies if code not in region.agencies or not region.agencies[code].ours]
    if unknown:
        raise StaffFault("agency", f"unknown agency {', '.join(unknown)}: aduan region show lists them")
    if role == Role.OFFICER and not agencies:
        raise StaffFault("agency", "an officer works for at least one agency: give --opd CODE")
    check_password(password, email)
    if session.scalars(select(Staff).where(col(Staff.email) == email)).first():
        raise StaffFault("taken", f"{email} has an account already")
    row = Staff(
        email=email,
        name=name or email.split("@")[0],
        role=role,
        password_hash=_hash(password),
        must_change=must_change,
        created_at=now,
        position=position,
    )
    session.add(row)
    session.flush()
    for code in dict.fromkeys(agencies):
        session.add(StaffAgency(staff_id=stored_id(row.id), agency=code))
    audit(session, now, "staff.add", "staff", str(row.id), detail={"role": role, "agencies": list(agencies)})
    return row


def check_password(password: str, email: str) -> None:
    """Calling this will return if a password is long and not obvious. Raises StaffFault."""
    if len(password) < SHORTEST_PASSWORD:
        raise StaffFault("password_short", f"the password needs at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise StaffFault("password_long", f"the password may have at most {LONGEST_PASSWORD} characters")
    folded = password.casefold()
    name = email.split("@")[0].casefold()
    # A name of three letters or fewer is in many a good password by chance.
    if len(set(folded)) < 5 or (len(name) > 3 and name in folded):
        raise StaffFault("password_obvious", "the password is too easy to guess")


def set_password(session: Session, now: datetime, staff: Staff, password: str, *, must_change: bool = False) -> None:
    """Calling this will change a password and end every session of the account. Raises StaffFault for a weak one."""
    check_password(password, staff.email)
    staff.password_hash = _hash(password)
    staff.must_change = must_change
    session.add(staff)
    end_sessions(session, now, staff)
    audit(session, now, "staff.password", "staff", str(staff.id))


def set_disabled(session: Session, now: datetime, staff: Staff, disabled: bool) -> None:
    """Calling this will close or reopen an account; closing ends its sessions at their next request.

    Raises StaffFault when it is the last administrator.
    """
    if disabled and staff.role == Role.ADMIN:
        others = select(func.count()).where(
            col(Staff.role) == Role.ADMIN, col(Staff.disabled_at).is_(None), col(Staff.id) != staff.id
        )
        if session.scalar(others) == 0:
            raise StaffFault("last_admin", "this is the last administrator: add another first")
    staff.disabled_at = now if disabled else None
    session.add(staff)
    if disabled:
        end_sessions(session, now, staff)
    audit(session, now, "staff.disable" if disabled else "staff.enable", "staff", str(staff.id))


def set_position(session: Session, now: datetime, staff: Staff, position: str, *, by: int | None = None) -> None:
    """Calling this will put somebody on a rung of the ladder of escalation. Raises StaffFault for an unknown one."""
    if position not in set(Position):
        raise StaffFault("position", f"unknown position {position!r}: choose {', '.join(Position)}")
    staff.position = position
    session.add(staff)
    audit(session, now, "staff.position", "staff", str(staff.id), staff_id=by, detail={"position": position})


def sign_in(session: Session, now: datetime, secret: str, *, email: str, password: str, network: str) -> Signed | None:
    """Calling this will check a password and open a session; None when email or password is wrong, whichever it was.

    The same work is done for an unknown account. Raises Throttled before any password is looked at.
    """
    email = clean(email).strip().lower()
    keys = {_key(secret, "account", email): TRIES_PER_ACCOUNT, _key(secret, "network", network): TRIES_PER_NETWORK}
    for key, most in keys.items():
        recent = select(func.count()).where(col(LoginAttempt.key) == key, col(LoginAttempt.at) > now - WINDOW)
        if (session.scalar(recent) or 0) >= most:
            raise Throttled
    staff = session.scalars(select(Staff).where(col(Staff.email) == email, col(Staff.disabled_at).is_(None))).first()
    if not _matches(staff.password_hash if staff else _NOBODY, password) or staff is None:
        session.add_all(LoginAttempt(key=key, at=now) for key in keys)
        audit(session, now, "staff.sign_in_failed", "staff", str(staff.id) if staff else "")
        return None
    session.execute(delete(LoginAttempt).where(col(LoginAttempt.key) == _key(secret, "account", email)))
    staff.last_login_at = now
    session.add(staff)
    audit(session, now, "staff.sign_in", "staff", str(staff.id), staff_id=staff.id)
    return _open(session, now, staff, verified=False)


def renew(session: Session, now: datetime, old: StaffSession, *, verified: bool) -> Signed:
    """Calling this will replace a session by a new one (after a second factor or a new password); the old one ends."""
    staff = session.get_one(Staff, old.staff_id)
    end_session(session, now, old)
    return _open(session, now, staff, verified=verified)


def find_session(session: Session, now: datetime, token: str) -> tuple[StaffSession, Staff] | None:
    """Calling this will give the living session of a cookie's token with its owner; None when ended, idle too long, too
    old
    or of a closed account."""
    row = session.scalars(select(StaffSession).where(col(StaffSession.token_hash) == _digest(token))).first()
    if row is None or row.ended_at is not None or now - row.seen_at > IDLE or now - row.created_at > ABSOLUTE:
        return None
    staff = session.get(Staff, row.staff_id)
    return (row, staff) if staff is not None and staff.disabled_at is None else None


def touch(session: Session, now: datetime, session_id: int) -> None:
    """Calling this will note that a session was used just now."""
    session.execute(update(StaffSession).where(col(StaffSession.id) == session_id).values(seen_at=now))


def end_session(session: Session, now: datetime, row: StaffSession) -> None:
    """Calling this will end one session."""
    session.execute(update(StaffSession).where(col(StaffSession.id) == row.id).values(ended_at=now))


def end_sessions(session: Session, now: datetime, staff: Staff) -> None:
    """Calling this will end every session of an account."""
    living = col(StaffSession.staff_id) == staff.id, col(StaffSession.ended_at).is_(None)
    session.execute(update(StaffSession).where(*living).values(ended_at=now))


def new_totp_secret() -> str:
    """Calling this will make a secret for an authenticator app (160 bits, base32; RFC 4226 section 4)."""
    return pyotp.random_base32()


def check_totp(session: Session, now: datetime, secret: str, staff: Staff, code: str, totp_secret: str = "") -> bool:
    """Calling this will check a six-digit code of RFC 6238, one step of 30 s either way; each code passes once.

    Raises Throttled after five wrong codes in a quarter of an hour.
    """
    key = _key(secret, "totp", str(staff.id))
    recent = select(func.count()).where(col(LoginAttempt.key) == key, col(LoginAttempt.at) > now - WINDOW)
    if (session.scalar(recent) or 0) >= TOTP_TRIES:
        raise Throttled
    totp = pyotp.TOTP(totp_secret or staff.totp_secret)
    step = int(now.timestamp()) // 30
    given = code.strip().encode("utf-8", "replace")
    for counter in (step - 1, step, step + 1):
        if hmac.compare_digest(totp.at(counter * 30).encode(), given) and _use_up(session, staff, counter):
            return True
    session.add(LoginAttempt(key=key, at=now))
    return False


def _use_up(session: Session, staff: Staff, counter: int) -> bool:
    """One conditional update, so that of two requests with the same code only one passes (ASVS 6.5.1)."""
    fresh = col(Staff.id) == staff.id, col(Staff.totp_last) < counter
    done = session.execute(update(Staff).where(*fresh).values(totp_last=counter))
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def scope_of(session: Session, region: Region, staff: Staff) -> Scope:
    """Calling this will say whose tickets somebody sees: an officer their agencies', a supervisor theirs and those that
    these watch over or, with none named, the whole region's, an administrator all. The region's desk also sees what was
    forwarded outside local government. Secret reports among them only who is on the list (``Staff.sees_secret``)."""
    names, secret = staff.role == Role.ADMIN, staff.sees_secret
    if names:
        return Scope(None, secret, names)
    named = frozenset(session.scalars(select(col(StaffAgency.agency)).where(col(StaffAgency.staff_id) == staff.id)))
    if staff.role == Role.SUPERVISOR and not named:
        return Scope(None, secret)
    mine = named
    if staff.role == Role.SUPERVISOR:
        named |= {agency.code for agency in region.agencies.values() if agency.supervisor in mine}
    if region.desk in named:
        named |= {agency.code for agency in region.agencies.values() if not agency.ours}
    return Scope(named, secret, complained_about=mine)


def set_sees_secret(session: Session, now: datetime, staff: Staff, sees: bool, *, by: int | None = None) -> None:
    """Calling this will put somebody on the list of those who may read secret reports, or take them off it."""
    staff.sees_secret = sees
    session.add(staff)
    audit(session, now, "staff.secret", "staff", str(staff.id), staff_id=by, detail={"sees": sees})


def _open(session: Session, now: datetime, staff: Staff, *, verified: bool) -> Signed:
    token = secrets.token_urlsafe(32)
    row = StaffSession(
        token_hash=_digest(token), staff_id=stored_id(staff.id), verified=verified, created_at=now, seen_at=now
    )
    session.add(row)
    session.flush()
    return Signed(token, row, staff)


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _matches(stored: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        password = password[:LONGEST_PASSWORD] + "\x00"  # never equal, at the same cost
    try:
        with _hashing:
            return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _key(secret: str, kind: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{kind}|{value}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
