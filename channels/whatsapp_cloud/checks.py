"""What ``aduan channels check`` says of the Cloud API: the token, the number, the webhook, the approved text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.base import Check, failed, outside_first
from channels.errors import SendError
from channels.text import clean
from channels.whatsapp_cloud.graph import Graph
from channels.whatsapp_cloud.outgoing import listed
from channels.whatsapp_cloud.webhook import FIELD, OBJECT

#: What the API says to an app that signs in with a wrong secret.
SECRET_REFUSED = frozenset({"101", "190"})
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
#: What a listed template may have to say.
TEMPLATE_FIELDS = "name,language,status,category,components,parameter_format"
AWAY = "see that this server may reach graph.facebook.com, and that WHATSAPP_CLOUD_API_URL, if set, is right"
#: What to do about a number in another state than CONNECTED; any other is to be registered.
NUMBER_TODO = {
    "BANNED": "Meta has banned it: appeal in WhatsApp Manager, under Account quality",
    "RESTRICTED": "wait, or appeal in WhatsApp Manager: it may begin no conversations until Meta lifts that",
    "FLAGGED": "people block or report it; write less to who did not ask",
    "RATE_LIMITED": "wait: it has written to as many people as Meta allows in a day",
}
#: The reopening text is given the ticket's number and the agency's name.
REOPENING_VALUES = 2


def look(graph: Graph, values: Mapping[str, str], hook: str) -> list[Check]:
    """Calling this will ask Meta about everything we rely on, one line each; a failed look says what to do."""
    token = _asked("token", graph.look_at_token, "make a new token of the system user and set WHATSAPP_CLOUD_TOKEN")
    if isinstance(token, Check):
        return [token]
    lines = [_token(token)]
    if not lines[0].ok and not token.get("is_valid"):
        return lines
    lines.append(_number(graph, values["WHATSAPP_CLOUD_PHONE_ID"], values.get("WHATSAPP_CLOUD_NUMBER", "")))
    lines.append(_webhook(graph, str(token.get("app_id") or ""), values["WHATSAPP_CLOUD_APP_SECRET"], hook))
    account = values.get("WHATSAPP_CLOUD_ACCOUNT_ID")
    if account:
        lines.append(_subscribed(graph, account, str(token.get("app_id") or "")))
        lines.append(_template(graph, account, values.get("WHATSAPP_CLOUD_TEMPLATE", ""), lines[-1].ok))
    else:
        todo = "set WHATSAPP_CLOUD_ACCOUNT_ID and WHATSAPP_CLOUD_TEMPLATE"
        lines.append(Check("template", True, f"none is set, so answers later than 24 hours are held: {todo}"))
    return lines


def _asked(name: str, ask: Callable[[], dict[str, Any]], todo: str) -> dict[str, Any] | Check:
    """What the API answers, or the line that says why it does not."""
    try:
        return ask()
    except SendError as error:
        return failed(name, error, away=AWAY, refused=todo)


def _token(found: Mapping[str, Any]) -> Check:
    if not found.get("is_valid"):
        return Check("token", False, "it is not valid: make a new one of the system user and set WHATSAPP_CLOUD_TOKEN")
    scopes = found.get("scopes")
    lacking = [scope for scope in SCOPES if not isinstance(scopes, list) or scope not in scopes]
    if lacking:
        return Check("token", False, f"it lacks {', '.join(lacking)}: make one with these permissions")
    ends = found.get("expires_at")
    if isinstance(ends, int) and not isinstance(ends, bool) and 0 < ends < 2**33:
        day = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
        return Check("token", False, f"it ends on {day}: use a system user's token that never expires")
    return Check("token", True, "valid, does not end, may read and send messages")


def _number(graph: Graph, phone_id: str, ours: str) -> Check:
    fields = "display_phone_number,status,quality_rating,name_status"
    found = _asked(
        "number",
        lambda: graph.get(phone_id, {"fields": fields}),
        "compare WHATSAPP_CLOUD_PHONE_ID with the app's page WhatsApp > API setup",
    )
    if isinstance(found, Check):
        return found
    status, quality = _word(found, "status"), _word(found, "quality_rating")
    told = f"{_word(found, 'display_phone_number')} is {status or 'of unknown status'}, quality {quality or 'unknown'}"
    if status and status != "CONNECTED":
        return Check("number", False, f"{told}: {NUMBER_TODO.get(status, 'register the number in WhatsApp Manager')}")
    if quality == "RED":
        return Check("number", False, f"{told}: people block or report it; write less to who did not ask")
    theirs = _digits(_word(found, "display_phone_number"))
    if ours and theirs and _digits(ours) != theirs:
        return Check("number", False, f"{told}: WHATSAPP_CLOUD_NUMBER is another one, set it to +{theirs}")
    return Check("number", True, told)


def _webhook(graph: Graph, app: str, secret: str, hook: str) -> Check:
    """The app's own subscriptions, read with its secret: a wrong secret is found out before a citizen's message is."""
    first = outside_first(hook)
    if not app:
        return Check("webhook", False, f"the token names no app: {first or f'set its webhook to {hook} by hand'}")
    todo = "compare WHATSAPP_CLOUD_APP_SECRET with the app's page Settings > Basic"
    try:
        found = graph.get(f"{app}/subscriptions", token=f"{app}|{secret}")
    except SendError as error:
        # What signs in here is the app with its secret: the table's words speak of the access token.
        if error.code in SECRET_REFUSED:
            return Check("webhook", False, f"the app's secret is not accepted (error {error.code}): {todo}")
        return failed("webhook", error, away=AWAY, refused=todo)
    rows = [row for row in _rows(found) if row.get("object") == OBJECT]
    todo = first or f"in the app's page WhatsApp > Configuration set the callback to {hook}"
    if not rows:
        return Check("webhook", False, f"none is set: {todo}" + ("" if first else f" and subscribe to {FIELD}"))
    url = _word(rows[0], "callback_url")
    if url != hook:
        return Check("webhook", False, f"Meta delivers to {url}: {todo}")
    given = rows[0].get("fields")
    fields = [each.get("name") for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    if FIELD not in fields:
        return Check("webhook", False, f"subscribe to the field {FIELD}: without it nothing is delivered")
    return Check("webhook", rows[0].get("active") is not False, f"Meta delivers {FIELD} to {url}")


def _subscribed(graph: Graph, account: str, app: str) -> Check:
    found = _asked(
        "account",
        lambda: graph.get(f"{account}/subscribed_apps"),
        "compare WHATSAPP_CLOUD_ACCOUNT_ID with WhatsApp Manager, and give the system user this account",
    )
    if isinstance(found, Check):
        return found
    apps = [row.get("whatsapp_business_api_data") for row in _rows(found)]
    if app in [str(each.get("id")) for each in apps if isinstance(each, dict)]:
        return Check("account", True, "the app hears of the account's messages")
    return Check("account", False, f"the app does not hear of the account: POST /{account}/subscribed_apps once")


def _template(graph: Graph, account: str, name: str, account_holds: bool) -> Check:
    try:
        rows = list(graph.pages(f"{account}/message_templates", {"fields": TEMPLATE_FIELDS, "limit": "100"}))
    except SendError as error:
        if not account_holds:
            return Check("template", False, "cannot be looked up: see to the line account first")
        return failed("template", error, away=AWAY, refused="give the token whatsapp_business_management")
    table = listed(rows)
    ready = sum(each.template.approved for each in table.values())
    told = f"{ready} of {len(rows)} texts can be sent"
    if not name:
        todo = "answers later than 24 hours are held: set WHATSAPP_CLOUD_TEMPLATE"
        return Check("template", True, f"{told}, and none asks people to write again, so {todo}")
    found = table.get(name)
    if found is None:
        return Check("template", False, f"{told}, but {name} is not among them: have it approved in WhatsApp Manager")
    template = found.template
    if not template.approved:
        told = f"{name} is {template.status or 'of unknown status'}: {template.todo} (WhatsApp Manager)"
        return Check("template", False, told)
    if len(template.holes) != REOPENING_VALUES:
        todo = "it must take two, the ticket's number and the agency's name"
        return Check("template", False, f"{name} takes {len(template.holes)} values: {todo}")
    return Check("template", True, f"{told}; {name} is approved ({template.spoken}, {template.category})")


def _rows(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    rows = found.get("data")
    yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))


def _digits(number: str) -> str:
    return "".join(char for char in number if char.isdecimal())


def _word(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return clean(value)[:200] if isinstance(value, str) else ""
