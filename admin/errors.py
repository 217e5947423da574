"""Error pages in the reader's language that say what to do, and never lose what somebody wrote."""

from __future__ import annotations

import logging

from flask import Flask, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from admin.formats import clean
from admin.security import SAFE_METHODS, network, safe_next, same_site
from dispatch.services.staff import Throttled

log = logging.getLogger("aduan.admin")

#: Fields that hold somebody's own sentences: given back when the form they stood in cannot be taken.
KEPT_FIELDS = ("reply", "note")
KEPT_LENGTH = 10_000
RETRY_AFTER = "900"


def check_origin() -> None:
    """Calling this will refuse a changing request that the browser says comes from another site (400)."""
    if request.method not in SAFE_METHODS and not same_site():
        raise CSRFError(description="cross-site")


def register(app: Flask) -> None:
    """Calling this will give an application its error pages."""
    for code in (401, 403, 404, 405, 413):
        app.register_error_handler(code, _plain)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(Throttled, _throttled)
    app.register_error_handler(500, _fault)


def _sentences(code: int) -> tuple[str, str]:
    table = {
        401: (
            gettext("You are signed out"),
            gettext(
                "Your session ended, for safety after half an hour without use. "
                "Sign in again, then repeat the last step."
            ),
        ),
        403: (
            gettext("This page is not for your account"),
            gettext("Ask an administrator if you need it for your work."),
        ),
        404: (
            gettext("There is nothing here for you"),
            gettext(
                "The address may be mistyped, or the ticket belongs to another agency now. "
                "Look for it in the ticket list."
            ),
        ),
        405: (gettext("That cannot be done this way"), gettext("Go back to the page and use its buttons.")),
        413: (gettext("That is too much at once"), gettext("Shorten the text and send it again.")),
        429: (
            gettext("Too many attempts"),
            gettext(
                "For safety, wait a quarter of an hour and try again. If this was not you, tell your administrator."
            ),
        ),
    }
    return table.get(code, (gettext("That did not work"), gettext("Go back to the page and try again.")))


def _page(code: int, title: str, advice: str, *, kept: str = "", back: str = "") -> tuple[str, int]:
    return render_template("error.html", title=title, advice=advice, kept=kept, back=back), code


def _plain(error: HTTPException) -> BaseResponse | tuple[str, int] | tuple[str, int, dict[str, str]]:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    back = ""
    kept = ""
    if code == 401:
        back = url_for("auth.login", next=safe_next(_page_of_form()))
        kept = _kept()
        if not kept:
            return redirect(back, 303)
    title, advice = _sentences(code)
    body, status = _page(code, title, advice, kept=kept, back=back)
    # A method that is not allowed must be answered with those that are (RFC 9110, 15.5.6).
    extra = {name: value for name, value in error.get_headers() if name == "Allow"}
    return body, status, extra


def _form_expired(error: CSRFError) -> tuple[str, int]:
    title = gettext("The form is no longer valid")
    advice = gettext(
        "It was open for too long, or you signed in or out in another window. Nothing was saved. "
        "Open the page again and repeat the last step."
    )
    return _page(400, title, advice, kept=_kept(), back=safe_next(_page_of_form()) or url_for("navigation.root"))


def _throttled(error: Throttled) -> tuple[str, int, dict[str, str]]:
    log.warning("too many attempts", extra={"network": network()})
    title, advice = _sentences(429)
    return *_page(429, title, advice), {"Retry-After": RETRY_AFTER}


def _fault(error: InternalServerError) -> tuple[str, int]:
    """The traceback was logged by Flask; the page must not touch what may be broken, such as the database."""
    title = gettext("Our fault")
    advice = gettext(
        "Something broke on our side. Nothing of this step was saved. "
        "Try again in a moment; if it stays, tell your administrator."
    )
    return _page(500, title, advice, kept=_kept())


def _page_of_form() -> str:
    """The page a form was on: forms post to their page's address or to one step below it."""
    path = request.path
    return path if safe_next(path) else path.rpartition("/")[0]


def _kept() -> str:
    """What the reader had written, if the browser vouches that it was on our own page: nobody else puts words there."""
    if not same_site():
        return ""
    try:
        return next((clean(request.form[name], KEPT_LENGTH) for name in KEPT_FIELDS if request.form.get(name)), "")
    except RequestEntityTooLarge:
        return ""
