"""Telegram Bot API: updates by webhook or long polling, answers by ``sendMessage``.

``updates`` says what becomes of each update, ``client`` how a request is made and what its errors mean.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import re
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import ClassVar

import httpx
from telegram import (
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    WebhookInfo,
)

from channels.base import Acknowledgement, Channel, Check, Limits, Pulled, RawRequest, outside_first
from channels.errors import FetchError, Forged, Misconfigured, OutcomeUnknown, Permanent, SendError, Temporary, TooLarge
from channels.message import Attachment, Event, OutboundMessage, Receipt
from channels.settings import api_faults
from channels.telegram.client import UNREADABLE, UPDATES, Client
from channels.telegram.handled import HANDLED
from channels.telegram.meanings import ERRORS
from channels.telegram.updates import CONTACT, message_id, pressed, read, vcard

API_URL = "https://api.telegram.org"
#: Answers of the file server that another try does not change.
GONE = {400, 403, 404, 410}
TOO_BIG = "400 file is too big"
#: What Telegram delivers where nothing was asked for; reactions it leaves out.
DEFAULT_UPDATES = tuple(kind for kind in UPDATES if kind != "message_reaction")
HEALS = "the process `fetch`, when it runs,"
GROUPS_ALLOWED = "the bot can be added to groups, where it only says to write in private; /setjoingroups keeps it out"
#: How often to look whether Telegram still delivers to our webhook.
HOOK_SECONDS = 600.0
#: What to do about a bot that another installation serves.
TAKEN = (
    "Telegram delivers this bot's messages to another address: give this installation a bot of its own, "
    "or take the bot over with aduan channels takeover telegram"
)
#: What a button can offer → how it looks when the caller gives it no words. The rest of ``asks`` are its words.
BUTTONS = {"place": "📍", "phone": "📞"}
log = logging.getLogger("channels.telegram")


class Telegram(Channel):
    """Calling this with its settings will make the Telegram bot's way in and out.

    Without TELEGRAM_WEBHOOK_SECRET the webhook stays closed and updates come by ``poll``. TELEGRAM_BOT_NAME is the
    bot's @name, which pages and the help show to citizens.
    """

    kind = "telegram"
    required = ("TELEGRAM_BOT_TOKEN",)
    optional = ("TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_BOT_NAME")
    extras = ("TELEGRAM_API_URL",)
    #: core.telegram.org/bots/api (text, getFile) and core.telegram.org/bots/faq (about 30 messages a second in all).
    limits = Limits(text_length=4096, attachment_bytes=20_000_000, per_second=25, per_person=1.0)
    errors = ERRORS
    handled = HANDLED
    #: Seconds without a byte before an answer counts as lost.
    read_timeout: ClassVar[float] = 15.0

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._token = self.values["TELEGRAM_BOT_TOKEN"]
        self._secret = self.values.get("TELEGRAM_WEBHOOK_SECRET", "")
        self._name = self.values.get("TELEGRAM_BOT_NAME", "").removeprefix("@")
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
        name = values.get("TELEGRAM_BOT_NAME", "aduan_bot")
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
            (
                re.fullmatch(r"@?[A-Za-z][A-Za-z0-9_]{3,31}", name),
                "TELEGRAM_BOT_NAME must be the bot's @name: 4 to 32 letters, digits and _",
            ),
        )
        return [fault for holds, fault in rules if not holds] + api_faults(values, "TELEGRAM_API_URL")

    @property
    def account(self) -> str:
        """Calling this will name the bot's own id, the part of the token before the colon."""
        return self._token.partition(":")[0]

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give the bot's @name and the link that opens it; nothing when no name is set."""
        return (f"@{self._name}", f"https://t.me/{self._name}") if self._name else ("", "")

    def verify(self, request: RawRequest) -> None:
        """Calling this will compare the secret header in constant time; without a configured secret all is Forged."""
        if request.method != "POST":
            raise Forged("Telegram sends only POST")
        given = request.header("X-Telegram-Bot-Api-Secret-Token").encode("utf-8", "backslashreplace")
        if not self._secret or not hmac.compare_digest(given, self._secret.encode()):
            raise Forged("the Telegram secret is missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one update as the table in ``updates`` says, or raise Malformed."""
        return read(request.body, self.kind, self.account)

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        """Calling this will tell Telegram, if a button was pressed, that the press arrived: its clock stops turning."""
        self._answer_press(request.body)
        return Acknowledgement()

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will send one plain text, as a reply to the newest message of that chat it answers.

        ``asks`` "place" or "phone" puts a button below the chat, gone after one use or with the next message; what
        follows a space are its words. With "leave" the bot says the text and then leaves the group, also one that
        forbids it to write.
        """
        try:
            return self._send(message)
        except (Permanent, OutcomeUnknown):
            if message.asks == "leave":
                self._leave(message.recipient.value)
            raise

    def _send(self, message: OutboundMessage) -> Receipt:
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
                reply_markup=_keyboard(chat, message.asks),
            )
        )
        receipt = Receipt(external_id=message_id(sent))
        if message.asks == "leave":
            self._leave(chat)
        return receipt

    def _leave(self, chat: str) -> None:
        """Leave a group; what is said there is nobody's report. Failing is no fault of the message."""
        if not chat.startswith("-"):
            return
        try:
            self._client().call(lambda bot: bot.leave_chat(int(chat)), repeatable=True)
        except SendError as fault:
            log.warning("a group could not be left", extra={"channel": self.name, "error": str(fault)[:200]})

    def _answer_press(self, body: bytes) -> None:
        """Nobody waits for it: a provider that hangs must not hold up what it delivers, and a press is recorded."""
        if press := pressed(body):
            self._client().later(lambda bot: bot.answer_callback_query(press), "a press of a button was not answered")

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
            if fault.code == TOO_BIG:
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
        """Calling this will register the webhook, and again when it is no longer ours; or without a secret remove it
        and fetch the updates from the cursor (an update id) on, waiting up to ``wait`` seconds for one.

        Raises as ``poll`` does.
        """
        if not self._secret and not self._registered:
            self._leave_others_alone()
        if not self._registered or (self._secret and self._strayed()):
            self.set_webhook()
            self._registered = True
        if self._secret:
            return
        for update_id, body in self.poll(int(cursor) if cursor else None, int(wait)):
            yield Pulled(body, str(update_id + 1), {"Content-Type": "application/json"})
            self._answer_press(body)

    def _leave_others_alone(self) -> None:
        """A webhook that is not ours belongs to another installation of this bot: polling would take its messages."""
        hook = self._client().call(lambda bot: bot.get_webhook_info(), repeatable=True)
        if hook.url and hook.url != self.hook:
            raise Misconfigured(TAKEN, code="webhook")

    def _strayed(self) -> bool:
        """Whether Telegram delivers elsewhere than to us, or not all we ask for. Its secret it does not tell."""
        hook = self._client().call(lambda bot: bot.get_webhook_info(), repeatable=True)
        strayed = hook.url != self._hook or bool(_missing(hook))
        if strayed:
            log.warning("the webhook was changed by somebody else and is set again", extra={"channel": self.name})
        return strayed

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
            lines.append(self._check_name(me.username or ""))
            if me.can_join_groups:
                lines.append(Check("groups", True, GROUPS_ALLOWED))
            hook = self._client().call(lambda bot: bot.get_webhook_info(), repeatable=True)
        except SendError as fault:
            # What needs the operator says so itself; the rest is the way to Telegram.
            away = isinstance(fault, Temporary)
            todo = ": check the network and TELEGRAM_API_URL, then try again" if away else ""
            return [*lines, Check("webhook" if lines else "sign in", False, f"{fault}{todo}")]
        route = f"delivered to {hook.url}" if hook.url else "kept for polling"
        todo = ""
        if hook.url != self._hook:
            first = outside_first(self._hook) if self._hook else f"{HEALS} takes it away"
            todo = f"; {first or f'{HEALS} sets {self._hook}'}"
            if not self._hook and hook.url != self.hook:
                todo = f": {TAKEN}"
        elif self._hook and (missing := _missing(hook)):
            todo = f", but without {', '.join(missing)}; {HEALS} asks for them"
        lines.append(Check("webhook", not todo, f"updates are {route}{todo}"))
        # Telegram repeats the last error for ever: it is news only while something waits.
        error = f"; last error {hook.last_error_date}: {hook.last_error_message}" if hook.last_error_message else ""
        waiting = hook.pending_update_count
        lines.append(Check("deliveries", not (error and waiting), f"{waiting} updates wait{error}"))
        return lines

    def _check_name(self, real: str) -> Check:
        if not self._name:
            return Check("name", True, f"set TELEGRAM_BOT_NAME={real} so that citizens are told where to write")
        if self._name.lower() != real.lower():
            return Check("name", False, f"TELEGRAM_BOT_NAME is not this bot's name: set it to {real}")
        return Check("name", True, f"citizens are sent to https://t.me/{self._name}")

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


def _keyboard(chat: str, asks: str) -> ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    """The button a message offers; without one, the button of an earlier message goes. Private chats only."""
    if chat.startswith("-"):
        return None
    what, _, words = asks.partition(" ")
    if what not in BUTTONS:
        return ReplyKeyboardRemove()
    button = KeyboardButton(
        words or BUTTONS[what], request_location=what == "place" or None, request_contact=what == "phone" or None
    )
    return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)


def _missing(hook: WebhookInfo) -> list[str]:
    """The kinds of update that the webhook leaves out; an empty list at Telegram is its default, without reactions."""
    allowed = hook.allowed_updates or DEFAULT_UPDATES
    return [kind for kind in UPDATES if kind not in allowed]


def _too_big(cap: int) -> FetchError:
    return TooLarge(f"the file is above the {cap // 1_000_000} MB that Telegram hands to bots")
