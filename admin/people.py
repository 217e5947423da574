"""Accounts of staff, for administrators: add, close, reset. A password is shown once and must be changed at sign-in."""

from __future__ import annotations

import secrets
from collections import defaultdict

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as BaseResponse

from admin import enrolment
from admin.formats import clean
from admin.security import Need, allow, runtime, viewer
from admin.words import FAULTS
from dispatch import numbers
from dispatch.models import Role, Staff, StaffAgency
from dispatch.services import staff as accounts
from dispatch.services.staff import StaffFault
from dispatch.services.tickets import audit

blueprint = Blueprint("people", __name__)

EMAIL_LENGTH = 254
NAME_LENGTH = 120
_GROUPS = 4

Outcome = BaseResponse | str | tuple[str, int]


@blueprint.get("/staff")
@allow(Need.ADMIN)
def show() -> str:
    """Calling this will list all accounts, with the form for a new one."""
    return _page()


def _page(errors: dict[str, str] | None = None, password: str = "", of: str = "") -> str:
    wired = runtime()
    with wired.reading() as session:
        rows = session.scalars(select(Staff).order_by(col(Staff.disabled_at).is_not(None), col(Staff.email))).all()
        agencies: defaultdict[int, list[str]] = defaultdict(list)
        for row in session.scalars(select(StaffAgency)):
            known = wired.region.agencies.get(row.agency)
            agencies[row.staff_id].append(known.short if known else row.agency)
    typed = request.form if errors else {}
    return render_template(
        "staff.html",
        rows=rows,
        agencies=agencies,
        confirmed=enrolment.confirmed,
        choices=[agency for agency in wired.region.agencies.values() if agency.ours],
        chosen=request.form.getlist("agencies") if errors else [],
        roles=tuple(Role),
        errors=errors or {},
        typed=typed,
        password=password,
        of=of,
        region=wired.region,
    )


def one_time_password() -> str:
    """Calling this will make a password of 16 characters (79 random bits) that can be read out over a phone."""
    return "-".join("".join(secrets.choice(numbers.ALPHABET) for _ in range(4)) for _ in range(_GROUPS))


@blueprint.post("/staff")
@allow(Need.ADMIN)
def add() -> Outcome:
    """Calling this will make an account and show its one-time password, this once."""
    wired, now = runtime(), runtime().now()
    password = one_time_password()
    email = clean(request.form.get("email", ""), EMAIL_LENGTH).strip()
    try:
        with wired.writing() as session:
            row = accounts.add(
                session,
                wired.region,
                now,
                email=email,
                name=clean(request.form.get("name", ""), NAME_LENGTH).strip(),
                role=request.form.get("role", ""),
                position=request.form.get("position", ""),
                agencies=request.form.getlist("agencies"),
                password=password,
                must_change=True,
            )
            audit(session, now, "staff.added_by", "staff", str(row.id), staff_id=viewer().staff_id)
    except StaffFault as fault:
        return _page({_FIELDS.get(fault.key, fault.key): str(FAULTS[fault.key])}), 422
    return _page(password=password, of=row.email)


#: Key of a fault → the field it stands at, where they differ.
_FIELDS = {"taken": "email", "agency": "agencies"}


@blueprint.post("/staff/<int(max=2147483647):staff_id>/disable")
@allow(Need.ADMIN)
def disable(staff_id: int) -> Outcome:
    """Calling this will close an account: its sessions end at once. The last administrator's stays open (422)."""
    return _set_disabled(staff_id, disabled=True)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/enable")
@allow(Need.ADMIN)
def enable(staff_id: int) -> Outcome:
    """Calling this will open a closed account again."""
    return _set_disabled(staff_id, disabled=False)


def _set_disabled(staff_id: int, *, disabled: bool) -> Outcome:
    wired, now = runtime(), runtime().now()
    try:
        with wired.writing() as session:
            row = _account(session, staff_id)
            accounts.set_disabled(session, now, row, disabled)
            audit(
                session,
                now,
                "staff.closed_by" if disabled else "staff.opened_by",
                "staff",
                str(row.id),
                staff_id=viewer().staff_id,
            )
    except StaffFault as fault:
        return _page({"accounts": str(FAULTS[fault.key])}), 422
    flash(gettext("The account is closed.") if disabled else gettext("The account is open again."))
    return redirect(url_for("people.show"), 303)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/reset")
@allow(Need.ADMIN)
def reset(staff_id: int) -> Outcome:
    """Calling this will give an account a new one-time password, shown this once; its sessions end."""
    wired, now = runtime(), runtime().now()
    password = one_time_password()
    with wired.writing() as session:
        row = _account(session, staff_id)
        accounts.set_password(session, now, row, password, must_change=True)
        audit(session, now, "staff.reset_by", "staff", str(row.id), staff_id=viewer().staff_id)
    return _page(password=password, of=row.email)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/second-factor")
@allow(Need.ADMIN)
def reset_second_factor(staff_id: int) -> Outcome:
    """Calling this will take away the second factor of somebody who lost their phone; their sessions end."""
    wired = runtime()
    with wired.writing() as session:
        enrolment.forget(session, wired.now(), _account(session, staff_id), by=viewer().staff_id)
    flash(gettext("The second step is taken away. At the next sign-in a new one is set up, if the server demands it."))
    return redirect(url_for("people.show"), 303)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/sessions")
@allow(Need.ADMIN)
def end_sessions(staff_id: int) -> Outcome:
    """Calling this will sign somebody out everywhere."""
    wired, now = runtime(), runtime().now()
    with wired.writing() as session:
        row = _account(session, staff_id)
        accounts.end_sessions(session, now, row)
        audit(session, now, "staff.sessions_ended_by", "staff", str(row.id), staff_id=viewer().staff_id)
    flash(gettext("All sessions of the account have ended."))
    return redirect(url_for("people.show"), 303)


def _account(session: Session, staff_id: int) -> Staff:
    row = session.get(Staff, staff_id)
    if row is None:
        abort(404)
    return row
