"""The citizen's applications: pages, webhooks and health in one, or webhooks and health alone in their own process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from bot import track, uploads, visitor
from bot.bodies import BoundedRequest
from bot.chat import chat
from bot.forms import again, posted_form
from bot.health import health
from bot.hooks import hooks, runtime
from bot.limiter import Limiter
from bot.pages import pages
from bot.services_pages import services
from bot.submission import FILE_BYTES, FILES_BYTES, MOST_BYTES, MOST_FILES, Draft, Fault, megabytes
from dispatch import statics
from dispatch.runtime import Runtime

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: A year, the least browsers' preload lists and ASVS 5.0 (3.4.1) accept.
HSTS = "max-age=31536000; includeSubDomains"
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Posts within ten minutes: of one device, and of one network address, behind which a whole mobile operator may stand.
POSTS_SPAN = timedelta(minutes=10)
POSTS_OF_DEVICE = 30
POSTS_OF_NETWORK = 300
#: Status → the sentence of its page; every other one is our own fault.
SENTENCES: dict[int, str] = {
    400: "web_bad_request",
    404: "web_not_found",
    405: "web_wrong_method",
    413: "web_too_large_error",
    429: "web_rate_limited",
}
LIMITS = {"most_files": MOST_FILES, "file_limit": megabytes(FILE_BYTES), "file_bytes": FILE_BYTES}
OUR_FAULT = "web_server_error"
#: What machines read: their errors are plain text.
MACHINES = ("/hooks/", "/healthz", "/readyz", "/metrics", "/static/", "/unggah")


def create_app(runtime: Runtime) -> Flask:
    """Calling this will make the citizen's whole application around a wired runtime. Opens no connection."""
    app = _bare(runtime, static_folder="static")
    https = runtime.settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=runtime.settings.secret_key,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        SESSION_COOKIE_NAME="__Host-aduan_page" if https else "aduan_page",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        # A page may lie open for days in a village without signal; its token lives as long as the browser's session.
        WTF_CSRF_TIME_LIMIT=None,
        # Our Referrer-Policy keeps browsers from sending what this would demand.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions[track.LIMITER] = track.new_limiter()
    app.extensions[uploads.LIMITER] = uploads.new_limiter()
    app.before_request(_limit_posts(Limiter(POSTS_OF_DEVICE, POSTS_SPAN), Limiter(POSTS_OF_NETWORK, POSTS_SPAN)))
    guard = CSRFProtect(app)
    guard.exempt(hooks)
    app.after_request(visitor.keep_cookies)
    for blueprint in (pages, chat, track.track, uploads.uploads, services):
        app.register_blueprint(blueprint)
    app.context_processor(_context(statics.serve(app)))
    return app


def create_hooks_app(runtime: Runtime) -> Flask:
    """Calling this will make an application of webhooks and health alone, to keep providers apart from pages."""
    return _bare(runtime, static_folder=None)


def _bare(runtime: Runtime, static_folder: str | None) -> Flask:
    app = Flask(__name__, static_folder=static_folder)
    app.request_class = BoundedRequest
    app.extensions["aduan"] = runtime
    app.register_blueprint(hooks)
    app.register_blueprint(health)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _plain_error if static_folder is None else _error)
    if runtime.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=runtime.settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _limit_posts(of_device: Limiter, of_network: Limiter) -> Callable[[], None]:
    def limit() -> None:
        if request.path.startswith("/unggah"):
            request.max_content_length = uploads.MOST_BYTES
        if posted_form() is None:
            return
        now, device = runtime().now(), visitor.known_chat()
        within = of_device.allow(device, now) if device else True
        if not (within and of_network.allow(visitor.network(), now)):
            raise TooManyRequests(retry_after=int(POSTS_SPAN.total_seconds()))

    return limit


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if visitor.secure():
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error(error: HTTPException) -> BaseResponse:
    """Say in plain words what to do; a form that was not taken is shown again with what the citizen wrote."""
    if request.path.startswith(MACHINES):
        return _plain_error(error)
    code = error.code or 500
    response = BaseResponse.force_type(error.get_response(request.environ), request.environ)
    if code < 400:
        return response
    phrase = "web_expired" if isinstance(error, CSRFError) else SENTENCES.get(code, OUR_FAULT)
    values: dict[str, str | int] = {"limit": megabytes(FILES_BYTES)} if code == 413 else {}
    form = posted_form()
    if form is None:
        body = render_template("error.html", phrase=phrase, values=values)
    else:
        body, _ = again(Draft.salvage(form), Fault(phrase, values, code))
    response.set_data(body)
    response.content_type = "text/html; charset=utf-8"
    return response


def _plain_error(error: HTTPException) -> BaseResponse:
    response = BaseResponse.force_type(error.get_response(request.environ), request.environ)
    if (error.code or 500) >= 400:
        response.set_data(f"{error.code} {error.name}\n")
        response.content_type = "text/plain; charset=utf-8"
    return response


def _context(version: str) -> Callable[[], dict[str, Any]]:
    def context() -> dict[str, Any]:
        wired, language = runtime(), visitor.language()

        def say(key: str, **values: str | int) -> str:
            return wired.phrases.say(key, language, **values)

        def moment(instant: datetime) -> str:
            return wired.phrases.moment(instant, language)

        return {
            "say": say,
            "moment": moment,
            "language": language,
            "version": version,
            "region": wired.region,
            **LIMITS,
        }

    return context
