"""The public pages that hold the report form: what this is, how else to reach us, and what becomes of personal data."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from bot import visitor
from bot.forms import submit
from bot.hooks import runtime
from bot.submission import Draft

pages = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class Way:
    """Calling this will hold another way to report: the channel's name, our address there, a link that opens it."""

    title: str
    account: str
    link: str


def other_ways() -> list[Way]:
    """Calling this will list the configured channels a citizen can write to from a phone."""
    wired = runtime()
    return [
        Way(wired.phrases.channel(channel.kind, visitor.language()), *channel.contact)
        for channel in wired.registry.channels.values()
        if channel.contact[0]
    ]


@pages.get("/")
def home() -> str:
    """Calling this will show the first page, with a blank report form. It asks nothing of the database."""
    visitor.chat()
    return render_template("home.html", draft=Draft.empty(True), ways=other_ways())


@pages.get("/lapor")
def report() -> Response:
    """Calling this will lead to the form: the address of a refused form, opened again, must not be a dead end."""
    return redirect(url_for("pages.home"), 303)


@pages.post("/lapor")
def send_report() -> Response | tuple[str, int]:
    """Calling this will take a report and lead to the chat of this device, where receipt and answer appear."""
    return submit(new=True)


@pages.get("/privasi")
def privacy() -> str:
    """Calling this will show what becomes of personal data (UU 27/2022, articles 20 and 21)."""
    return render_template("privacy.html")
