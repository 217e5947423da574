"""Sign-in and out, one's own password, one's own sessions."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask import session as form_session
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import col
from werkzeug.wrappers import Response as BaseResponse

from admin import enrolment
from admin.formats import clean
from admin.security import (
    Need,
    Viewer,
    allow,
    drop_session,
    network,
    public,
    runtime,
    safe_next,
    set_session,
    viewer,
    viewer_or_none,
)
from admin.words import FAULTS
from dispatch.models import Staff, StaffSession
from dispatch.services import staff as accounts

blueprint = Blueprint("auth", __name__)

EMAIL_LENGTH = 254
#: Longer than any password may be, so that one that is too long is refused and not cut to one that passes.
PASSWORD_LENGTH = 1_000


@blueprint.get("/login")
@public
def login() -> BaseResponse | str:
    """Calling this will show the sign-in form, or the tickets to whoever is signed in already."""
    if viewer_or_none() is not None:
        return redirect(url_for("inbox.tickets"), 302)
    return _login_page()


def _login_page(errors: dict[str, str] | None = None, email: str = "") -> str:
    target = safe_next(request.values.get("next")) or ""
    return render_template("login.html", errors=errors or {}, email=email, next=target)


@blueprint.post("/login")
@public
def sign_in() -> BaseResponse | tuple[str, int]:
    """Calling this will sign a person in: new session, new token, new form session; the old ones end.

    Raises Throttled (429) after too many failures of the account or the network.
    """
    email = clean(request.form.get("email", ""), EMAIL_LENGTH)
    password = request.form.get("password", "")[:PASSWORD_LENGTH]
    now, wired, before = runtime().now(), runtime(), viewer_or_none()
    with wired.writing() as session:
        signed = accounts.sign_in(
            session, now, wired.settings.secret_key, email=email, password=password, network=network()
        )
        if signed is not None:
            if before is not None:
                accounts.end_session(session, now, session.get_one(StaffSession, before.session_id))
            if wired.settings.require_totp:
                enrolment.begin(session, signed.staff)
    if signed is None:
        # One sentence for every cause: it must not tell which addresses have accounts.
        return _login_page({"email": gettext("Email or password is wrong.")}, email), 422
    target = safe_next(request.form.get("next")) or url_for("inbox.tickets")
    form_session.clear()
    form_session["next"] = target  # the second factor may come in between
    response = make_response(redirect(target, 303))
    set_session(response, signed.token)
    return response


@blueprint.post("/logout")
@allow(Need.PASSWORD)
def logout() -> BaseResponse:
    """Calling this will end the session here and in the browser."""
    wired, who = runtime(), viewer()
    with wired.writing() as session:
        accounts.end_session(session, wired.now(), session.get_one(StaffSession, who.session_id))
    form_session.clear()
    response = make_response(redirect(url_for("auth.login"), 303))
    drop_session(response)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@blueprint.get("/password")
@allow(Need.CHANGE)
def password() -> str:
    """Calling this will show the form for a new password."""
    return render_template("password.html", errors={})


@blueprint.post("/password")
@allow(Need.CHANGE)
def change_password() -> BaseResponse | tuple[str, int]:
    """Calling this will change one's own password; every session of the account ends, this browser gets a new one.

    Raises Throttled (429): the old password is checked like a sign-in.
    """
    who = viewer()
    old = request.form.get("old", "")[:PASSWORD_LENGTH]
    new = request.form.get("new", "")[:PASSWORD_LENGTH]
    errors = _password_faults(who, old, new, request.form.get("repeat", "")[:PASSWORD_LENGTH])
    token = None if errors else _replace_password(who, old, new)
    if token is None:
        errors = errors or {"old": gettext("The present password is wrong.")}
        return render_template("password.html", errors=errors), 422
    flash(gettext("Your password is changed. All your other sessions have ended."))
    form_session.pop("csrf_token", None)
    response = make_response(redirect(url_for("inbox.tickets"), 303))
    set_session(response, token)
    return response


def _replace_password(who: Viewer, old: str, new: str) -> str | None:
    """The token of the session that replaces all others; None when the old password is wrong."""
    wired, now = runtime(), runtime().now()
    with wired.writing() as session:
        signed = accounts.sign_in(
            session, now, wired.settings.secret_key, email=who.email, password=old, network=network()
        )
        if signed is None:
            return None
        accounts.set_password(session, now, signed.staff, new)
        return accounts.renew(session, now, signed.session, verified=who.verified).token


def _password_faults(who: Viewer, old: str, new: str, repeat: str) -> dict[str, str]:
    try:
        accounts.check_password(new, who.email)
    except accounts.StaffFault as fault:
        return {"new": str(FAULTS[fault.key])}
    if new == old:
        return {"new": gettext("Choose a password other than the present one.")}
    if new != repeat:
        return {"repeat": gettext("The two new passwords are not the same.")}
    return {}


@blueprint.get("/account")
@allow(Need.STAFF)
def account() -> str:
    """Calling this will show one's own account: sessions that live, second factor, language."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.reading() as session:
        rows = session.scalars(
            select(StaffSession)
            .where(
                col(StaffSession.staff_id) == who.staff_id,
                col(StaffSession.ended_at).is_(None),
                col(StaffSession.seen_at) > now - accounts.IDLE,
                col(StaffSession.created_at) > now - accounts.ABSOLUTE,
            )
            .order_by(col(StaffSession.id).desc())
        ).all()
        me = session.get_one(Staff, who.staff_id)
    return render_template("account.html", sessions=rows, me=me, region=wired.region)


@blueprint.post("/account/sessions/<int(max=2147483647):session_id>/end")
@allow(Need.STAFF)
def end_session(session_id: int) -> BaseResponse:
    """Calling this will end one of one's own sessions; somebody else's does not exist here."""
    wired, who = runtime(), viewer()
    with wired.writing() as session:
        row = session.get(StaffSession, session_id)
        if row is not None and row.staff_id == who.staff_id:
            accounts.end_session(session, wired.now(), row)
    flash(gettext("The session has ended."))
    return redirect(url_for("auth.account"), 303)


@blueprint.post("/account/sessions/end-others")
@allow(Need.STAFF)
def end_other_sessions() -> BaseResponse:
    """Calling this will end every session of one's own but this one."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.writing() as session:
        accounts.end_sessions(session, now, session.get_one(Staff, who.staff_id))
        fresh = accounts.renew(session, now, session.get_one(StaffSession, who.session_id), verified=who.verified)
    flash(gettext("All other sessions have ended."))
    response = make_response(redirect(url_for("auth.account"), 303))
    set_session(response, fresh.token)
    return response
