"""What the Cloud API's error numbers mean, in an answer to a send as in a report that comes later.

Sources: developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes, …/docs/graph-api/guides/error-handling.
"""

from __future__ import annotations

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

_HOUR = 3600.0


def _rows(error: type[SendError], *rows: tuple[str, str] | tuple[str, str, float]) -> list[Meaning]:
    return [Meaning(row[0], row[1], error, row[2] if len(row) == 3 else None) for row in rows]


#: A number that is not here goes by the answer's HTTP status. ``100/33`` is number and subnumber.
ERRORS = by_code(
    _rows(WindowClosed, ("131047", "more than 24 hours since the person wrote")),
    _rows(
        Throttled,
        ("4", "the app makes too many calls"),
        ("80007", "the business account makes too many calls"),
        ("130429", "the number sends too fast", 10.0),
        ("131048", "the number is slowed down because people blocked or reported it", _HOUR),
        ("131056", "too many messages to one person", 6.0),
        ("133016", "registration was tried too often", _HOUR),
    ),
    _rows(
        Temporary,
        ("1", "the API does not know what went wrong"),
        ("2", "the API is down for a moment"),
        ("131000", "something went wrong at Meta"),
        ("131016", "a service at Meta is not available"),
        ("131052", "a file could not be fetched from Meta"),
        ("131053", "a file could not be taken by Meta"),
        ("131057", "the account is being maintained", 300.0),
        ("133004", "the server is not available for a moment"),
    ),
    _rows(
        BadAddress,
        ("131021", "the recipient is our own number"),
        ("131026", "not on WhatsApp, or an app too old to be reached"),
    ),
    _rows(
        Permanent,
        ("100", "a value of the request is not accepted"),
        ("130472", "the person is part of an experiment of Meta's and gets no such message"),
        ("130497", "businesses like ours may not write to that country"),
        ("131008", "a value of the request is missing"),
        ("131009", "a value of the request is wrong"),
        ("131030", "a test number may only write to numbers on its list"),
        ("131049", "Meta held it back to spare the person"),
        ("131051", "a type of message that is not supported"),
        ("131055", "a method that is not allowed"),
        ("131060", "the message is not available to businesses"),
        ("131062", "a person known by an id alone cannot get this kind of message"),
        ("135000", "the request was not understood"),
    ),
    _rows(RecipientStopped, ("131050", "the person stopped such messages from us")),
    _rows(
        Misconfigured,
        ("0", "the access token is not accepted"),
        ("3", "the app may not do this"),
        ("10", "the access token lacks a permission"),
        ("33", "our number was deleted at Meta"),
        ("100/33", "WHATSAPP_CLOUD_PHONE_ID is unknown, or the access token may not use it"),
        ("190", "the access token has ended"),
        ("200", "the access token lacks a permission"),
        ("368", "the account is blocked for breaking a policy"),
        ("131005", "access denied to the access token"),
        ("131031", "the account is locked"),
        ("131037", "our display name is not approved yet"),
        ("131042", "the account's payment is not in order"),
        ("131045", "our number is not registered rightly"),
        ("132000", "the number of values does not fit the template"),
        ("132001", "no such template in this language, or not approved"),
        ("132005", "the filled template is too long"),
        ("132007", "the template breaks a policy"),
        ("132012", "a value of the template has the wrong form"),
        ("132015", "the template is paused for its low quality"),
        ("132016", "the template is disabled for its low quality"),
        ("132018", "the template cannot be sent as it is filled"),
        ("132068", "the form behind the template is blocked"),
        ("132069", "the form behind the template is slowed down"),
        ("133000", "an earlier deregistration of our number did not end"),
        ("133005", "the PIN of our number is wrong"),
        ("133006", "our number must be verified again"),
        ("133008", "the PIN was guessed too often"),
        ("133009", "the PIN was entered too fast"),
        ("133010", "our number is not registered with the Cloud API"),
        ("133015", "our number was deleted a moment ago"),
    ),
)
