"""The two forms of the pages: taking what was posted, and showing it again, words and all, when it was not taken."""

from __future__ import annotations

import logging

from flask import jsonify, redirect, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from bot import visitor
from bot.submission import FILES_BYTES, Draft, Fault, megabytes
from dispatch.services.uploads import Gone, TooLarge

log = logging.getLogger("aduan.pages")

#: Address a form posts to → whether it is the report form.
FORMS: dict[str, bool] = {"/lapor": True, "/obrolan": False}
#: What our script asks for: where a page leads to would tell it nothing about who answered.
SCRIPT = "application/json"


def posted_form() -> bool | None:
    """Calling this will say which form the request at hand posts: the report (True), the chat (False), or none."""
    return FORMS.get(request.path) if request.method == "POST" else None


def submit(new: bool) -> Response | tuple[str, int]:
    """Calling this will take the posted form of the request at hand and lead to the chat, or show the form again.

    Our script is told the key of what was taken, so that it forgets its copy only when we have it.
    """
    draft, fault = _take(new)
    if fault is not None:
        return again(draft, fault)
    if request.headers.get("Accept") == SCRIPT:
        return jsonify(taken=draft.key, next=url_for("chat.show"))
    return redirect(url_for("chat.show"), 303)


def _take(new: bool) -> tuple[Draft, Fault | None]:
    draft = Draft.read(new)
    fault = draft.fault()
    if fault is None:
        try:
            draft.hand_over(visitor.chat(), visitor.chosen_language())
        except Gone:
            fault = Fault("web_photo_gone", {}, 409, "photo")
        except TooLarge:
            fault = Fault("web_too_large_error", {"limit": megabytes(FILES_BYTES)}, 413, "photo")
        except (SQLAlchemyError, OSError) as error:
            log.error("not recorded", extra={"channel": "web", "error": type(error).__name__})
            fault = Fault("web_server_error", {}, 503)
    return draft, fault


def again(draft: Draft, fault: Fault) -> tuple[str, int]:
    """Calling this will show a form once more: what is wrong, and everything the citizen wrote. Needs no database."""
    visitor.chat()
    return render_template("again.html", draft=draft, fault=fault, photo_lost=bool(draft.files)), fault.status
