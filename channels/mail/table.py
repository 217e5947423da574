"""What can arrive in a mailbox and what becomes of it: rows of the coverage page, each with a mail that shows it."""

from __future__ import annotations

from channels.coverage import Becomes, Group, Handled


def _rows(group: Group, becomes: Becomes, *rows: tuple[str, str, str]) -> tuple[Handled, ...]:
    return tuple(Handled(group, name, becomes, how, example) for name, how, example in rows)


MESSAGES = _rows(
    Group.MESSAGE,
    Becomes.MESSAGE,
    ("text/plain", "any of some forty character sets, else UTF-8, else windows-1252", "plain-utf8"),
    ("text/plain, quoted-printable", "decoded", "plain-quoted-printable"),
    ("text/plain, base64", "decoded, also when damaged", "plain-base64-damaged"),
    ("text/plain, character set unknown or wrong", "the next that fits", "charset-unknown"),
    ("text/plain, koi8-r, gb2312, big5, iso-2022-jp", "decoded", "charset-iso-2022-jp"),
    ("text/html", "as text; nothing is loaded or run", "html-only"),
    ("multipart/alternative", "the plain text unless it is blank", "alternative-plain-and-html"),
    ("multipart/mixed", "text and attachments", "mixed-text-image-text"),
    ("multipart/related", "pictures in the text are attachments", "related-inline-images"),
    ("picture of a signature", "an attachment below 5 kB, noted as hardly evidence", "signature-logo-by-content-id"),
    ("multipart without a boundary", "its source is the text", "boundary-missing"),
    ("image, video, audio, document", "attachment", "attachment-octet-stream-photo"),
    ("file name by RFC 2231 or RFC 2047", "decoded, without folders or hidden marks", "name-rfc2231-in-pieces"),
    ("text/vcard", "attachment: a contact", "vcard"),
    ("text/calendar", "attachment", "calendar-invitation"),
    ("winmail.dat", "its text and files; kept whole when not all of it opens", "winmail-dat-with-a-photo"),
    ("uuencoded file in the text", "attachment", "uuencoded-photo"),
    ("message/rfc822", "attachment; its text when nothing else was written", "forwarded-as-attachment-only"),
    ("forward in the text", "kept whole; who forwards is the sender", "forward-outlook-id"),
    ("multipart/signed (S/MIME)", "the text; noted: the signature is not checked", "smime-signed"),
    ("multipart/signed (PGP)", "the text; noted: the signature is not checked", "pgp-signed"),
    ("application/pkcs7-mime, signed", "attachment, noted", "smime-one-block"),
    ("application/pkcs7-mime, encrypted", "attachment, noted as unreadable", "smime-encrypted"),
    ("multipart/encrypted (PGP)", "attachments, noted as unreadable", "pgp-encrypted"),
    ("reply with the mail it answers quoted", "what was written this time", "reply-gmail-id"),
    ("reply to a signed address", "belongs to its ticket, if the sender does", "reply-address-genuine"),
    ("SMTPUTF8 sender", "kept; answered where the submission server can", "utf8-address"),
    ("no text at all", "the subject speaks", "empty-body"),
    ("Message-ID absent or doubled", "known by the hash of the mail", "no-message-id"),
    ("X-Auto-Response-Suppress", "a ticket, but nothing automatic is answered", "asks-for-silence"),
    ("X-Aduan-* from outside", "dropped", "marks-of-ours-by-a-stranger"),
    ("any other type", "attachment", "attachment-hidden-direction"),
)
MACHINES = _rows(
    Group.EVENT,
    Becomes.MESSAGE,
    ("absence notice", "kept with its ticket, never answered; without a ticket in quarantine", "absence-exchange"),
    ("absence notice by its subject alone", "the same", "absence-without-marks"),
    ("Precedence: bulk, junk, list, auto_reply", "the same", "vacation-precedence"),
    ("List-* headers", "the same", "list-mail"),
    ("null sender", "the same", "null-sender"),
    ("no-reply sender", "the same", "no-reply-sender"),
    ("another installation of this system", "the same, so that two do not answer each other", "other-instance"),
    ("read receipt", "the same", "read-receipt"),
    ("feedback report (ARF)", "the same", "alike-abuse-report"),
    ("bounce of a mail that is not ours", "the same", "bounce-of-a-stranger"),
)
REPORTS = _rows(
    Group.EVENT,
    Becomes.DELIVERY,
    ("RFC 3464: failed", "failed, with its status", "bounce-failed"),
    ("RFC 3464: failed, headers returned only", "failed", "bounce-headers-only"),
    ("RFC 3464: failed, to our signed sender", "failed", "bounce-report-signed-address"),
    ("RFC 3464: delayed", "still under way", "bounce-delayed"),
    ("RFC 3464: delivered", "delivered", "report-delivered"),
    ("RFC 3464: relayed, expanded", "sent", "report-relayed"),
    ("bounce of qmail", "failed", "bounce-qmail-ours"),
    ("bounce of Exim", "failed", "bounce-exim"),
    ("delay notice of Exim", "still under way", "bounce-exim-delay"),
    ("bounce of sendmail", "failed", "bounce-sendmail-old"),
    ("bounce of Postfix in words", "failed", "bounce-postfix-local"),
    ("bounce of Exchange", "failed", "bounce-exchange"),
    ("bounce of Gmail in words", "failed", "bounce-gmail-text"),
    ("bounce of Yahoo", "failed", "bounce-yahoo"),
    ("any other bounce to our signed sender", "failed", "bounce-signed-address"),
)
REST = (
    *_rows(
        Group.EVENT,
        Becomes.QUARANTINE,
        ("no From header", "with its reason", "no-from"),
        ("From without an address", "with its reason", "from-without-address"),
    ),
    *_rows(
        Group.EVENT,
        Becomes.NOTHING,
        ("our own mail come back", "it is our own words", "own-copy"),
        ("our own mail through a list", "it is our own words", "own-id-through-a-list"),
    ),
    *_rows(
        Group.STATE,
        Becomes.DELIVERY,
        ("accepted by the submission server", "sent", ""),
        ("refused by the submission server", "failed or tried again, by the table of errors", ""),
        ("no answer after the content", "uncertain, never sent again by itself", ""),
        ("an action no standard knows", "unknown: nothing changes", ""),
    ),
)
HANDLED = (*MESSAGES, *MACHINES, *REPORTS, *REST)
