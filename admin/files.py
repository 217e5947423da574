"""Attachments: only for those who may see the ticket, always as a download, under a name of our own making."""

from __future__ import annotations

from flask import Blueprint, Response, abort, send_file
from sqlalchemy import select
from sqlmodel import col

from admin.security import Need, allow, runtime, viewer
from dispatch.models import AttachmentState, Message, StoredAttachment, Ticket
from dispatch.services.media import path_of

blueprint = Blueprint("files", __name__)

#: Type by content → the ending of the name we give; everything else is bytes to a browser.
ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/amr": ".amr",
    "video/mp4": ".mp4",
}
CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"


@blueprint.get("/attachments/<int(max=2147483647):attachment_id>")
@allow(Need.STAFF)
def download(attachment_id: int) -> Response:
    """Calling this will send a stored attachment's bytes; 404 unless its ticket is the reader's to see and it is here.

    A download is never shown in place (ASVS 5.0, 3.2.1).
    """
    wired = runtime()
    query = (
        select(StoredAttachment, Ticket)
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(col(StoredAttachment.id) == attachment_id)
    )
    with wired.reading() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        abort(404)
    row, ticket = found
    path = path_of(wired.settings.media, row.sha256) if row.state == AttachmentState.STORED else None
    if path is None or not viewer().scope.sees(ticket.agency) or not path.is_file():
        abort(404)
    name = f"{ticket.number}-{row.id}{ENDINGS.get(row.content_type, '.bin')}"
    kind = row.content_type if row.content_type in ENDINGS else "application/octet-stream"
    response = send_file(path, mimetype=kind, as_attachment=True, download_name=name, max_age=0, etag=False)
    response.headers["Content-Security-Policy"] = CSP
    return response
