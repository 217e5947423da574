"""The Bot API on loopback, and a citizen's updates as Telegram words them.

Requests come in as the real library makes them: parameters as form fields (or in the query), objects inside them as
JSON. The answers have the shape that core.telegram.org/bots/api ("Making requests") gives.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any
from urllib.parse import unquote

import httpx

from tests.support.providers.base import Plan, Recorded, Reply, Routes, StandIn, status

TOKEN = "7000000001:TEST-token-for-the-stand-in-only-00"
SECRET = "stand-in_secret-1"
USERNAME = "aduan_uji_bot"
#: 2025-06-15 15:06:40 UTC.
WHEN = 1_750_000_000

_updates = itertools.count(500_000_001)
_messages = itertools.count(1001)


class TelegramStandIn(StandIn):
    """Calling this will make a Bot API with one bot.

    ``sent`` holds the messages it took, ``updates`` what waits for getUpdates, ``webhook`` the registered webhook and
    ``files`` the bytes behind each file id. ``blocked`` are the chats whose person blocked the bot, ``unknown`` those
    that never wrote to it, ``muted`` the groups where it may not write. ``left`` lists the groups it left, ``pressed``
    the presses of buttons it answered.
    """

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.sent: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        self.files: dict[str, bytes] = {}
        self.blocked: set[int] = set()
        self.unknown: set[int] = set()
        self.me: dict[str, Any] = {"can_join_groups": False}
        self.muted: set[int] = set()
        self.left: list[int] = []
        self.pressed: list[str] = []
        self.secret = ""
        self._ids = itertools.count(1)

    @property
    def account(self) -> str:
        """Calling this will return the bot's id."""
        return self.token.partition(":")[0]

    def routes(self) -> Routes:
        """Calling this will return the two places of the API: methods and files."""
        return [
            ("POST", r"/bot([^/]+)/(\w+)", self._method),
            ("GET", r"/file/bot([^/]+)/(.+)", self._file),
        ]

    def push(self, *updates: dict[str, Any]) -> None:
        """Calling this will hand updates to the next getUpdates, a waiting one included."""
        with self.changed:
            self.updates.extend(updates)
            self.changed.notify_all()

    def calls(self, method: str) -> list[dict[str, str]]:
        """Calling this will return the parameters of every call of one method so far, refused ones included."""
        with self.changed:
            seen = [request for request in self.requests if request.path.endswith(f"/{method}")]
        return [{**request.query, **request.form} for request in seen]

    def _method(self, request: Recorded, match: re.Match[str]) -> Reply:
        handler = getattr(self, f"_{match[2]}", None)
        if unquote(match[1]) != self.token:
            return _error(401, "Unauthorized")
        if handler is None:
            return _error(404, "Not Found")
        reply: Reply = handler({**request.query, **request.form})
        return reply

    def _getMe(self, asked: dict[str, str]) -> Reply:
        return _ok(
            {"id": int(self.account), "is_bot": True, "first_name": "Aduan Uji", "username": USERNAME, **self.me}
        )

    def _sendMessage(self, asked: dict[str, str]) -> Reply:
        chat, text = int(asked["chat_id"]), asked.get("text", "")
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown:
            return _error(400, "Bad Request: chat not found")
        if chat in self.muted:
            return _error(400, "Bad Request: not enough rights to send text messages to the chat")
        if chat < 0 and "request_" in asked.get("reply_markup", ""):
            return _error(400, "Bad Request: phone number can be requested in private chats only")
        if not text.strip():
            return _error(400, "Bad Request: message text is empty")
        if len(text) > 4096:
            return _error(400, "Bad Request: message is too long")
        message = {
            "message_id": next(self._ids),
            "from": {"id": int(self.account), "is_bot": True, "first_name": "Aduan Uji", "username": USERNAME},
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup", "first_name": "Warga"},
            "date": WHEN,
            "text": text,
        }
        with self.changed:
            self.sent.append(message)
            self.changed.notify_all()
        return _ok(message)

    def _leaveChat(self, asked: dict[str, str]) -> Reply:
        with self.changed:
            self.left.append(int(asked["chat_id"]))
            self.changed.notify_all()
        return _ok(True)

    def _answerCallbackQuery(self, asked: dict[str, str]) -> Reply:
        with self.changed:
            self.pressed.append(asked["callback_query_id"])
            self.changed.notify_all()
        return _ok(True)

    def _getUpdates(self, asked: dict[str, str]) -> Reply:
        if self.webhook["url"]:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        offset = int(asked.get("offset", 0))
        with self.changed:
            self.updates[:] = [update for update in self.updates if update.get("update_id", offset) >= offset]
            self.changed.wait_for(lambda: self.updates or self.closing.is_set(), float(asked.get("timeout", 0)))
            return _ok(self.updates[: int(asked.get("limit", 100))])

    def _setWebhook(self, asked: dict[str, str]) -> Reply:
        self.webhook["url"] = asked.get("url", "")
        self.webhook["allowed_updates"] = json.loads(asked.get("allowed_updates", "[]"))
        self.secret = asked.get("secret_token", "")
        return _ok(True)

    def _deleteWebhook(self, asked: dict[str, str]) -> Reply:
        self.webhook["url"], self.secret = "", ""
        return _ok(True)

    def _getWebhookInfo(self, asked: dict[str, str]) -> Reply:
        return _ok(self.webhook)

    def _getFile(self, asked: dict[str, str]) -> Reply:
        content = self.files.get(asked["file_id"])
        if content is None:
            return _error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > 20_000_000:
            return _error(400, "Bad Request: file is too big")
        found = {"file_id": asked["file_id"], "file_unique_id": "u1", "file_path": f"photos/{asked['file_id']}.jpg"}
        return _ok(found)

    def _file(self, request: Recorded, match: re.Match[str]) -> Reply:
        name = unquote(match[2]).removeprefix("photos/").removesuffix(".jpg")
        if unquote(match[1]) != self.token or name not in self.files:
            return _error(404, "Not Found")
        return Reply(200, {"Content-Type": "application/octet-stream"}, self.files[name])

    def __exit__(self, *details: Any) -> None:
        self.closing.set()
        with self.changed:
            self.changed.notify_all()
        super().__exit__(*details)


