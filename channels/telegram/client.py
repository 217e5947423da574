"""The way to Telegram's servers: one bot in one thread, and their errors in our words."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx
from telegram import Bot, error
from telegram.request import HTTPXRequest

from channels.errors import OutcomeUnknown, SendError, Temporary
from channels.telegram.meanings import meaning

T = TypeVar("T")
log = logging.getLogger("channels.telegram")

#: Asked for by name: Telegram remembers the list, its default may change, and it leaves reactions out.
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
#: What reading someone else's JSON can raise.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)

#: The request cannot have reached Telegram.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Client:
    """Calling this will start one thread with an event loop, and a bot that lives in it.

    The library's bot belongs to one loop for life, and a loop does not survive a fork. ``read_timeout`` is the seconds
    without a byte after which an answer counts as lost.
    """

    def __init__(self, token: str, api: str, read_timeout: float) -> None:
        self.token = token
        self.api = api
        self.read_timeout = read_timeout
        # Two, as in the library: a poll waiting for news must not hold up an answer.
        self.polling, self.calling = (
            _Request(
                connection_pool_size=size,
                connect_timeout=min(5.0, read_timeout),
                read_timeout=read_timeout,
                write_timeout=read_timeout,
                pool_timeout=5.0,
            )
            for size in (2, 32)
        )
        self.bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=self.calling,
            get_updates_request=self.polling,
        )
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="telegram", daemon=True)
        self.thread.start()

    def call(self, ask: Callable[[Bot], Coroutine[Any, Any, T]], *, repeatable: bool = False) -> T:
        """Calling this will run one request and return its result, or raise a SendError.

        A ``repeatable`` request changes nothing by being made twice: its outcome is never unknown, only temporary.
        """
        return self._run(ask(self.bot), repeatable, 0.0)

    def later(self, ask: Callable[[Bot], Coroutine[Any, Any, object]], what: str) -> None:
        """Calling this will begin one request that nobody waits for; when it fails, a line of the log says so."""

        def report(done: Future[object]) -> None:
            if not done.cancelled() and (fault := done.exception()):
                said = self._ours(fault, True) if isinstance(fault, error.TelegramError) else type(fault).__name__
                log.warning(what, extra={"channel": "telegram", "error": str(said)[:200]})

        asyncio.run_coroutine_threadsafe(ask(self.bot), self.loop).add_done_callback(report)

    def updates(self, offset: int | None, timeout: int) -> list[dict[str, Any]]:
        """Calling this will wait up to ``timeout`` seconds for updates, as they came, or raise a SendError."""
        # Not the bot's get_updates: one update that the library cannot read would cost the whole batch, for ever.
        asked = {"timeout": timeout, "limit": 100, "allowed_updates": json.dumps(UPDATES)}
        query = urlencode(asked if offset is None else {**asked, "offset": offset})
        url = f"{self.api}/bot{self.token}/getUpdates?{query}"
        work = self.polling.post(url, read_timeout=self.read_timeout + timeout)
        found = self._run(work, True, float(timeout))
        if not isinstance(found, list):
            raise Temporary("Telegram answered getUpdates with something else")
        return found

    def close(self) -> None:
        """Calling this will end what is under way, close the connections and stop the thread."""

        async def finish() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.gather(self.polling.shutdown(), self.calling.shutdown())

        try:
            self._run(finish(), True, 0.0)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            self.loop.close()

    def _run(self, work: Coroutine[Any, Any, T], repeatable: bool, wait: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            # The library's limits are per read: an answer that drips would hold us without a limit on the whole.
            return future.result(4 * self.read_timeout + wait)
        except error.TelegramError as fault:
            said: error.TelegramError = fault
        except (TimeoutError, CancelledError):
            future.cancel()
            said = error.TelegramError("no complete answer in time")
        except UNREADABLE as fault:
            said = error.TelegramError(f"an answer that cannot be read: {type(fault).__name__}")
        # Outside the handlers, so that no cause goes along: theirs may hold the token.
        raise self._ours(said, repeatable)

    def _ours(self, fault: error.TelegramError, repeatable: bool) -> SendError:
        # The library lowers the case of what it calls a message: a token would no longer be found in it.
        said = fault.said if isinstance(fault, _Refused) else fault.message
        for form in (self.token, quote(self.token, safe="")):
            said = said.replace(form, "<token>")
        said = said[:200]
        cause: Exception = fault.__cause__ if isinstance(fault.__cause__, httpx.HTTPError) else fault
        code = type(cause).__name__
        if isinstance(fault, _Refused):
            row = meaning(fault.status, said)
            if row and issubclass(row.error, Temporary):
                wait = row.wait if fault.seconds is None else fault.seconds
                return row.error(f"{row.text} ({said})", code=row.code, retry_after=wait)
            if row and row.error is not OutcomeUnknown:
                return row.error(f"{row.text} ({said})", code=row.code)
            code = str(fault.status)
        if repeatable or isinstance(cause, NOT_SENT):
            return Temporary(f"Telegram could not be reached ({said})", code=code)
        return OutcomeUnknown(f"Telegram may have taken the message ({said})", code=code)


class _Refused(error.TelegramError):
    """Calling this will hold an answer that is no result: its status, its sentence, and for how many seconds we are
    asked to wait, None where Telegram does not say."""

    def __init__(self, status: int, said: str, seconds: float | None) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.seconds = seconds


class _Request(HTTPXRequest):
    """Calling this will make the library's transport, with answers read our way."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Calling this will raise _Refused for whatever is no success: the library's own errors keep no status, and the
        one for "too many requests" warns about its unit whenever it is made."""
        code, payload = await super().do_request(*args, **kwargs)
        if not 200 <= code < 300:
            said, seconds = _refusal(payload)
            raise _Refused(code, said or f"status {code}", seconds)
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Calling this will decode an answer without logging it: a relay's error page may repeat the token."""
        try:
            answer = json.loads(payload)
        except UNREADABLE:
            raise error.TelegramError("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise error.TelegramError("the answer is not a JSON object")
        return answer


def _refusal(payload: bytes) -> tuple[str, float | None]:
    """The sentence of a refusal and the seconds it asks to wait; what is not Telegram's form says nothing."""
    try:
        answer = json.loads(payload)
        said = str(answer.get("description") or "")
        parameters = answer.get("parameters") or {}
        if parameters.get("migrate_to_chat_id"):
            said = "group migrated to supergroup"
    except UNREADABLE:
        return "", None
    try:
        seconds = float(parameters["retry_after"])
    except UNREADABLE:
        return said, None
    return said, max(seconds, 0.0) if math.isfinite(seconds) else None
