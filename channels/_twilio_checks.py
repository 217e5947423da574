"""What ``aduan channels check`` tries at Twilio, without sending anything: each line that fails says what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from twilio.rest import Client  # type: ignore[import-untyped]

from channels import _twilio_lists as lists
from channels.base import Check, failed, outside_first
from channels.errors import SendError
from channels.templates import Template
from channels.text import clean

#: The number everybody's trial shares; it is in nobody's list of senders.
SANDBOX = "whatsapp:+14155238886"
#: What the reopening template takes: the ticket's number and the agency's name, in this order.
REOPENING_HOLES = ("1", "2")


def sign_in(client: Client, account: str) -> Check:
    """Calling this will look at the account itself."""
    try:
        status = lists.read(lambda: str(client.api.accounts(account).fetch().status))
    except SendError as error:
        return failed(
            "sign in",
            error,
            away="see that this server may reach api.twilio.com, and that TWILIO_API_URL, if set, is right",
            refused="compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with the console",
        )
    if status != "active":
        return Check("sign in", False, f"the account is {clean(status)}: settle that in the console under Billing")
    return Check("sign in", True, "the account is active")


def webhook(given: str, hook: str, wanted: str, where: str) -> Check:
    """Calling this will compare the address set at the provider with ours; the fragment only asks for retries."""
    if given == wanted:
        return Check("webhook", True, "calls us, and again when we fail")
    todo = outside_first(hook) or f"{where} to {wanted}"
    if given.partition("#")[0] == hook:
        return Check("webhook", True, f"calls us, but only once: {todo}")
    return Check("webhook", False, f"does not call us: {todo}")


def whatsapp(client: Client, ours: str, hook: str, wanted: str) -> list[Check]:
    """Calling this will look the WhatsApp sender up, its state and its webhook."""
    where = "set the sender's webhook for incoming messages (Messaging, Senders, WhatsApp senders)"
    if ours == SANDBOX:
        told = "the sandbox reaches only people who joined it; for service register a sender of your own"
        where = "set 'When a message comes in' (Messaging, Try it out, Send a WhatsApp message, Sandbox settings)"
        first = outside_first(hook)
        hint = f"cannot be looked up: {first or f'{where} to {wanted}'}"
        return [Check("sender", True, told), Check("webhook", not first, hint)]
    try:
        sender = lists.whatsapp_sender(client, ours)
    except SendError as error:
        # Some accounts may not read this list; that says nothing about the sender.
        todo = outside_first(hook) or f"{where} to {wanted}"
        told = f"cannot be looked up here ({error}): in the console see that it is online, and {todo}"
        return [Check("sender", True, told)]
    if sender is None:
        told = "TWILIO_WHATSAPP_FROM is no WhatsApp sender of this account: copy it from Messaging, Senders"
        return [Check("sender", False, told)]
    online = sender.status.startswith("online")
    because = f" ({clean(sender.reasons)})" if sender.reasons else ""
    told = f"the sender is {clean(sender.status) or 'in no known state'}{because}"
    if not online:
        told += ": finish its registration in the console under Messaging, Senders"
    return [Check("sender", online, told), webhook(sender.webhook, hook, wanted, where)]


def sms(client: Client, ours: str, hook: str, wanted: str) -> list[Check]:
    """Calling this will look the phone number up and its webhook."""
    try:
        numbers = lists.read(lambda: client.incoming_phone_numbers.list(phone_number=ours, limit=1))
    except SendError as error:
        return [Check("sender", False, f"the account's numbers cannot be listed ({error}): try again in some minutes")]
    if not numbers:
        told = "TWILIO_SMS_FROM is no number of this account: copy it from Phone Numbers, Active numbers"
        return [Check("sender", False, told)]
    where = "set 'A message comes in' of the number (Phone Numbers, Active numbers, Messaging)"
    return [
        Check("sender", True, "the number belongs to the account"),
        webhook(str(numbers[0].sms_url or ""), hook, wanted, where),
    ]


def reopening(key: str, listed: Callable[[], Sequence[Template]]) -> Check:
    """Calling this will see whether the text that asks a person to write again is approved and takes our values."""
    if not key:
        told = "none: an answer later than 24 hours waits until the person writes; set TWILIO_WHATSAPP_TEMPLATE"
        return Check("template", True, told)
    try:
        found = next((each for each in listed() if each.key == key), None)
    except SendError as error:
        return Check("template", False, f"the templates cannot be listed ({error}): try again in some minutes")
    if found is None:
        told = "TWILIO_WHATSAPP_TEMPLATE is no content of this account: copy its HX… from the Content Template Builder"
        return Check("template", False, told)
    if not found.approved:
        told = f"it is {clean(found.status)}: {found.todo} (Content Template Builder)"
        return Check("template", False, told)
    if found.holes != REOPENING_HOLES:
        takes = ", ".join(found.holes) or "none"
        told = (
            f"it takes other values ({takes}): it must take {{{{1}}}}, the ticket's number, and {{{{2}}}}, the agency"
        )
        return Check("template", False, told)
    return Check("template", True, f"{clean(found.name)} ({clean(found.spoken)}) is approved")


def webhook_errors(client: Client, hook: str, since: datetime) -> Check:
    """Calling this will count the calls to our webhook that failed since an instant."""
    try:
        found = lists.webhook_errors(client, hook, since)
    except SendError as error:
        return Check(
            "webhook errors", True, f"cannot be listed here ({error}): see Monitor, Logs, Errors in the console"
        )
    if not found:
        return Check("webhook errors", True, "none in the last 24 hours")
    at, code = found[0]
    when = f"{at:%Y-%m-%d %H:%M} UTC" if at else "at an unknown time"
    told = f"{len(found)} in the last 24 hours, the last {when} (error {clean(code)[:12]})"
    return Check("webhook errors", False, f"{told}: see that {hook} answers from outside, with a valid certificate")


def rotation(values: Mapping[str, str]) -> list[Check]:
    """Calling this will remind of an old token, which opens our door as long as it is set."""
    if not values.get("TWILIO_AUTH_TOKEN_OLD"):
        return []
    if values["TWILIO_AUTH_TOKEN_OLD"] == values["TWILIO_AUTH_TOKEN"]:
        return [Check("old token", False, "TWILIO_AUTH_TOKEN_OLD is the token in use: remove it")]
    told = "TWILIO_AUTH_TOKEN_OLD is still accepted: remove it once the new token is the primary one"
    return [Check("old token", True, told)]
