"""Telegram Bot API: updates by webhook or long polling, answers by ``sendMessage``.

``updates`` says what becomes of each update, ``client`` how a request is made and what its errors mean.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
from telegram import LinkPreviewOptions, ReplyParameters

from channels.base import Channel, Check, Limits, Pulled, RawRequest
from channels.errors import FetchError, Forged, Permanent, SendError, Temporary
from channels.message import Attachment, Event, OutboundMessage, Receipt
from channels.telegram.client import UNREADABLE, UPDATES, Client
from channels.telegram.updates import CONTACT, message_id, read, vcard

API_URL = "https://api.telegram.org"
#: Answers of the file server that another try does not change.
GONE = {400, 403, 404, 410}
#: How often to look whether Telegram still delivers to our webhook.
HOOK_SECONDS = 600.0


class Telegram(Channel):
    """Calling this with its settings will make the Telegram bot's way in and out.

    Without TELEGRAM_WEBHOOK_SECRET the webhook stays closed and updates come by ``poll``.
    """

    kind = "telegram"
    required = ("TELEGRAM_BOT_TOKEN",)
    optional = ("TELEGRAM_WEBHOOK_SECRET",)
    extras = ("TELEGRAM_API_URL",)
    #: core.telegram.org/bots/api (text, getFile) and core.telegram.org/bots/faq (about 30 messages a second in all).
    limits = Limits(text_length=4096, attachment_bytes=20_000_000, per_second=25, per_person=1.0)
    #: Seconds without a byte before an answer counts as lost.
    read_timeout: ClassVar[float] = 15.0

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._token = self.values["TELEGRAM_BOT_TOKEN"]
        self._secret = self.values.get("TELEGRAM_WEBHOOK_SECRET", "")
        self._api = self.values.get("TELEGRAM_API_URL", API_URL).rstrip("/")
        #: Where Telegram shall deliver; nowhere without a secret.
        self._hook = self.hook if self._secret else ""
        self._registered = False
        # By process: after a fork a parent's client stays the parent's, and so does its lock, held or not.
        self._locks: dict[int, threading.Lock] = {}
        self._clients: dict[int, Client] = {}

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will name each setting whose form is wrong, never its value."""
        api = urlsplit(values.get("TELEGRAM_API_URL") or API_URL)
        token, secret = values.get("TELEGRAM_BOT_TOKEN", ""), values.get("TELEGRAM_WEBHOOK_SECRET", "")
        rules = (
            (
                re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token),
                "TELEGRAM_BOT_TOKEN must be what @BotFather gave: digits, a colon, letters",
            ),
            (
                re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret),
                "TELEGRAM_WEBHOOK_SECRET must be 1 to 256 characters of A-Z a-z 0-9 _ -",
            ),
            (api.scheme in ("http", "https") and api.netloc, "TELEGRAM_API_URL must be an http(s) address"),
        )
        return [fault for holds, fault in rules if not holds]

    @property
    def account(self) -> str:
        """Calling this will name the bot's own id, the part of the token before the colon."""
        return self._token.partition(":")[0]

    def verify(self, request: RawRequest) -> None:
        """Calling this will compare the secret header in constant time; without a configured secret all is Forged."""
        given = request.header("X-Telegram-Bot-Api-Secret-Token").encode("utf-8", "backslashreplace")
        if not self._secret or not hmac.compare_digest(given, self._secret.encode()):
            raise Forged("the Telegram secret is missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one update as the table in ``updates`` says, or raise Malformed."""
        return read(request.body, self.kind, self.account)

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will send one plain text, as a reply to the newest message of that chat it answers."""
        chat = message.recipient.value
        if message.recipient.scheme != self.kind or not re.fullmatch(r"-?[0-9]{1,19}", chat):
            raise Permanent("the recipient is not a Telegram chat", code="recipient")
        numbers = [re.fullmatch(rf"{chat}:([0-9]{{1,19}})", item) for item in message.reply_to]
        answered = next((int(number[1]) for number in reversed(numbers) if number), None)
        sent = self._client().call(
            lambda bot: bot.send_message(
                int(chat),
                message.text,
                # A citizen may have deleted what we answer; the answer must pass all the same.
                reply_parameters=ReplyParameters(answered, allow_sending_without_reply=True) if answered else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )
        return Receipt(external_id=message_id(sent))

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will download a file, or write the vCard of a contact out of the event itself.

        Telegram hands bots files of at most 20 MB. The address of a file holds the token: it goes into no text.
        """
        if attachment.source == CONTACT:
            return vcard(raw)
        cap = self.limits.attachment_bytes
        if (attachment.size or 0) > cap:
            raise _too_big(cap)
        try:
            file = self._client().call(lambda bot: bot.get_file(attachment.source), repeatable=True)
        except Permanent as fault:
            if "too big" in str(fault):
                raise _too_big(cap) from None
            raise FetchError(str(fault), permanent=True) from None
        except SendError as fault:
            raise FetchError(str(fault), permanent=False) from None
        url = file.file_path or ""
        # A local Bot API server may answer with a path on a disk; what a server names is not read from ours.
        if not url.startswith(f"{self._api}/file/bot"):
            raise FetchError("Telegram gave no address for the file", permanent=True)
        return self._download(url, cap)

    def poll(self, offset: int | None, timeout: int) -> list[tuple[int, bytes]]:
        """Calling this will wait up to ``timeout`` seconds (Telegram: at most 50) for updates from ``offset`` on.

        Returns (update id, the update as JSON bytes for ``parse``). Asking for the last id + 1 confirms those before.
        Raises Misconfigured while a webhook is set or another process polls, and Temporary when asking again helps.
        """
        found = self._client().updates(offset, timeout)
        try:
            return [(int(update["update_id"]), json.dumps(update).encode()) for update in found]
        except UNREADABLE:
            raise Temporary("Telegram answered getUpdates with something that is no update") from None

    @property
    def pull_every(self) -> float | None:
        """Calling this will give the seconds between two rounds: none between two long polls, minutes between two looks
        whether the webhook is still ours."""
        return HOOK_SECONDS if self._secret else 0.0

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will register the webhook, or without a secret remove it and fetch the updates from the cursor
        (an update id) on, waiting up to ``wait`` seconds for one. Raises as ``poll`` does."""
        if not self._registered:
            self.set_webhook()
            self._registered = True
        if self._secret:
            return
        for update_id, body in self.poll(int(cursor) if cursor else None, int(wait)):
            yield Pulled(body, str(update_id + 1), {"Content-Type": "application/json"})

    def set_webhook(self) -> None:
        """Calling this will tell Telegram to deliver to our webhook, or without a secret to keep updates for polling.

        Raises a SendError.
        """
        self._client().call(
            lambda bot: bot.set_webhook(self._hook, allowed_updates=UPDATES, secret_token=self._secret or None),
            repeatable=True,
        )

    def check(self) -> list[Check]:
        """Calling this will ask who the bot is, where Telegram delivers, and what waits there."""
        lines: list[Check] = []
        try:
            me = self._client().call(lambda bot: bot.get_me(), repeatable=True)
            lines.append(Check("sign in", True, f"signed in as @{me.username}"))
            hook = self._client().call(lambda bot: bot.get_webhook_info(), repeatable=True)
        except SendError as fault:
            return [*lines, Check("webhook" if lines else "sign in", False, str(fault))]
        route = f"delivered to {hook.url}" if hook.url else "kept for polling"
        todo = ""
        if hook.url != self._hook:
            todo = f": call setWebhook with {self._hook}" if self._hook else ": call deleteWebhook, or set a secret"
        elif missing := [kind for kind in UPDATES if hook.allowed_updates and kind not in hook.allowed_updates]:
            todo = f", but without {', '.join(missing)}: call setWebhook again"
        lines.append(Check("webhook", not todo, f"updates are {route}{todo}"))
        # Telegram repeats the last error for ever: it is news only while something waits.
        error = f"; last error {hook.last_error_date}: {hook.last_error_message}" if hook.last_error_message else ""
        waiting = hook.pending_update_count
        lines.append(Check("deliveries", not (error and waiting), f"{waiting} updates wait{error}"))
        return lines

    def close(self) -> None:
        """Calling this will close the connections and the thread of this process, if any were needed."""
        if client := self._clients.pop(os.getpid(), None):
            client.close()

    def _client(self) -> Client:
        pid = os.getpid()
        with self._locks.setdefault(pid, threading.Lock()):
            if pid not in self._clients:
                self._clients[pid] = Client(self._token, self._api, self.read_timeout)
            return self._clients[pid]

    def _download(self, url: str, cap: int) -> bytes:
        content = bytearray()
        try:
            with httpx.stream("GET", url, headers={"Accept-Encoding": "identity"}, timeout=self.read_timeout) as answer:
                if answer.status_code != 200:
                    gone = answer.status_code in GONE
                    raise FetchError(f"the file server answered {answer.status_code}", permanent=gone)
                for part in answer.iter_raw():
                    content += part
                    if len(content) > cap:
                        raise _too_big(cap)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise FetchError(f"the file could not be read: {type(fault).__name__}", permanent=False) from None
        return bytes(content)


def _too_big(cap: int) -> FetchError:
    return FetchError(f"the file is above the {cap // 1_000_000} MB that Telegram hands to bots", permanent=True)
