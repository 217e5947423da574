"""SMS over an Android phone with the SMSGate app: signed webhooks in, one HTTP call out, and a daily look at its inbox.

The phone signs every try anew with its own clock. A message handed over twice under one id is taken once, so nothing
is ever uncertain here. Sources: see ``channels/_smsgate.py``.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx

from channels import _smsgate_events as events
from channels._smsgate import ERRORS, HANDLED, WANTED
from channels.base import Channel, Check, Limits, Pulled, RawRequest, failed, outside_first
from channels.downloads import download, retry_after
from channels.errors import Forged, Misconfigured, Permanent, SendError, Temporary
from channels.message import Attachment, Event, OutboundMessage, Receipt
from channels.phones import AUTOMATIC_PARTS, E164, sms_recipient
from channels.settings import api_faults
from channels.text import clean, segments, sms_text

#: How far the phone's clock may be from ours; a signed request cannot be used again after that.
WINDOW = 300
#: A shorter signing key is guessed, and who has it writes reports as anybody.
KEY_LENGTH = 8
_STAMP = re.compile(r"[1-9][0-9]{9}")
_DAY = timedelta(days=1)
#: An SMS can lie with the operator for days while the phone is off, and is dated by when it was sent.
_LATE = timedelta(days=3)
_PAGE = 500
_MOST_PAGES = 40
#: An answer later than that is worth nothing: the phone gives the message up, and we hear of it.
_TTL = 86_400


class SmsGateway(Channel):
    """Calling this will make the SMS channel of one phone; ``SMS_GATEWAY_URL`` is where its app (or server) answers."""

    kind = "sms"
    name = "sms-gateway"
    title = "SMS"
    required = ("SMS_GATEWAY_URL", "SMS_GATEWAY_USER", "SMS_GATEWAY_PASSWORD", "SMS_GATEWAY_SIGNING_KEY")
    optional = ("SMS_GATEWAY_NUMBER", "SMS_GATEWAY_SIM")
    extras = ("SMS_GATEWAY_SIGNING_KEY_OLD",)
    # Three parts of 153 septets, as over any SIM; the webhook of an MMS carries its files in base64.
    limits = Limits(
        text_length=459,
        attachment_bytes=5_000_000,
        per_second=1.0,
        per_person=1.0,
        body_bytes=8_000_000,
        reports=True,
        automatic=(10, 30),
    )
    errors = ERRORS
    handled = HANDLED

    #: Seconds to wait for an answer of the phone; the clock that dates requests and looks.
    answer_seconds: ClassVar[float] = 20.0
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))
    #: Seconds that one attachment may take in all; the clock that measures them.
    fetch_seconds: ClassVar[float] = 20.0
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._api = values["SMS_GATEWAY_URL"].rstrip("/")
        self._auth = (values["SMS_GATEWAY_USER"], values["SMS_GATEWAY_PASSWORD"])

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the settings."""
        faults = api_faults(values, "SMS_GATEWAY_URL")
        number = values.get("SMS_GATEWAY_NUMBER")
        if number and not E164.fullmatch(number):
            faults.append("SMS_GATEWAY_NUMBER must be +… in international form")
        if len(values.get("SMS_GATEWAY_SIGNING_KEY", "")) < KEY_LENGTH:
            faults.append(f"SMS_GATEWAY_SIGNING_KEY must have {KEY_LENGTH} characters or more, best 32 random ones")
        if values.get("SMS_GATEWAY_SIM", "1") not in ("1", "2", "3"):
            faults.append("SMS_GATEWAY_SIM must be 1, 2 or 3")
        return faults

    @property
    def account(self) -> str:
        """Calling this will give our number, or the phone's host where the number is not set."""
        return self.values.get("SMS_GATEWAY_NUMBER") or urlsplit(self._api).hostname or self._api

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our number and its sms link, where the number is set."""
        number = self.values.get("SMS_GATEWAY_NUMBER", "")
        return (number, f"sms:{number}") if number else ("", "")

    # -- in ------------------------------------------------------------------------------------------------------

    def verify(self, request: RawRequest) -> None:
        """Calling this will check ``X-Signature`` over the raw body and ``X-Timestamp``, with the current key, then the
        old one; at most five minutes old or early. Raises Forged."""
        stamp, given = request.header("X-Timestamp"), request.header("X-Signature")
        if request.method != "POST":
            raise Forged("the phone sends only POST")
        # Exactly ten digits: body and time are signed as one text, and no digit may move from one to the other.
        if not given or not _STAMP.fullmatch(stamp):
            raise Forged("the request carries no signature or no time")
        signed = request.body + stamp.encode()
        # During a rotation the phone's queue may still be signed with the key before; an empty key is nobody's.
        keys = filter(None, (self.values["SMS_GATEWAY_SIGNING_KEY"], self.values.get("SMS_GATEWAY_SIGNING_KEY_OLD")))
        right = [hmac.new(key.encode(), signed, sha256).hexdigest().encode() for key in keys]
        if not any(hmac.compare_digest(each, given.encode("utf-8", "replace")) for each in right):
            raise Forged("the signature does not hold")
        if abs(request.received_at.timestamp() - int(stamp)) > WINDOW:
            raise Forged("the signature is not of these five minutes: set the phone's clock by the network")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one webhook of the phone, or one message of its inbox as ``pull`` wraps it.

        Raises Malformed when it is neither.
        """
        return events.read(self.kind, self.account, request.body)

    @property
    def pull_every(self) -> float:
        """Calling this will say how often ``pull`` looks whether a day has passed."""
        return 60.0

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will list the phone's inbox once a day and at the first start: what no webhook brought, because
        the phone gave it up or was not running, comes this way, under the same key.

        ``cursor`` holds from when on we listen and when we last looked. Raises SendError when the phone is away.
        """
        now = self.now()
        first, last = _cursor(cursor)
        if last is not None and now - last < _DAY:
            return
        # Nothing from before our time: the phone may have belonged to somebody.
        first = first or now - _DAY
        since = first if last is None else max(first, last - _LATE)
        span = {"since": _written(since), "until": _written(now), "messageTypes": ["SMS", "MMS"]}
        answer = self._call("POST", "/inbox/refresh", json={**span, "triggerWebhooks": False}, bear=(404,))
        if answer.status_code == 404:
            # A server that lists nothing has the phone send its webhooks once more.
            self._call("POST", "/messages/inbox/export", json={**span, "triggerWebhooks": True})
        else:
            for item in self._listed(since, now):
                yield Pulled(json.dumps({"inbox": item}).encode())
        yield Pulled(b'{"inbox": null}', f"{_written(first)}/{_written(now)}")

    def _listed(self, since: datetime, until: datetime) -> list[Any]:
        """The inbox between two instants, oldest first; the phone gives the newest first, a page at a time."""
        found: list[Any] = []
        for page in range(_MOST_PAGES):
            query = {"from": _written(since), "to": _written(until), "limit": _PAGE, "offset": page * _PAGE}
            items = _json(self._call("GET", "/inbox", params={**query, "includeAttachments": "true"}))
            if not isinstance(items, list):
                raise Temporary("the phone's inbox cannot be read", code="unreadable")
            found.extend(items)
            if len(items) < _PAGE:
                return found[::-1]
        raise Misconfigured("the phone's inbox is too long to read: archive it", code="unreadable")

    # -- out -----------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> httpx.Client:
        # Made on first use, so after a fork; the environment's proxies are not read.
        timeout = httpx.Timeout(self.answer_seconds, connect=5.0)
        return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, auth=self._auth)

    def _call(self, method: str, path: str, bear: tuple[int, ...] = (), **what: Any) -> httpx.Response:
        """One request. Every request of ours may be repeated, so no failure is uncertain: Temporary or by its row."""
        try:
            answer = self._http.request(method, f"{self._api}{path}", **what)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Temporary(f"the phone cannot be reached: {type(error).__name__}", code="connect") from error
        except httpx.RequestError as error:
            raise Temporary(f"no answer of the phone: {type(error).__name__}", code="no-answer") from error
        if answer.is_success or answer.status_code in bear:
            return answer
        raise _refusal(answer)

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one text to the phone under our own key; that it has it already is a success too.

        Raises SendError, never OutcomeUnknown: the same key is never sent twice.
        """
        to = sms_recipient(message.recipient)
        text = sms_text(message.text, AUTOMATIC_PARTS if message.automatic else None)
        body: dict[str, Any] = {
            "id": message.key,
            "textMessage": {"text": text},
            "phoneNumbers": [to],
            "withDeliveryReport": True,
            "ttl": _TTL,
        }
        if sim := self.values.get("SMS_GATEWAY_SIM"):
            body["simNumber"] = int(sim)
        self._call("POST", "/messages", json=body, bear=(409,))
        return Receipt(external_id=message.key, parts=segments(text).count)

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will cut a file out of its webhook, or fetch what the daily look found. Raises FetchError."""
        listed = events.listed_part(attachment.source)
        if listed is None:
            return events.part(raw, attachment.source, self.limits.attachment_bytes)
        path = f"{self._api}/inbox/{quote(listed[0], safe='')}/attachments/{listed[1]}"
        end = self.clock() + self.fetch_seconds
        return download(
            self._http,
            path,
            auth=self._auth,
            allowed=lambda url: False,
            most=self.limits.attachment_bytes,
            in_time=lambda: self.clock() < end,
        )

    # -- is it well ----------------------------------------------------------------------------------------------

    def check(self) -> list[Check]:
        """Calling this will reach the phone, compare its clock, sign in, and look for a webhook for every event."""
        try:
            answer = self._call("GET", "/health", bear=(500,))
        except SendError as error:
            away = "see that the app's server is on, the phone in this network and SMS_GATEWAY_URL as on its first page"
            return [failed("reach", error, away=away, refused="compare SMS_GATEWAY_URL with the app's first page")]
        status = _field(_json(answer), "status").lower()
        advice = "healthy" if status == "pass" else f"the app says {status or 'nothing'}: see its log and battery"
        checks = [Check("reach", status in ("pass", "warn"), advice), self._clock(answer)]
        try:
            hooks = _json(self._call("GET", "/webhooks"))
        except SendError as error:
            away = "see that the app's server stays on, then try again"
            told = "compare SMS_GATEWAY_USER and SMS_GATEWAY_PASSWORD with the app's first page"
            return [*checks, failed("sign in", error, away=away, refused=told)]
        registered = {
            _field(each, "event")
            for each in (hooks if isinstance(hooks, list) else [])
            if _field(each, "url") == self.hook
        }
        checks.append(Check("sign in", True, "accepted"))
        if not self.contact[0]:
            told = "none: set SMS_GATEWAY_NUMBER, or citizens are not told where to write; messages are kept under it"
            checks.append(Check("number", True, told))
        return [*checks, *self._hooks(registered)]

    def _clock(self, answer: httpx.Response) -> Check:
        try:
            theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
            seconds = abs((theirs - self.now()).total_seconds())
        except (TypeError, ValueError):
            return Check("clock", True, "the app does not tell its time")
        well = seconds <= WINDOW / 2
        return Check("clock", well, f"differs by {seconds:.0f} s" + ("" if well else ": set it by the network"))

    def _hooks(self, registered: set[str]) -> list[Check]:
        missing = [event for event in WANTED if event not in registered]
        if missing and (first := outside_first(self.hook)):
            return [Check("webhooks", False, first)]
        if not self.hook.startswith("https://") and not outside_first(self.hook):
            return [Check("webhooks", False, "PUBLIC_URL must begin with https://: the app calls nothing else")]
        if not missing:
            return [Check("webhooks", True, f"all {len(WANTED)} events call {self.hook}")]
        body = json.dumps({"url": self.hook, "event": "EVENT"}).replace("EVENT", "'$e'")
        loop = f"for e in {' '.join(missing)}; do curl -u USER:PASSWORD -H 'Content-Type: application/json'"
        command = f"{loop} -d '{body}' {self._api}/webhooks; done"
        return [Check("webhooks", False, f"{', '.join(missing)} not registered, run: {command}")]

    def close(self) -> None:
        """Calling this will close the connections, if any were made."""
        if "_http" in self.__dict__:
            self._http.close()


def _refusal(answer: httpx.Response) -> SendError:
    """The error an unsuccessful answer means. The app's own sentence is left out: it may quote a number."""
    status = answer.status_code
    code = "redirect" if status < 400 else str(status)
    row = ERRORS.get(code)
    told = f"{row.text if row else 'refused'} (HTTP {status})"
    kind = row.error if row else Temporary if status >= 500 else Permanent
    if issubclass(kind, Temporary):
        wait = retry_after(answer.headers)
        return kind(told, code=code, retry_after=wait if wait is not None or row is None else row.wait)
    return kind(told, code=code)


def _json(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def _field(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return clean(found)[:200] if isinstance(found, str) else ""


def _written(instant: datetime) -> str:
    """As the app reads it: milliseconds and an offset."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def _cursor(text: str) -> tuple[datetime | None, datetime | None]:
    try:
        first, last = (datetime.fromisoformat(each) for each in text.split("/"))
    except ValueError:
        return None, None
    return first, last
