"""The two forms of the pages: taking what was posted, and showing it again, words and all, when it was not taken."""

from __future__ import annotations

import logging

from flask import render_template, request
from sqlalchemy.exc import SQLAlchemyError

from bot import visitor
from bot.submission import Draft, Fault

log = logging.getLogger("aduan.pages")

#: Address a form posts to → whether it is the report form.
FORMS: dict[str, bool] = {"/lapor": True, "/obrolan": False}


def posted_form() -> bool | None:
    """Calling this will say which form the request at hand posts: the report (True), the chat (False), or none."""
    return FORMS.get(request.path) if request.method == "POST" else None


def submit(new: bool) -> tuple[Draft, Fault | None]:
    """Calling this will take the posted form of the request at hand; the fault says why it was not taken."""
    draft = Draft.read(new)
    fault = draft.fault()
    if fault is None:
        try:
            draft.hand_over(visitor.chat(), visitor.chosen_language())
        except (SQLAlchemyError, OSError) as error:
            log.error("not recorded", extra={"channel": "web", "error": type(error).__name__})
            fault = Fault("web_server_error", {}, 503)
    return draft, fault


def again(draft: Draft, fault: Fault) -> tuple[str, int]:
    """Calling this will show a form once more: what is wrong, and everything the citizen wrote. Needs no database."""
    visitor.chat()
    return render_template("again.html", draft=draft, fault=fault, photo_lost=bool(draft.files)), fault.status
