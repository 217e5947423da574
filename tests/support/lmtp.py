"""Our own LMTP listener in a thread of its own, as its process runs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.lmtp import listening
from channels.mail import Mail
from dispatch.runtime import Runtime


@contextmanager
def served(runtime: Runtime, bind: str) -> Iterator[None]:
    """The listener in a thread of its own, as the process runs it.

    The loop is made, run and closed in that thread: the caller's may have a running one (a browser's driver does).
    """
    ready, handles = threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()
    channel = runtime.channel("mail")
    assert isinstance(channel, Mail)

    async def run() -> None:
        over = asyncio.Event()
        async with listening(runtime, channel, bind):
            handles.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        for loop, over in handles:
            loop.call_soon_threadsafe(over.set)
        thread.join(20)
        assert not thread.is_alive()