def refusal(code: int, description: str, **parameters: Any) -> Plan:
    """Calling this will plan a refusal as the Bot API words it: ``ok`` false, the code, a description."""
    return status(code, _error(code, description, **parameters).body, {"Content-Type": "application/json"})


def flood(seconds: int) -> Plan:
    """Calling this will plan a 429 that asks to wait so many seconds."""
    return refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def post_update(base_url: str, update: dict[str, Any], secret: str = SECRET) -> httpx.Response:
    """Calling this will deliver an update to the webhook below ``base_url`` as Telegram does, and return the answer."""
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
    return httpx.post(f"{base_url}/hooks/telegram", content=json.dumps(update), headers=headers)


def text_update(chat_id: int, text: str, *, name: str = "Warga Uji", reply_to: int | None = None) -> dict[str, Any]:
    """Calling this will make a citizen's private text, answering message number ``reply_to`` of that chat if given."""
    update = message_update(chat_id, {"text": text}, name=name)
    if reply_to is not None:
        chat = update["message"]["chat"]
        update["message"]["reply_to_message"] = {"message_id": reply_to, "date": WHEN, "chat": chat, "text": "…"}
    return update


def photo_update(chat_id: int, file_id: str, caption: str = "", *, album: str = "") -> dict[str, Any]:
    """Calling this will make a photograph in two sizes, the larger one under ``file_id``."""
    small = {"file_id": f"{file_id}-s", "file_unique_id": "s1", "width": 90, "height": 60, "file_size": 1200}
    large = {"file_id": file_id, "file_unique_id": "l1", "width": 1280, "height": 853, "file_size": 90_000}
    content: dict[str, Any] = {"photo": [small, large]}
    if caption:
        content["caption"] = caption
    if album:
        content["media_group_id"] = album
    return message_update(chat_id, content)


def location_update(chat_id: int, latitude: float, longitude: float) -> dict[str, Any]:
    """Calling this will make a pin, in degrees."""
    return message_update(chat_id, {"location": {"latitude": latitude, "longitude": longitude}})


def press_update(chat_id: int, press: str, data: str, number: int = 1) -> dict[str, Any]:
    """Calling this will make the press of a button below message ``number`` of a private chat."""
    people = _from(chat_id, "Warga Uji")
    below = {"message_id": number, "date": WHEN, "chat": people["chat"], "text": "…"}
    query = {"id": press, "from": people["from"], "chat_instance": "-1200", "data": data, "message": below}
    return {"update_id": next(_updates), "callback_query": query}


def group_update(chat_id: int, text: str, *, who: int = 810000001) -> dict[str, Any]:
    """Calling this will make a text said in a supergroup."""
    chat = {"id": chat_id, "title": "RT 5", "type": "supergroup"}
    message = {"message_id": next(_messages), **_from(who, "Warga Uji"), "chat": chat, "date": WHEN, "text": text}
    return {"update_id": next(_updates), "message": message}


def reaction_update(chat_id: int, number: int, emoji: str) -> dict[str, Any]:
    """Calling this will make a reaction to message ``number`` of a private chat."""
    people = _from(chat_id, "Warga Uji")
    change = {
        "chat": people["chat"],
        "user": people["from"],
        "message_id": number,
        "date": WHEN,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": emoji}],
    }
    return {"update_id": next(_updates), "message_reaction": change}


def blocked_update(chat_id: int, *, blocked: bool = True) -> dict[str, Any]:
    """Calling this will say that the person blocked the bot, or let it in again."""
    bot = {"id": int(TOKEN.partition(":")[0]), "is_bot": True, "first_name": "Aduan Uji", "username": USERNAME}
    old, new = ({"user": bot, "status": "member"}, {"user": bot, "status": "kicked", "until_date": 0})
    change = {
        **_from(chat_id, "Warga Uji"),
        "date": WHEN,
        "old_chat_member": old if blocked else new,
        "new_chat_member": new if blocked else old,
    }
    return {"update_id": next(_updates), "my_chat_member": change}


def message_update(chat_id: int, content: dict[str, Any], *, name: str = "Warga Uji") -> dict[str, Any]:
    """Calling this will make a private message with any content; its numbers are new on every call."""
    message = {"message_id": next(_messages), **_from(chat_id, name), "date": WHEN, **content}
    return {"update_id": next(_updates), "message": message}


def _from(chat_id: int, name: str) -> dict[str, Any]:
    return {
        "from": {"id": chat_id, "is_bot": False, "first_name": name, "language_code": "id"},
        "chat": {"id": chat_id, "first_name": name, "type": "private"},
    }


def _ok(result: Any) -> Reply:
    return Reply.of({"ok": True, "result": result})


def _error(code: int, description: str, **parameters: Any) -> Reply:
    body = {"ok": False, "error_code": code, "description": description}
    return Reply.of({**body, "parameters": parameters} if parameters else body, code)
