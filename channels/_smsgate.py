"""What SMSGate (the gateway app on an Android phone) says, as tables: events, states, and what its failures mean.

Sources: the app's own webhooks, routes and messages modules (capcom6/android-sms-gateway, Apache-2.0), Android's
``SmsManager`` result codes.
"""

from __future__ import annotations

import re

from channels.coverage import Becomes, Group, Handled
from channels.errors import (
    BadAddress,
    Meaning,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    SendError,
    Temporary,
    Throttled,
    by_code,
)
from channels.message import DeliveryState

#: The event of a report → the state it reports, and the payload's name for its time.
REPORTS: dict[str, tuple[DeliveryState, str]] = {
    "sms:sent": (DeliveryState.SENT, "sentAt"),
    "sms:delivered": (DeliveryState.DELIVERED, "deliveredAt"),
    "sms:failed": (DeliveryState.FAILED, "failedAt"),
    "sms:cancelled": (DeliveryState.FAILED, "cancelledAt"),
}
#: Events about the phone and the app themselves.
SIGNS_OF_LIFE = frozenset({"system:ping", "app:started"})
#: What must be registered at the phone, one registration an event, for anything to arrive.
WANTED = ("sms:received", "sms:data-received", "mms:received", "mms:downloaded", *REPORTS)

#: The app says why a message failed in a sentence; the code is found in it, and the sentence (it may hold the service
#: centre's number) is left behind.
_RESULT = re.compile(r"RESULT_[A-Z_]{3,60}")
_STATUS = re.compile(r"Delivery result from SC [^:]{0,40}: ([0-9]{1,3})\b")

#: Between two tries of what the phone's own radio refused.
_RADIO_WAIT = 300.0

_ANDROID: tuple[tuple[str, str, type[SendError], float | None], ...] = (
    ("GENERIC_FAILURE", "refused without a reason, often an empty balance", Temporary, 600.0),
    ("RADIO_OFF", "the phone is in flight mode", Misconfigured, None),
    ("NULL_PDU", "the phone could not encode the text", Permanent, None),
    ("NO_SERVICE", "the phone has no network", Temporary, _RADIO_WAIT),
    ("LIMIT_EXCEEDED", "Android's own limit of messages is reached", Throttled, 1800.0),
    ("FDN_CHECK_FAILURE", "the SIM only calls fixed numbers", Misconfigured, None),
    ("SHORT_CODE_NOT_ALLOWED", "the phone's owner denied this short code", Permanent, None),
    ("SHORT_CODE_NEVER_ALLOWED", "the phone's owner denied all short codes", Permanent, None),
)
ERRORS = by_code(
    (
        Meaning("400", "the app refuses the message's form", Permanent),
        Meaning("401", "user or password are wrong", Misconfigured),
        Meaning("403", "the user may not send", Misconfigured),
        Meaning("404", "nothing answers at this address: another program, or an old app", Misconfigured),
        Meaning("413", "the message is too large", Permanent),
        Meaning("429", "too many messages at once", Throttled, 60.0),
        Meaning("500", "the app failed; the same id again is safe", Temporary),
        Meaning("502", "the proxy before the phone cannot reach it", Temporary),
        Meaning("503", "the phone is not ready", Temporary),
        Meaning("504", "the phone did not answer in time", Temporary),
        Meaning("connect", "the phone cannot be reached", Temporary),
        Meaning("no-answer", "no answer; the same id again is safe", Temporary),
        Meaning("redirect", "the address answers with a redirect", Misconfigured),
        Meaning("address", "no telephone number", BadAddress),
    ),
    (Meaning(f"RESULT_ERROR_{code}", text, error, wait) for code, text, error, wait in _ANDROID),
    (
        Meaning("TTL_EXPIRED", "not sent within a day", Temporary),
        Meaning("CANCELLED", "cancelled on the phone", Permanent),
        Meaning("DELIVERY", "the network could not deliver it", Permanent),
        Meaning("FAILED", "failed for a reason the app does not name", OutcomeUnknown),
    ),
)


