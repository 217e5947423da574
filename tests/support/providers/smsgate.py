"""SMSGate played on loopback: the phone's API, its message list and inbox, and webhooks signed as the phone signs."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from tests.support.providers.base import Recorded, Reply, Routes, StandIn

USER, PASSWORD, KEY = "sms", "empat-belas-perahu", "kunci-tanda-tangan"


def sign(key: str, body: bytes, stamp: str) -> str:
    """The signature the phone makes."""
    return hmac.new(key.encode(), body + stamp.encode(), sha256).hexdigest()


class SmsGateStandIn(StandIn):
    """The app's server: ``messages`` by their id, ``inbox`` newest first, ``hooks`` as registered."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.messages: dict[str, dict[str, Any]] = {}
        self.inbox: list[dict[str, Any]] = []
        self.hidden: list[dict[str, Any]] = []
        self.hooks: list[dict[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.status = "pass"
        self.listing = True
        super().__init__()

    def routes(self) -> Routes:
        return [
            ("GET", "/health", self._health),
            ("POST", "/messages", self._send),
            ("GET", "/webhooks", self._hooks),
            ("POST", "/inbox/refresh", self._refresh),
            ("POST", "/messages/inbox/export", self._export),
            ("GET", "/inbox", self._list),
            ("GET", r"/inbox/([^/]+)/attachments/(-?\d+)", self._file),
        ]

    def _known(self, request: Recorded) -> Reply | None:
        right = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return None if request.headers.get("authorization") == right else Reply.of({"message": "no"}, 401)

    def _health(self, request: Recorded, match: re.Match[str]) -> Reply:
        code = 500 if self.status == "fail" else 200
        date = format_datetime(self.now.astimezone(UTC), usegmt=True)
        return Reply.of({"status": self.status, "checks": {}, "version": "1.2.3"}, code, {"Date": date})

    def _send(self, request: Recorded, match: re.Match[str]) -> Reply:
        if refused := self._known(request):
            return refused
        body = request.json
        if body["id"] in self.messages:
            return Reply.of({"message": "already exists"}, 409)
        self.messages[body["id"]] = body
        return Reply.of({"id": body["id"], "state": "Pending", "recipients": []}, 202)

    def _hooks(self, request: Recorded, match: re.Match[str]) -> Reply:
        return self._known(request) or Reply.of(self.hooks)

    def _refresh(self, request: Recorded, match: re.Match[str]) -> Reply:
        """What the app missed becomes a row of its inbox."""
        if not self.listing:
            return Reply.of({}, 404)
        self.inbox = self.hidden + self.inbox
        self.hidden = []
        return self._known(request) or Reply(202)

    def _export(self, request: Recorded, match: re.Match[str]) -> Reply:
        return self._known(request) or Reply(202)

    def _list(self, request: Recorded, match: re.Match[str]) -> Reply:
        if refused := self._known(request):
            return refused
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        rows = [row for row in self.inbox if start <= datetime.fromisoformat(row["createdAt"]) <= end]
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        return Reply.of(rows[offset : offset + limit])

    def _file(self, request: Recorded, match: re.Match[str]) -> Reply:
        found = self.files.get(match[2])
        return self._known(request) or (Reply(200, {}, found) if found is not None else Reply.of({}, 404))
