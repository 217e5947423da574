"""What our readers cannot show in full is never out of reach: staff read the beginning and can have the whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.door import pulled, take
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.mail import Mail
from channels.registry import Registry
from dispatch.models import Audit, EventState, InboundEvent, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from dispatch.services import inbound
from tests.admin.conftest import Browser, one_database
from tests.support.desk import rows

Make = Callable[..., Browser]
WORDS = "Jalan rusak parah di Juata Laut Tarakan"
#: More HTML than is read: a page of styles that an office program pastes around three lines.
LONG_HTML = f"<html><p>{WORDS}</p>{'<p class=MsoNormal>&nbsp;</p>' * 20_000}</html>".encode()


def arrives(runtime: Runtime, raw: bytes) -> None:
    """A mail comes in by the mail channel itself, and the workers do what is due."""
    mail = Mail({"MAIL_FROM": "aduan@lapor.contoh.go.id", "SMTP_URL": "smtp://127.0.0.1:1"}, "https://x.invalid")
    runtime.__dict__["registry"] = Registry({"mail": mail})
    take(runtime, mail, pulled(runtime, raw, {}))
    drain_inbound(runtime)
    drain_media(runtime)


@one_database
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_html_too_long_to_clean_is_read_at_its_beginning_and_kept_whole(
    trained: Runtime, signed_in: Make, charset: str
) -> None:
    head = f"From: siti@contoh.id\r\nMessage-ID: <p@contoh.id>\r\nContent-Type: text/html; charset={charset}\r\n\r\n"
    arrives(trained, head.encode() + LONG_HTML)
    [ticket] = rows(trained, Ticket)
    assert WORDS in ticket.summary
    [file] = rows(trained, StoredAttachment)
    officer = signed_in(agencies=(ticket.agency,))
    page = officer.get(f"/admin/tickets/{ticket.number}").text
    assert WORDS in page
    assert "here is the beginning" in page
    whole = officer.get(f"/admin/attachments/{file.id}")
    assert whole.data.strip() == LONG_HTML
    assert whole.mimetype == "application/octet-stream"
    assert whole.headers["Content-Disposition"].startswith("attachment;")


def quarantined(runtime: Runtime, raw: bytes) -> None:
    with runtime.writing() as session:
        inbound.quarantine(
            session, runtime.now(), channel="mail", account="a", raw=raw, content_type="message/rfc822", reason="odd"
        )


def downloads(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.reading() as session:
        query = select(Audit).where(col(Audit.action) == "event.download")
        return [(row.subject, row.subject_id) for row in session.scalars(query)]


def test_what_cannot_be_read_can_be_downloaded_whole_and_that_is_written_down(
    runtime: Runtime, signed_in: Make
) -> None:
    raw = b"<script>alert(1)</script>\xff\x00" + b"x" * 50_000
    quarantined(runtime, raw)
    supervisor = signed_in(role="supervisor")
    assert "/admin/quarantine/1/original" in supervisor.get("/admin/quarantine").text
    assert downloads(runtime) == []
    response = supervisor.get("/admin/quarantine/1/original")
    assert response.data == raw
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment; filename=event-1.bin"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert downloads(runtime) == [("event", "1")]


@one_database
@pytest.mark.parametrize("state", [EventState.NEW, EventState.DONE, EventState.DISCARDED, "erased"])
def test_only_what_lies_in_quarantine_is_handed_out(runtime: Runtime, signed_in: Make, state: str) -> None:
    quarantined(runtime, b"x")
    with runtime.writing() as session:
        row = session.get_one(InboundEvent, 1)
        row.state, row.raw = (EventState.QUARANTINED, b"") if state == "erased" else (state, row.raw)
        session.add(row)
    assert signed_in(role="admin").get("/admin/quarantine/1/original").status_code == 404
    assert downloads(runtime) == []