def failure(event: str, reason: str) -> str:
    """Calling this will give the code of ``ERRORS`` that a failed message's reason means."""
    if event == "sms:cancelled":
        return "CANCELLED"
    found = _RESULT.search(reason)
    if found and found[0] in ERRORS:
        return found[0]
    if _STATUS.search(reason) or reason.startswith("Delivery result"):
        return "DELIVERY"
    return "TTL_EXPIRED" if reason.startswith("TTL expired") else "FAILED"


HANDLED: tuple[Handled, ...] = (
    Handled(Group.MESSAGE, "sms:received", Becomes.MESSAGE, "text", "text"),
    Handled(Group.MESSAGE, "sms:received (short code, name)", Becomes.MESSAGE, "kept, never answered", "short-code"),
    Handled(Group.MESSAGE, "sms:data-received", Becomes.MESSAGE, "its text, never answered", "data-text"),
    Handled(
        Group.MESSAGE, "sms:data-received (no text)", Becomes.QUARANTINE, "for programs, not people", "data-binary"
    ),
    Handled(Group.MESSAGE, "mms:downloaded", Becomes.MESSAGE, "text and attachments", "mms-photo"),
    Handled(Group.MESSAGE, "inbox SMS (daily look)", Becomes.MESSAGE, "as sms:received, same key", "inbox-sms"),
    Handled(Group.MESSAGE, "inbox DATA_SMS", Becomes.MESSAGE, "as sms:data-received", "inbox-data-text"),
    Handled(Group.MESSAGE, "inbox MMS_DOWNLOADED", Becomes.MESSAGE, "attachments over the API", "inbox-mms"),
    Handled(Group.MESSAGE, "inbox, another type", Becomes.QUARANTINE, "kept with its bytes", "inbox-unknown-type"),
    Handled(Group.EVENT, "mms:received", Becomes.NOTICE, "an MMS waits to be downloaded", "mms-announced"),
    Handled(Group.EVENT, "inbox MMS", Becomes.NOTICE, "as mms:received", "inbox-mms-announced"),
    Handled(Group.EVENT, "sms:sent", Becomes.DELIVERY, "sent", "sent"),
    Handled(Group.EVENT, "sms:delivered", Becomes.DELIVERY, "delivered", "delivered"),
    Handled(Group.EVENT, "sms:failed", Becomes.DELIVERY, "failed, by the error table", "failed-no-service"),
    Handled(Group.EVENT, "sms:cancelled", Becomes.DELIVERY, "failed: cancelled on the phone", "cancelled"),
    Handled(Group.EVENT, "system:ping", Becomes.NOTHING, "only says that the app runs", "ping"),
    Handled(Group.EVENT, "app:started", Becomes.NOTHING, "only says that the app started", "app-started"),
    Handled(Group.EVENT, "the end of a daily look", Becomes.NOTHING, "only moves the cursor", "inbox-end"),
    Handled(Group.EVENT, "an event we do not know", Becomes.QUARANTINE, "kept with its bytes", "unknown-event"),
    Handled(Group.STATE, "Pending", Becomes.DELIVERY, "sent: the phone has taken it"),
    Handled(Group.STATE, "Processed", Becomes.DELIVERY, "sent: the phone works on it"),
    Handled(Group.STATE, "Sent", Becomes.DELIVERY, "sent, by sms:sent"),
    Handled(Group.STATE, "Delivered", Becomes.DELIVERY, "delivered, by sms:delivered"),
    Handled(Group.STATE, "Failed", Becomes.DELIVERY, "failed, by sms:failed"),
    Handled(Group.STATE, "Cancelled", Becomes.DELIVERY, "failed, by sms:cancelled"),
    Handled(Group.STATE, "409 on sending", Becomes.DELIVERY, "sent: the same id was taken before"),
)
