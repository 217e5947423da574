"""The doorbell: RQ on Valkey or Redis only wakes workers up. Everything in it may vanish; the rows stay and a sweep
finds them.

One queue per worker: a worker that listens on two can lose a job between taking and starting it (RQ 3.0). The JSON
serialiser, because pickle in Redis would be code execution for whoever can write there. Jobs carry row ids and channel
names, nothing else.
"""

from __future__ import annotations

import logging

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

log = logging.getLogger("aduan.jobqueue")

INBOUND = "inbound"
MEDIA = "media"
#: The function each queue's jobs run, by dotted name: the queue knows no upper floor.
FUNCTIONS = {INBOUND: "bot.jobs.work_inbound", MEDIA: "bot.media.fetch_media"}
SEND = "dispatch.jobs.send"
JOB_SECONDS = 300


def outbound(provider: str) -> str:
    """Calling this will name the queue of one provider's sends: a slow or broken one delays no other."""
    return f"outbound-{provider}"


class JobQueue:
    """Calling this will connect lazily to Valkey or Redis at ``url`` and ring queues there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Redis | None = None

    @property
    def connection(self) -> Redis:
        """Calling this will give the connection pool, made on first use (so that it opens after a fork)."""
        if self._connection is None:
            self._connection = connect(self.url)
        return self._connection

    def ring(self, queue: str, *row_ids: int) -> bool:
        """Calling this will wake the worker of a queue for some rows; False when the bell could not be reached.

        A missed bell is no loss: the clock's sweep rings again for every row that waits.
        """
        function, args = (
            (FUNCTIONS[queue], list(row_ids))
            if queue in FUNCTIONS
            else (SEND, [queue.removeprefix("outbound-"), *row_ids])
        )
        try:
            self.queue(queue).enqueue(
                function, args=args, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86_400, description=queue
            )
        except RedisError as error:
            log.warning("bell not reached", extra={"queue": queue, "error": type(error).__name__})
            return False
        return True

    def queue(self, name: str) -> Queue:
        """Calling this will give the RQ queue of a name."""
        return Queue(name, connection=self.connection, serializer="json")

    def depth(self, name: str) -> int:
        """Calling this will count the bells waiting on a queue. Raises RedisError when the server is away."""
        return int(self.queue(name).count)

    def ping(self) -> bool:
        """Calling this will say whether the server answers."""
        try:
            return bool(self.connection.ping())
        except RedisError:
            return False

    def close(self) -> None:
        """Calling this will drop the connections."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connect(url: str) -> Redis:
    """Calling this will make a client that gives up within a second on a server that is away or does not answer.

    A worker that waits for a bell stretches the second itself.
    """
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, health_check_interval=30)
