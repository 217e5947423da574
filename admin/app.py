"""The staff application: everything under /admin, rendered on the server, usable without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from admin import (
    actions,
    alerts,
    auth,
    endings,
    errors,
    failures,
    files,
    formats,
    handovers,
    inbox,
    intake,
    joining,
    lapor,
    navigation,
    people,
    quality,
    quarantine,
    reach,
    reaching,
    responses,
    second_factor,
    ticket,
    triage,
    whose,
    words,
)
from admin.navigation import LANGUAGE_COOKIE, LANGUAGES
from admin.security import EXTENSION, Need, add_headers, allow, gate, viewer_or_none
from admin.translations import FOLDER, compile_catalogs
from dispatch import statics
from dispatch.runtime import Runtime

MAX_BODY = 1_000_000
MAX_FORM_FIELDS = 1_000


def create_app(runtime: Runtime) -> Flask:
    """Calling this will make the staff application around a wired runtime, with all addresses under ``/admin``.

    Compiles the translations when they are older than their sources; raises OSError when it cannot.
    """
    compile_catalogs()
    https = runtime.settings.public_url.startswith("https://")
    app = Flask("admin", root_path=str(Path(__file__).parent), static_url_path="/admin/static")
    app.config.update(
        SECRET_KEY=runtime.settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=MAX_FORM_FIELDS,
        SESSION_COOKIE_NAME="__Host-aduan-form" if https else "aduan_form",
        SESSION_COOKIE_PATH="/" if https else "/admin",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=1),
        # A token lives as long as the browser's session; sign-in sessions end by themselves after half an hour unused.
        WTF_CSRF_TIME_LIMIT=None,
        # Our Referrer-Policy keeps browsers from sending what this demands; ``errors.check_origin`` stands in for it.
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="id",
        BABEL_TRANSLATION_DIRECTORIES=str(FOLDER),
    )
    app.extensions[EXTENSION] = runtime
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["static_version"] = statics.serve(app)
    Babel(app, locale_selector=language_of_request)
    app.before_request(gate)
    app.before_request(endings.widen)
    app.before_request(errors.check_origin)
    CSRFProtect(app)
    app.after_request(add_headers)
    allow(Need.PUBLIC)(app.view_functions["static"])
    modules = (
        auth,
        second_factor,
        inbox,
        intake,
        lapor,
        ticket,
        actions,
        handovers,
        triage,
        responses,
        quality,
        people,
        quarantine,
        files,
        reach,
        whose,
        reaching,
        alerts,
        navigation,
        joining,
    )
    for module in modules:
        app.register_blueprint(module.blueprint, url_prefix="/admin")
    errors.register(app)
    app.context_processor(_context)
    if runtime.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=runtime.settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def language_of_request() -> str:
    """Calling this will choose the reader's language: their account's, else the cookie's, else Indonesian."""
    who = viewer_or_none()
    chosen = (who.language if who else "") or request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else "id"


def _context() -> dict[str, Any]:
    return {
        "viewer": viewer_or_none(),
        "language": language_of_request(),
        "words": words,
        "failures": failures,
        "word": words.word,
        "formats": formats,
        **navigation.context(),
    }
