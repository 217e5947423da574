"""What the tests of the two Twilio channels share: settings, signed requests, and what each refusal means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

from channels._twilio import Twilio
from channels.base import RawRequest
from channels.errors import (
    BadAddress,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    Temporary,
    Throttled,
    WindowClosed,
)
from tests.channels.contract import SendCase
from tests.support.providers.base import ACCEPT_THEN_500, RESET, Plan, hang, status
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, TOKEN, WHATSAPP_FROM, TwilioStandIn, problem, sign

PUBLIC = "https://lapor.example.go.id"
HOOK = f"{PUBLIC}/hooks/whatsapp"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
OLD_TOKEN = "77" * 16
PERSON = "+6281255500123"
SID = "SM" + "b2" * 16
FORM = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "Body": "lapor",
    "From": f"whatsapp:{PERSON}",
    "MessageSid": SID,
    "NumMedia": "0",
    "To": WHATSAPP_FROM,
}


def refused(code: int, http: int = 400, **headers: str) -> Plan:
    """A refusal as the provider words it, which quotes the number it was given."""
    reply = problem(http, code, f"The 'To' number whatsapp:{PERSON} cannot be reached", headers)
    return status(reply.status, reply.body, reply.headers)


#: What the provider answers → what it means to the sender.
SEND_CASES = (
    SendCase("outside the window", refused(63016), WindowClosed, "63016"),
    SendCase("rate of the API", refused(20429, 429, **{"Retry-After": "3"}), Throttled, "20429", 3.0),
    SendCase("rate of the API without a wait", refused(20429, 429), Throttled, "20429", None),
    SendCase("rate without a code", status(429, b"slow down", {"Retry-After": "1.5"}), Throttled, "429", 1.5),
    SendCase(
        "a wait given as a date",
        refused(
            63018,
            429,
            **{"Retry-After": "Sun, 22 Nov 2126 02:00:30 GMT", "Date": "Sun, 22 Nov 2126 02:00:00 GMT"},
        ),
        Throttled,
        "63018",
        30.0,
    ),
    SendCase("a wait that is no wait", refused(63018, 429, **{"Retry-After": "soon"}), Throttled, "63018", None),
    SendCase("rate of the sender", refused(63018, 429), Throttled, "63018"),
    SendCase("rate of the account", refused(63017), Throttled, "63017"),
    SendCase("queue of the sender full", refused(21611, 429), Throttled, "21611"),
    SendCase("queue overflow", refused(30001), Throttled, "30001"),
    SendCase("withheld by Meta", refused(63049), Permanent, "63049"),
    SendCase("recipient not on WhatsApp", refused(63024), BadAddress, "63024"),
    SendCase("recipient invalid", refused(63003), BadAddress, "63003"),
    SendCase("number invalid", refused(21211), BadAddress, "21211"),
    SendCase("landline", refused(21614), BadAddress, "21614"),
    SendCase("messages of the day used up", refused(63038, 429), Throttled, "63038", 3_600.0),
    SendCase("handset off", refused(30003), Temporary, "30003"),
    SendCase("template not there", refused(63027), Misconfigured, "63027"),
    SendCase("template's values refused", refused(21656), Misconfigured, "21656"),
    SendCase("filtered", refused(30007), Permanent, "30007"),
    SendCase("too long", refused(21617), Permanent, "21617"),
    SendCase("opted out", refused(21610), RecipientStopped, "21610"),
    SendCase("blocked by the person", refused(63014), RecipientStopped, "63014"),
    SendCase("recipient blocked", refused(63033), RecipientStopped, "63033"),
    SendCase("sender unknown", refused(63007), Misconfigured, "63007"),
    SendCase("sandbox not joined", refused(63015), Misconfigured, "63015"),
    SendCase("wrong token", refused(20003, 401), Misconfigured, "20003"),
    SendCase("no such account", refused(20404, 404), Misconfigured, "20404"),
    SendCase("unauthorised without a code", status(401, b"no"), Misconfigured, "401"),
    SendCase("a code nobody knows", refused(99999), Permanent, "99999"),
    SendCase("a code that is no number", status(400, {"code": "oops"}), Permanent, "400"),
    SendCase("a body that is a list", status(400, [1, 2]), Permanent, "400"),
    SendCase("a redirect", status(302, b"", {"Location": "http://127.0.0.1:1/"}), Misconfigured, "302"),
    SendCase("a failure over there", status(503, b"", {"Retry-After": "1"}), OutcomeUnknown, "503"),
    SendCase("a failure with a code", refused(20500, 500), OutcomeUnknown, "20500"),
    SendCase("taken, then a failure", ACCEPT_THEN_500, OutcomeUnknown, "500"),
    SendCase("connection cut", RESET, OutcomeUnknown, "no-answer"),
    SendCase("no answer in time", hang(20), OutcomeUnknown, "no-answer"),
    SendCase("accepted in no words", status(201, b""), OutcomeUnknown, "unreadable"),
    SendCase("accepted with HTML", status(200, b"<html>"), OutcomeUnknown, "unreadable"),
    SendCase("accepted without an id", status(201, {"status": "queued"}), OutcomeUnknown, "unreadable"),
    SendCase("accepted with odd dates", status(201, {"sid": SID, "date_sent": 7}), OutcomeUnknown, "unreadable"),
    SendCase("nobody there", "closed", Temporary, "connect", None),
)


Kind = TypeVar("Kind", bound=Twilio)


def settings(kind: type[Twilio], **more: str) -> dict[str, str]:
    """Calling this will give the settings of a channel, without those it does not read."""
    values = {
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_SMS_FROM": SMS_FROM,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
    } | more
    names = (*kind.required, *kind.shared, *kind.optional, *kind.extras)
    return {name: values[name] for name in names if name in values}


def make(kind: type[Kind], provider: TwilioStandIn, **more: str) -> Kind:
    """Calling this will build a channel whose provider is the stand-in."""
    channel = kind(settings(kind, **{"TWILIO_API_URL": provider.url, **more}), PUBLIC)
    channel.now = lambda: NOW
    return channel


def signed(body: bytes | dict[str, str], url: str = HOOK, token: str = TOKEN, **headers: str) -> RawRequest:
    """A request as the provider would post it; what cannot be a form is signed as an empty one."""
    raw = body if isinstance(body, bytes) else urlencode(body).encode()
    bare = RawRequest("POST", url, {}, raw, NOW)
    try:
        pairs = bare.form()
    except Malformed:
        pairs = []
    both = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": sign(url, pairs, token),
    }
    return RawRequest("POST", url, both | headers, raw, NOW)
