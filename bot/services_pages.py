"""The public service directory: a search box, a list by field, and a page for each service. It asks no database."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import Blueprint, abort, render_template, request

from bot import visitor
from bot.hooks import runtime
from dispatch import directory
from dispatch.region import Service

#: How much of a search is looked at, and how many services it shows.
LONGEST_SEARCH = 200
SHOWN = 5

services = Blueprint("services", __name__)


@services.get("/layanan")
def index() -> str:
    """Calling this will list the services by field; ``?q=`` puts those nearest to a question before them."""
    region, language = runtime().region, visitor.language()
    typed = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    fields = [
        (name[language], [each for each in region.services.values() if each.field == code])
        for code, name in sorted(region.fields.items(), key=lambda item: item[1][language])
    ]
    found = directory.best(region, typed, SHOWN) if typed else []
    return render_template("services.html", typed=typed, found=found, fields=fields)


@services.get("/layanan/<code>")
def show(code: str) -> str:
    """Calling this will show what is known of one service; an unknown code is not found."""
    service = runtime().region.services.get(code)
    if service is None:
        abort(404)
    rows = directory.rows(service, visitor.language())
    return render_template("service.html", service=service, rows=rows, **_written(service))


def _written(service: Service) -> dict[str, Any]:
    """The day as the region writes it: noon of it, so that no zone moves it."""
    wired = runtime()
    noon = datetime.combine(service.checked, time(12), wired.region.zone)
    return {"checked": wired.phrases.date(noon, visitor.language())}
