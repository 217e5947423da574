"""The doorbell: away, it says so at once; there, it enqueues JSON jobs that carry ids and nothing else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from admin.up import valkey_command
from dispatch.config import Settings
from dispatch.jobqueue import FUNCTIONS, INBOUND, MEDIA, SEND, JobQueue, outbound
from dispatch.runtime import Runtime, ring_after_commit
from tests.support.servers import wait_until


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, subprocess.Popen[bytes]]]:
    """The embedded server, started by the very command ``aduan up`` uses."""
    settings = Settings.read({"ADUAN_VAR": str(tmp_path_factory.mktemp("v"))})
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {valkey_command(settings)}"], stdout=subprocess.DEVNULL)
    queue = JobQueue(settings.redis_url)
    wait_until(queue.ping, what="Valkey")
    queue.close()
    yield settings, process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def queue(valkey) -> Iterator[JobQueue]:
    queue = JobQueue(valkey[0].redis_url)
    queue.connection.flushall()
    yield queue
    queue.close()


BELLS = {
    "inbound": (INBOUND, (1, 2, 3), FUNCTIONS[INBOUND], [1, 2, 3]),
    "media": (MEDIA, (9,), FUNCTIONS[MEDIA], [9]),
    "outbound": (outbound("whatsapp"), (5, 6), SEND, ["whatsapp", 5, 6]),
    "outbound-without-rows": (outbound("sms"), (), SEND, ["sms"]),
}


@pytest.mark.parametrize(("name", "rows", "function", "args"), BELLS.values(), ids=BELLS)
def test_a_bell_is_one_job_with_ids_only(queue, name, rows, function, args):
    assert queue.ring(name, *rows) is True
    assert queue.depth(name) == 1
    [job] = queue.queue(name).jobs
    assert (job.func_name, list(job.args), job.kwargs) == (function, args, {})
    assert job.description == name  # RQ's own would quote the call


def test_nothing_in_the_server_is_pickle(queue):
    queue.ring(INBOUND, 1)
    [job] = queue.queue(INBOUND).jobs
    stored = queue.connection.hgetall(job.key)[b"data"]
    data = stored if stored.startswith(b"[") else __import__("zlib").decompress(stored)
    assert data.startswith(b'["bot.jobs.work_inbound"')


def test_the_embedded_server_is_open_to_this_user_only_and_keeps_its_file(valkey):
    settings, _ = valkey
    assert oct(settings.valkey_socket.stat().st_mode)[-3:] == "700"
    assert any(path.name.startswith("appendonly") for path in (settings.var / "valkey").iterdir())


class Silent:
    """A server that takes connections and never says a word."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(8)
        self.url = f"redis://127.0.0.1:{self.socket.getsockname()[1]}/0"


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.socket.close()


AWAY = {"refused": "redis://127.0.0.1:1/0", "no-socket": "unix:///nowhere/valkey.sock"}


@pytest.mark.parametrize("url", AWAY.values(), ids=AWAY)
def test_a_server_that_is_away_is_false_and_no_exception(url):
    queue = JobQueue(url)
    assert queue.ring(INBOUND, 1) is False
    assert queue.ping() is False
    with pytest.raises(RedisError):
        queue.depth(INBOUND)
    queue.close()


def test_a_server_that_does_not_answer_is_given_up(silent):
    queue = JobQueue(silent.url)
    assert queue.ring(INBOUND, 1) is False
    assert queue.connection.connection_pool.connection_kwargs["socket_timeout"] == 1
    queue.close()


def test_a_stopped_server_is_given_up_and_found_again(valkey, queue):
    _, process = valkey
    assert queue.ring(INBOUND, 1)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        assert queue.ring(INBOUND, 2) is False
    finally:
        os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: queue.ring(INBOUND, 3), what="Valkey to answer again")


class TestAfterCommit:
    """Bells ring for what is committed, once for each queue, and never for what was rolled back."""

    @pytest.fixture
    def wired(self, valkey, queue, tmp_path: Path, sqlite_template: Path) -> Iterator[Runtime]:
        import shutil

        shutil.copy(sqlite_template, tmp_path / "a.db")
        given = {"ADUAN_VAR": str(tmp_path / "var"), "REDIS_URL": valkey[0].redis_url}
        runtime = Runtime(Settings.read({**given, "DATABASE_URL": f"sqlite:///{tmp_path}/a.db"}))
        yield runtime
        runtime.close()

    def test_one_bell_for_a_queue_whatever_the_number_of_rows(self, wired, queue):
        with wired.writing() as session:
            for number in (1, 2, 3):
                ring_after_commit(session, INBOUND, number)
            ring_after_commit(session, outbound("sms"), 4)
            assert queue.depth(INBOUND) == 0
        assert [list(job.args) for job in queue.queue(INBOUND).jobs] == [[1, 2, 3]]
        assert [list(job.args) for job in queue.queue(outbound("sms")).jobs] == [["sms", 4]]

    def test_no_bell_for_a_rollback(self, wired, queue):
        with pytest.raises(RuntimeError, match="broke"), wired.writing() as session:
            ring_after_commit(session, INBOUND, 1)
            raise RuntimeError("broke")
        assert queue.depth(INBOUND) == 0
