"""What a mail server's answer means to us: enhanced status codes (RFC 3463 and its registry), basic replies (RFC 5321)
and our own words for what happens before any answer.

One table serves the answer to a send and the report that comes back later. A full mailbox empties again; a refused
policy does not change by itself.
"""

from __future__ import annotations

from channels.errors import BadAddress, Meaning, Misconfigured, OutcomeUnknown, Permanent, Temporary, by_code

HOUR = 3_600.0

STATUSES = (
    Meaning("5.0.0", "refused without a reason", Permanent),
    Meaning("5.1.0", "something about the address", BadAddress),
    Meaning("5.1.1", "no such mailbox", BadAddress),
    Meaning("5.1.2", "no such domain", BadAddress),
    Meaning("5.1.3", "the address is malformed", BadAddress),
    Meaning("5.1.4", "the address is ambiguous", BadAddress),
    Meaning("5.1.6", "the mailbox moved and left no address", BadAddress),
    Meaning("5.1.7", "our sender address is malformed", Misconfigured),
    Meaning("5.1.8", "our sender's domain does not exist", Misconfigured),
    Meaning("5.1.10", "the domain takes no mail (null MX)", BadAddress),
    Meaning("5.2.0", "something about the mailbox", Permanent),
    Meaning("5.2.1", "the mailbox is switched off", BadAddress),
    Meaning("5.2.2", "the mailbox is full", Temporary, 6 * HOUR),
    Meaning("5.2.3", "longer than this mailbox takes", Permanent),
    Meaning("5.3.0", "something about the other mail system", Permanent),
    Meaning("5.3.2", "the other system takes no mail now", Temporary, HOUR),
    Meaning("5.3.4", "larger than the other system takes", Permanent),
    Meaning("5.4.0", "something about the network", Permanent),
    Meaning("5.4.1", "the other system does not answer for this address", BadAddress),
    Meaning("5.4.4", "the domain cannot be routed to", BadAddress),
    Meaning("5.4.6", "the mail went in circles", Permanent),
    Meaning("5.4.7", "not delivered within the server's time", Permanent),
    Meaning("5.5.0", "something about the conversation of the servers", Permanent),
    Meaning("5.5.1", "the other server did not understand ours", Permanent),
    Meaning("5.5.2", "the other server read a malformed command", Permanent),
    Meaning("5.6.0", "something about the mail's content", Permanent),
    Meaning("5.6.7", "the other system takes no address beyond ASCII", Permanent),
    Meaning("5.7.0", "refused for security", Permanent),
    Meaning("5.7.1", "refused by policy, often as spam", Permanent),
    Meaning("5.7.8", "our sign-in does not hold", Misconfigured),
    Meaning("5.7.20", "refused: our DKIM signature fails", Permanent),
    Meaning("5.7.23", "refused: SPF does not name our server", Permanent),
    Meaning("5.7.25", "refused: our server has no reverse name", Permanent),
    Meaning("5.7.26", "refused: neither SPF nor DKIM holds", Permanent),
    Meaning("4.0.0", "not now, without a reason", Temporary),
    Meaning("4.1.0", "something about the address, for now", Temporary),
    Meaning("4.2.0", "greylisted, or the mailbox is busy", Temporary),
    Meaning("4.2.1", "the mailbox is switched off for now", Temporary, HOUR),
    Meaning("4.2.2", "the mailbox is full", Temporary, 6 * HOUR),
    Meaning("4.3.0", "the other mail system has a fault", Temporary),
    Meaning("4.3.1", "the other system's disk is full", Temporary, HOUR),
    Meaning("4.3.2", "the other system is going down", Temporary),
    Meaning("4.4.0", "something about the network, for now", Temporary),
    Meaning("4.4.1", "the other server does not answer", Temporary),
    Meaning("4.4.2", "the connection broke", Temporary),
    Meaning("4.4.7", "not delivered within the server's time", Temporary),
    Meaning("4.5.0", "something about the conversation, for now", Temporary),
    Meaning("4.7.0", "not now, for security or because of our pace", Temporary, 600.0),
    Meaning("4.7.1", "not now: greylisted or too many mails", Temporary, 600.0),
)
REPLIES = (
    Meaning("421", "the server closes the connection", Temporary),
    Meaning("450", "the mailbox is busy or greylisted", Temporary),
    Meaning("451", "the server has a fault", Temporary),
    Meaning("452", "the server is full", Temporary),
    Meaning("454", "signing in fails for now", Temporary),
    Meaning("455", "the server cannot take this now", Temporary),
    Meaning("500", "command not understood", Permanent),
    Meaning("501", "argument not understood", Permanent),
    Meaning("503", "commands out of order", Permanent),
    Meaning("504", "argument not supported", Permanent),
    Meaning("521", "the host takes no mail", Permanent),
    Meaning("530", "the server wants us to sign in", Misconfigured),
    Meaning("535", "user or password is wrong", Misconfigured),
    Meaning("538", "the server wants TLS before the sign-in", Misconfigured),
    Meaning("541", "refused as spam", Permanent),
    Meaning("550", "no such mailbox, or refused", Permanent),
    Meaning("551", "the person is not here", BadAddress),
    Meaning("552", "too large", Permanent),
    Meaning("553", "the mailbox's name is not allowed", BadAddress),
    Meaning("554", "refused", Permanent),
    Meaning("555", "an option is not known", Permanent),
    Meaning("556", "the domain takes no mail", BadAddress),
)
OWN = (
    Meaning("connection", "the server cannot be reached", Temporary),
    Meaning("tls", "no trusted encryption with the server", Misconfigured),
    Meaning("sign-in", "the server offers no sign-in we know", Misconfigured),
    Meaning("after-content", "no answer after the mail was handed over", OutcomeUnknown),
    Meaning("address", "not one plain mail address", BadAddress),
    Meaning("smtputf8", "the address has letters our server cannot carry", Permanent),
    Meaning("key", "our own key is too long for a Message-ID", Permanent),
)
ERRORS = by_code(STATUSES, REPLIES, OWN)


def nearest(status: str) -> str:
    """Calling this will give the code of the table that a status (``5.4.316``) comes closest to: itself, its subject
    (``5.4.0``), its class (``5.0.0``); anything else unchanged."""
    group, _, rest = status.partition(".")
    subject = rest.partition(".")[0]
    candidates = (status, f"{group}.{subject}.0", f"{group}.0.0")
    return next((each for each in candidates if each in ERRORS), status)
