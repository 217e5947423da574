"""One raw mail → one event: what came back of our own, a report about a mail of ours, or somebody's message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.mail import authentication, bounces
from channels.mail.headers import Headers, answered_ids, one_address, one_line, own_id, sane_date
from channels.mail.identity import Identity
from channels.mail.loops import Letter, automatic, local_bouncer, ours, wants_silence
from channels.mail.mime import Reading, open_mail
from channels.mail.quoting import visible
from channels.message import UNPROVEN, Address, DeliveryReport, Event, InboundMessage, Unreadable

KIND = "mail"
TEXT_MAX = 100_000
SUBJECT_MAX = 300
#: The recipient headers that may hold a reply address; the last two are written by the receiving server.
RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
#: Set on the request, never read from the mail: only a mail's header was fetched (the value is its size in bytes); the
#: envelope it came in (``<>`` for the null sender; recipients with commas between them).
OVERSIZE = "X-Aduan-Oversize"
ENVELOPE_FROM, ENVELOPE_TO = "X-Aduan-Envelope-From", "X-Aduan-Envelope-To"
FORWARDS = ("fw:", "fwd:", "trs:", "tr:", "terusan:", "teruskan:", "dimajukan:")


@dataclass(frozen=True, slots=True)
class Told:
    """Calling this will hold what the reader knows of a mail that the mail itself cannot prove: that it was too large
    (its size as text), the envelope's sender and recipients, and the authserv-id of our own border."""

    oversize: str = ""
    envelope_sender: str = ""
    envelope_recipients: str = ""
    authserv_id: str = ""

    @classmethod
    def read(cls, headers: Mapping[str, str], authserv_id: str) -> Told:
        """Calling this will take it from the headers that our own reader set on a request."""
        return cls(headers.get(OVERSIZE, ""), headers.get(ENVELOPE_FROM, ""), headers.get(ENVELOPE_TO, ""), authserv_id)


def external_id(raw: bytes, headers: Headers) -> str:
    """Calling this will give the mail's key: its Message-ID without brackets, or ``sha256:`` and the hash of the whole
    when the header is absent, doubled or odd."""
    return own_id(headers) or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def read_event(raw: bytes, now: datetime, identity: Identity, told: Told | None = None) -> Event | None:
    """Calling this will translate a raw mail; None when it is one of our own come back. Raises Malformed beyond the
    caps of ``mime.open_mail``; a mail without a usable From becomes Unreadable.

    A delivery report is looked for first: its readable part would pass for a message. A message's ``notes`` name the
    rule by which a machine wrote it, the sender's wish for no automatic answer, whether the sender is proven, and what
    of the mail was left out.
    """
    told = told or Told()
    root = open_mail(raw)
    headers = Headers(root)
    key = external_id(raw, headers)
    recipients = [told.envelope_recipients, *(value for name in RECIPIENTS for value in headers.all(name))]
    bounced = identity.bounced_key(recipients)
    if found := bounces.standard(root, identity, bounced):
        return _report(found, key, headers, now, identity)
    name, sender = one_address(headers.first("from"))
    sender = sender or local_bouncer(headers, identity)
    letter = Letter(headers, sender, headers.text("subject", SUBJECT_MAX), told.envelope_sender)
    if ours(letter, key, identity):
        return None
    if not sender:
        reason = "the From header names no usable address" if "from" in headers else "the mail has no From header"
        return Unreadable(channel=KIND, account=identity.address, external_id=key, reason=reason)
    reading = Reading(root)
    if found := bounces.unstandard(root, letter, reading.text(), identity, bounced):
        return _report(found, key, headers, now, identity)
    return _message(reading, letter, key, name, now, identity, told, recipients)


def _report(found: bounces.Bounce, key: str, headers: Headers, now: datetime, identity: Identity) -> DeliveryReport:
    return DeliveryReport(
        channel=KIND,
        account=identity.address,
        external_id=key,
        message_id=found.message_id,
        state=found.state,
        occurred_at=sane_date(headers.first("date"), now),
        error_code=found.status,
        key=found.key,
    )


def _message(
    reading: Reading,
    letter: Letter,
    key: str,
    name: str,
    now: datetime,
    identity: Identity,
    told: Told,
    recipients: list[str],
) -> InboundMessage:
    headers = letter.headers
    answered = answered_ids(headers)
    bounced = identity.bounced_key(recipients)
    if bounced and identity.message_id(bounced) not in answered:
        # An absence notice goes to the address the mail was sent from, and often names no mail it answers.
        answered = (*answered, identity.message_id(bounced))
    # Quotes are cut before the length is: a quote that starts late must still be recognised. Four times the limit
    # bounds the work.
    forward = letter.subject.lower().startswith(FORWARDS)
    text = visible(reading.text()[: 4 * TEXT_MAX], reply=bool(answered) and not forward, forward=forward)
    rule = automatic(letter)
    dmarc = authentication.verdict(headers, told.authserv_id, letter.sender)
    notes = {
        f"automatic: {rule}": bool(rule),
        "asks for no automatic answer": wants_silence(headers),
        f"dmarc: {dmarc}": bool(told.authserv_id) and dmarc != authentication.PASS,
        UNPROVEN: dmarc != authentication.PASS,
        f"only the header was fetched: {one_line(told.oversize, 20)} bytes": bool(told.oversize),
        f"text cut: {TEXT_MAX} characters": len(text) > TEXT_MAX,
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
        thread=identity.ticket_of(recipients),
        automatic=bool(rule),
        silent=wants_silence(headers),
        notes=(*(note for note, holds in notes.items() if holds), *reading.notes()),
    )
