"""The second factor: enrol an authenticator app, then prove it at every sign-in."""

from __future__ import annotations

from io import BytesIO

import segno
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask import session as form_session
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from admin import enrolment
from admin.formats import clean
from admin.security import Need, allow, runtime, safe_next, set_session, viewer
from dispatch.models import Staff, StaffSession
from dispatch.services import staff as accounts
from dispatch.services.tickets import audit

blueprint = Blueprint("second_factor", __name__)

CODE_LENGTH = 12


@blueprint.get("/second-factor")
@allow(Need.PASSWORD)
def show() -> BaseResponse | str:
    """Calling this will ask for a code, showing the secret first while it waits to be confirmed."""
    with runtime().reading() as session:
        account = session.get_one(Staff, viewer().staff_id)
    if viewer().verified or not (account.totp_secret or runtime().settings.require_totp):
        return redirect(url_for("inbox.tickets"), 303)
    return _page(account, {})


def _page(account: Staff, errors: dict[str, str]) -> str:
    enrolling = enrolment.pending(account)
    secret = enrolment.groups(account.totp_secret) if enrolling else ""
    return render_template(
        "second_factor.html", enrolling=enrolling, start=not account.totp_secret, secret=secret, errors=errors
    )


@blueprint.get("/second-factor/qr.svg")
@allow(Need.PASSWORD)
def picture() -> Response:
    """Calling this will draw the QR code of a secret that waits to be confirmed; afterwards nobody gets it (404)."""
    with runtime().reading() as session:
        account = session.get_one(Staff, viewer().staff_id)
    if viewer().verified or not enrolment.pending(account):
        abort(404)
    address = enrolment.address(account.totp_secret, account.email, f"aduan {runtime().region.short}")
    drawing = BytesIO()
    segno.make(address, error="m").save(
        drawing, kind="svg", scale=6, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return Response(drawing.getvalue(), mimetype="image/svg+xml")


@blueprint.post("/second-factor")
@allow(Need.PASSWORD)
def verify() -> BaseResponse | tuple[str, int]:
    """Calling this will check a code and, when it is right, replace the session by one that counts as verified.

    After five wrong codes the session ends and the answer is 429 for a quarter of an hour.
    """
    wired, now, who = runtime(), runtime().now(), viewer()
    code = clean(request.form.get("code", ""), CODE_LENGTH).replace(" ", "")
    code = code if code.isascii() else ""  # only ASCII can be compared in constant time; a wrong code is a wrong code
    token = ""
    try:
        with wired.writing() as session:
            account = session.get_one(Staff, who.staff_id, with_for_update=True)
            if not account.totp_secret:
                return redirect(url_for("inbox.tickets"), 303)
            enrolling = enrolment.pending(account)
            if accounts.check_totp(session, now, wired.settings.secret_key, account, code):
                row = session.get_one(StaffSession, who.session_id)
                token = accounts.renew(session, now, row, verified=True).token
                audit(
                    session,
                    now,
                    "staff.second_factor_on" if enrolling else "staff.second_factor",
                    "staff",
                    str(account.id),
                    staff_id=account.id,
                )
    except accounts.Throttled:
        with wired.writing() as session:
            accounts.end_session(session, now, session.get_one(StaffSession, who.session_id))
        raise
    if not token:
        message = gettext("The code is wrong or was used already. Wait for the next one and type it in.")
        return _page(account, {"code": message}), 422
    target = safe_next(form_session.get("next"))
    form_session.clear()
    response = make_response(redirect(target or url_for("inbox.tickets"), 303))
    set_session(response, token)
    return response


@blueprint.post("/second-factor/start")
@allow(Need.PASSWORD)
def start() -> BaseResponse:
    """Calling this will begin an enrolment where there is none in force; an account that has one keeps it."""
    with runtime().writing() as session:
        enrolment.begin(session, session.get_one(Staff, viewer().staff_id))
    return redirect(url_for("second_factor.show"), 303)
