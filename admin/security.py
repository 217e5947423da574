"""Who is asking, and may they: sessions, the permission each view declares, redirects and headers.

Deny by default: a view without a declared need answers nobody.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from admin.enrolment import confirmed
from dispatch.models import Role, Staff, StaffSession
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.scope import Scope
from dispatch.services import staff as accounts

View = TypeVar("View", bound=Callable[..., Any])
EXTENSION = "aduan"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_EVERY = timedelta(minutes=1)
#: A year, the least browsers' preload lists and ASVS 5.0 (3.4.1) accept.
HSTS = "max-age=31536000; includeSubDomains"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Need(StrEnum):
    """What a view asks of the person who calls it."""

    PUBLIC = "public"
    PASSWORD = "password"  # noqa: S105 - signed in with a password, the second factor may still be missing
    CHANGE = "change"  # second factor passed; a one-time password may still have to be changed
    STAFF = "staff"
    DESK = "desk"  # sees the tickets of the region's desk
    SUPERVISOR = "supervisor"  # watches over agencies, theirs or all
    REGION = "region"  # watches over the whole region
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Calling this will hold the person behind a request, as their session and account were when it came."""

    staff_id: int
    session_id: int
    email: str
    name: str
    role: str
    language: str
    verified: bool
    must_change: bool
    second_factor: bool
    scope: Scope
    desk: str

    @property
    def region_wide(self) -> bool:
        """Calling this will say whether this person watches over the whole region."""
        return self.role in (Role.SUPERVISOR, Role.ADMIN) and self.scope.agencies is None


PERMITS: dict[Need, Callable[[Viewer], bool]] = {
    Need.PUBLIC: lambda viewer: True,
    Need.PASSWORD: lambda viewer: True,
    Need.CHANGE: lambda viewer: True,
    Need.STAFF: lambda viewer: True,
    Need.DESK: lambda viewer: viewer.scope.sees(viewer.desk),
    Need.SUPERVISOR: lambda viewer: viewer.role in (Role.SUPERVISOR, Role.ADMIN),
    Need.REGION: lambda viewer: viewer.region_wide,
    Need.ADMIN: lambda viewer: viewer.role == Role.ADMIN,
}


def allow(need: Need) -> Callable[[View], View]:
    """Calling this will declare what a view needs; the gate refuses views that declare nothing."""

    def declare(view: View) -> View:
        view.need = need  # type: ignore[attr-defined]
        return view

    return declare


public = allow(Need.PUBLIC)


def need_of(app: Flask, endpoint: str) -> Need | None:
    """Calling this will give what a view declared, None when it declared nothing."""
    found: Need | None = getattr(app.view_functions.get(endpoint), "need", None)
    return found


def runtime() -> Runtime:
    """Calling this will give the runtime this application was made with."""
    found: Runtime = current_app.extensions[EXTENSION]
    return found


def viewer_or_none() -> Viewer | None:
    """Calling this will give the person behind the request, None for a stranger."""
    found: Viewer | None = g.get("viewer")
    return found


def viewer() -> Viewer:
    """Calling this will give the person behind a request that got past the gate. Raises 403 when there is none."""
    found = viewer_or_none()
    if found is None:
        abort(403)
    return found


def cookie_name() -> str:
    """Calling this will name the session cookie; ``__Host-`` is possible only over https (RFC 6265bis, 4.1.3.2)."""
    return "__Host-aduan" if secure() else "aduan"


def secure() -> bool:
    """Calling this will say whether the public address is https."""
    return runtime().settings.public_url.startswith("https://")


def set_session(response: BaseResponse, token: str) -> None:
    """Calling this will give the browser its session token, for as long as it stays open."""
    response.set_cookie(
        cookie_name(), token, path="/" if secure() else "/admin", secure=secure(), httponly=True, samesite="Lax"
    )


def drop_session(response: BaseResponse) -> None:
    """Calling this will take the token out of the browser."""
    response.delete_cookie(
        cookie_name(), path="/" if secure() else "/admin", secure=secure(), httponly=True, samesite="Lax"
    )


def network() -> str:
    """Calling this will name the caller's network for throttling: /24 of IPv4, /64 of IPv6 (one person's)."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    bits = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, bits), strict=False))


def safe_next(target: str | None) -> str | None:
    """Calling this will return ``target`` if it is the path of one of our own pages, and None otherwise.

    Browsers read ``//host``, ``/\\host`` and paths with control characters as other sites; redirect() checks nothing.
    """
    if not target or not re.match(r"/(?![/\\])", target) or re.search(r"[\\\x00-\x20\x7f]", target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    try:
        endpoint, _ = current_app.url_map.bind("localhost").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return target if need_of(current_app, endpoint) not in (None, Need.PUBLIC, Need.PASSWORD) else None


def same_site() -> bool:
    """Calling this will say whether the browser vouches that a request comes from our own pages.

    ``Origin`` alone cannot: with ``Referrer-Policy: no-referrer`` browsers send ``null`` for our own forms too.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    own = {runtime().settings.public_url.lower(), request.host_url.rstrip("/").lower()}
    return origin == "null" or any(urlsplit(origin.lower())[:2] == urlsplit(url)[:2] for url in own)


def load_viewer(session: Session, region: Region, row: StaffSession, staff: Staff) -> Viewer:
    """Calling this will make the person of a session and an account, with the agencies they may see now."""
    return Viewer(
        staff_id=staff.id or 0,
        session_id=row.id or 0,
        email=staff.email,
        name=staff.name,
        role=staff.role,
        language=staff.language,
        verified=row.verified,
        must_change=staff.must_change,
        second_factor=confirmed(staff),
        scope=accounts.scope_of(session, region, staff),
        desk=region.desk,
    )


def gate() -> BaseResponse | None:
    """Calling this will find out who asks and stop what the view's declared need forbids. Runs before every request."""
    g.viewer = None
    token = request.cookies.get(cookie_name(), "")
    if token and request.endpoint != "static":
        wired, now = runtime(), runtime().now()
        with wired.reading() as session:
            found = accounts.find_session(session, now, token)
            if found is not None:
                g.viewer = load_viewer(session, wired.region, *found)
        if found is not None and now - found[0].seen_at >= TOUCH_EVERY:
            with wired.writing() as session:
                accounts.touch(session, now, g.viewer.session_id)
    if request.endpoint is None:
        return None  # an unknown address or method: Flask answers 404 or 405
    need = need_of(current_app, request.endpoint)
    if need is None:
        abort(403)
    return _stop(need, viewer_or_none())


def _stop(need: Need, who: Viewer | None) -> BaseResponse | None:
    """A table in code: the first row that applies sends the person to the step they have not taken yet."""
    if need is Need.PUBLIC:
        return None
    if who is None:
        if request.method not in SAFE_METHODS:
            abort(401)
        return redirect(url_for("auth.login", next=safe_next(request.full_path.rstrip("?"))), 302)
    if need is Need.PASSWORD:
        return None
    if not who.verified and (runtime().settings.require_totp or who.second_factor):
        return redirect(url_for("second_factor.show"), 303)
    if need is Need.CHANGE:
        return None
    if who.must_change:
        return redirect(url_for("auth.password"), 303)
    if not PERMITS[need](who):
        abort(403)
    return None


def add_headers(response: Response) -> Response:
    """Calling this will put the protective headers on a response, errors and files included."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.endpoint != "static" or response.status_code >= 400:
        headers["Cache-Control"] = "no-store"
    if secure():
        headers["Strict-Transport-Security"] = HSTS
    return response
