"""What Twilio's codes mean for the sender: in the answer to a send as in a status callback that comes later.

Sources: twilio.com/docs/api/errors, …/docs/whatsapp/api/error-code-mapping. A code that is not here is permanent and
keeps its number.
"""

from __future__ import annotations

from collections.abc import Iterator

from channels.errors import (
    BadAddress,
    Meaning,
    Misconfigured,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
    by_code,
)

_HOUR = 3_600.0


def _rows(error: type[SendError], texts: dict[str, str], wait: float | None = None) -> Iterator[Meaning]:
    return (Meaning(code, text, error, wait) for code, text in texts.items())


_WINDOW = {
    "63016": "more than 24 hours since the person wrote: only an approved template passes",
}
_TOO_FAST = {
    "429": "too many requests",
    "20429": "too many requests to the API",
    "21611": "the sender's queue is full",
    "30001": "the queue overflowed",
    "30022": "the sender is faster than the network allows",
    "63017": "the account sends too fast",
    "63018": "the WhatsApp sender sends too fast",
}
_DAY_USED_UP = {
    "63038": "the account's messages of the day are used up (trial accounts)",
}
_LATER = {
    "30003": "the phone is off or out of reach",
    "30008": "the network does not say why",
    "30017": "the network is congested",
    "30036": "the message waited longer than it is valid",
    "30410": "the network did not answer in time",
    "63009": "WhatsApp answered with an error of its own",
    "63010": "the provider failed inside",
    "63012": "WhatsApp failed inside",
}
_STOPPED = {
    "21610": "the person opted out at the provider",
    "63014": "the person blocked us",
    "63033": "the person is blocked for us",
}
_NOBODY = {
    "21211": "the recipient is no phone number",
    "21614": "the recipient is no mobile number",
    "63003": "no such address on WhatsApp",
    "63024": "the number is not on WhatsApp",
}
_OPERATOR = {
    "401": "not signed in: compare account id and token",
    "403": "not allowed with this account or token",
    "404": "no such account or resource",
    "11200": "the provider could not reach our webhook",
    "14101": "the provider could not use our webhook's answer",
    "20003": "wrong account id or token",
    "20005": "the account is not active",
    "20403": "the account may not do this",
    "20404": "no such account or resource",
    "21212": "our sender is no phone number",
    "21601": "our sender cannot send SMS",
    "21603": "the sender is missing",
    "21606": "our sender cannot send messages",
    "21608": "a trial account sends only to numbers verified in the console",
    "21609": "the status callback is no address: PUBLIC_URL must be public",
    "21659": "our sender is not a number of the provider",
    "21660": "our sender belongs to another account",
    "30002": "the account is suspended",
    "30024": "the sender is not registered with the network",
    "30034": "the sender is not registered for this country",
    "63001": "WhatsApp does not accept the sender's own sign-in",
    "63002": "our sender is not on WhatsApp",
    "63007": "no such WhatsApp sender in the account",
    "63008": "the WhatsApp sender is set up by half",
    "63015": "sandbox: the person has not joined it",
    "63020": "the invitation in Meta's Business Manager is not accepted",
    "63022": "the sender's name is not verified at Meta",
}
_TEMPLATE = {
    "21654": "the template's id is missing",
    "21655": "no such template in the account",
    "21656": "the template's values are not accepted",
    "63013": "against WhatsApp's policy: the account or template must be looked at",
    "63027": "the template is not there in this language",
    "63028": "the template takes another number of values",
    "63029": "the phone could not load the template",
    "63030": "the template takes values of another type",
    "63040": "the template was rejected",
    "63041": "the template is paused for its quality",
    "63042": "the template is disabled",
}
_NEVER = {
    "21408": "the recipient's country is not enabled",
    "21602": "the text is missing",
    "21604": "the recipient is missing",
    "21612": "our sender does not reach this recipient",
    "21617": "longer than 1,600 characters",
    "21619": "neither text nor file",
    "30004": "blocked by the network or the person",
    "30005": "the network does not know the phone",
    "30006": "a landline, or a network out of reach",
    "30007": "filtered by the network",
    "30009": "a part got lost",
    "30010": "dearer than allowed",
    "63005": "WhatsApp does not accept the content",
    "63006": "the content cannot be written for WhatsApp",
    "63019": "the file could not be fetched",
    "63021": "the content is not valid",
    "63023": "WhatsApp refused without a reason",
    "63025": "the file is there already",
    "63031": "sender and recipient are the same",
    # Meta withholds these for a day at least; an answer cannot wait that long while another channel would carry it.
    "63032": "Meta withholds it (experiment): again after 24 hours at the earliest, or by another channel",
    "63049": "Meta withholds it (too many at once): again after 24 hours at the earliest, or by another channel",
}

ERRORS: dict[str, Meaning] = by_code(
    _rows(WindowClosed, _WINDOW),
    _rows(Throttled, _TOO_FAST),
    _rows(Throttled, _DAY_USED_UP, _HOUR),
    _rows(Temporary, _LATER),
    _rows(RecipientStopped, _STOPPED),
    _rows(BadAddress, _NOBODY),
    _rows(Misconfigured, _OPERATOR),
    _rows(Misconfigured, _TEMPLATE),
    _rows(Permanent, _NEVER),
)
