"""Attachments: only for those who may see the ticket, under a name of our own making.

A download is never shown in place (ASVS 5.0, 3.2.1) and stands in the audit trail, for with it the file leaves this
house (UU 27/2022, article 31). What is shown in place is what we wrote ourselves, a picture written anew or its
preview, or a sound, which no browser runs; looking at it is looking at the ticket and stands nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request, send_file
from sqlalchemy import select
from sqlmodel import col

from admin.security import Need, allow, runtime, viewer
from dispatch.filetypes import UNKNOWN
from dispatch.models import AttachmentState, Message, StoredAttachment, Ticket
from dispatch.services import apart
from dispatch.services.media import path_of
from dispatch.services.tickets import audit

blueprint = Blueprint("files", __name__)

_OFFICE = "application/vnd.openxmlformats-officedocument."
#: Type by content → the ending of the name we give; everything else is bytes to a browser.
ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/rtf": ".rtf",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/webm": ".weba",
    "audio/wav": ".wav",
    "audio/amr": ".amr",
    "audio/3gpp": ".3gp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
    "text/vcard": ".vcf",
    "message/rfc822": ".eml",
}
#: Sounds that browsers play by themselves; AMR and 3GPP are not among them.
PLAYABLE = frozenset({"audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/webm", "audio/wav"})
CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"
_ADDRESS = "/attachments/<int(max=2147483647):attachment_id>"


@blueprint.get(_ADDRESS)
@allow(Need.STAFF)
def download(attachment_id: int) -> Response:
    """Calling this will send a stored file's bytes; 404 unless its ticket is the reader's to see and it is here."""
    row, ticket = _found(attachment_id)
    path = _path(row.sha256)
    if request.method == "GET":
        wired = runtime()
        with wired.writing() as session:
            audit(
                session,
                wired.now(),
                "attachment.download",
                "ticket",
                ticket.number,
                staff_id=viewer().staff_id,
                detail={"attachment": row.id},
            )
    return _send(row, ticket, path, row.content_type, in_place=False)


@blueprint.get(f"{_ADDRESS}/show")
@allow(Need.STAFF)
def show(attachment_id: int) -> Response:
    """Calling this will send what may be shown in place: a picture we wrote anew, or a sound, whole or in parts
    (``Range``). 404 for anything else."""
    row, ticket = _found(attachment_id)
    if not (row.preview or row.content_type in PLAYABLE):
        abort(404)
    return _send(row, ticket, _path(row.sha256), row.content_type, in_place=True)


@blueprint.get(f"{_ADDRESS}/preview")
@allow(Need.STAFF)
def preview(attachment_id: int) -> Response:
    """Calling this will send a picture's small copy. 404 for what has none."""
    row, ticket = _found(attachment_id)
    if not row.preview:
        abort(404)
    return _send(row, ticket, _path(row.preview), "image/jpeg", in_place=True)


def _found(attachment_id: int) -> tuple[StoredAttachment, Ticket]:
    query = (
        select(StoredAttachment, Ticket)
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(col(StoredAttachment.id) == attachment_id)
    )
    with runtime().reading() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        abort(404)
    row, ticket = found
    if row.state != AttachmentState.STORED or not _readable(ticket):
        abort(404)
    return row, ticket


def _readable(ticket: Ticket) -> bool:
    """Whose ticket it is sees its files; so does who works on a part of it."""
    scope = viewer().scope
    if scope.reads(ticket):
        return True
    with runtime().reading() as session:
        found = session.scalars(select(Ticket).where(col(Ticket.parent_id) == ticket.id)).all()
    region = runtime().region
    return any(scope.reads(part) and not apart.withheld(region, ticket, part.agency) for part in found)


def _path(digest: str) -> Path:
    path = path_of(runtime().settings.media, digest)
    if not path.is_file():
        abort(404)
    return path


def _send(row: StoredAttachment, ticket: Ticket, path: Path, content_type: str, *, in_place: bool) -> Response:
    known = content_type in ENDINGS
    response = send_file(
        path,
        mimetype=content_type if known else UNKNOWN,
        as_attachment=not in_place,
        download_name=f"{ticket.number}-{row.id}{ENDINGS.get(content_type, '.bin')}",
        max_age=0,
        etag=False,
    )
    response.headers["Content-Security-Policy"] = CSP
    return response
