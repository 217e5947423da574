"""One raw mail → one event: what came back of our own, a report about a mail of ours, or somebody's message."""

from __future__ import annotations

import hashlib
from datetime import datetime

from channels.mail.headers import Headers, answered_ids, one_address, one_line, own_id, sane_date
from channels.mail.identity import Identity
from channels.mail.loops import Letter, automatic, bounce, local_bouncer, ours, wants_silence
from channels.mail.mime import Part, Reading, open_mail
from channels.mail.quoting import visible
from channels.message import Address, DeliveryReport, Event, InboundMessage, Unreadable

KIND = "mail"
TEXT_MAX = 100_000
SUBJECT_MAX = 300
#: The recipient headers that may hold a reply address; the last two are written by the receiving server.
RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
#: Set on the request (never read from the mail) when only a mail's header was fetched; the value is its size in bytes.
OVERSIZE = "X-Aduan-Oversize"


def external_id(raw: bytes, headers: Headers) -> str:
    """Calling this will give the mail's key: its Message-ID without brackets, or ``sha256:`` and the hash of the whole
    when the header is absent, doubled or odd."""
    return own_id(headers) or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def read_event(raw: bytes, now: datetime, identity: Identity, *, oversize: str = "") -> Event | None:
    """Calling this will translate a raw mail; None when it is one of our own come back. Raises Malformed beyond the
    caps of ``mime.open_mail``; a mail without a usable From becomes Unreadable.

    A delivery report is looked for first: its readable part would pass for a message. A message's ``notes`` name the
    rule by which a machine wrote it, the sender's wish for no automatic answer, and what of the mail was left out.
    """
    root = open_mail(raw)
    headers = Headers(root)
    key = external_id(raw, headers)
    if report := bounce(root, identity):
        return DeliveryReport(
            channel=KIND,
            account=identity.address,
            external_id=key,
            message_id=report.message_id,
            state=report.state,
            occurred_at=sane_date(headers.first("date"), now),
            error_code=report.status,
            key=report.key,
        )
    name, sender = one_address(headers.first("from"))
    sender = sender or local_bouncer(headers, identity)
    letter = Letter(headers, sender, headers.text("subject", SUBJECT_MAX))
    if ours(letter, key, identity):
        return None
    if not sender:
        reason = "the From header names no usable address" if "from" in headers else "the mail has no From header"
        return Unreadable(channel=KIND, account=identity.address, external_id=key, reason=reason)
    return _message(root, letter, key, name, now, identity, oversize)


def _message(
    root: Part, letter: Letter, key: str, name: str, now: datetime, identity: Identity, oversize: str
) -> InboundMessage:
    headers, reading = letter.headers, Reading(root)
    answered = answered_ids(headers)
    # Quotes are cut before the length is: a quote that starts late must still be recognised. Four times the limit
    # bounds the work.
    text = visible(reading.text()[: 4 * TEXT_MAX], reply=bool(answered))
    rule = automatic(letter)
    notes = {
        f"automatic: {rule}": bool(rule),
        "asks for no automatic answer": wants_silence(headers),
        f"only the header was fetched: {one_line(oversize, 20)} bytes are too large": bool(oversize),
        f"the text was cut at {TEXT_MAX} characters": len(text) > TEXT_MAX,
    }
    return InboundMessage(
        channel=KIND,
        account=identity.address,
        external_id=key,
        sender=Address("mailto", letter.sender),
        text=text[:TEXT_MAX],
        sender_name=name,
        subject=letter.subject,
        sent_at=sane_date(headers.first("date"), now),
        attachments=reading.attachments(),
        reply_to=answered,
        thread=identity.ticket_of([value for header in RECIPIENTS for value in headers.all(header)]),
        automatic=bool(rule),
        silent=wants_silence(headers),
        notes=tuple(note for note, holds in notes.items() if holds),
    )
