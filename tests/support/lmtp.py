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
    """The listener in a thread of its own, as the process runs it."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    channel = runtime.channel("mail")
    assert isinstance(channel, Mail)

    async def run() -> None:
        async with listening(runtime, channel, bind):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
