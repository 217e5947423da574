"""Real servers on loopback for the tests: a throw-away PostgreSQL cluster, Redis, Valkey. Found on the machine, never
faked.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

POSTGRES_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = 20.0, what: str = "the condition") -> None:
    """Return as soon as ``condition`` holds; raise TimeoutError naming ``what`` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _as_nobody() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then it runs as ``postgres`` or ``nobody``."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


class Postgres:
    """A PostgreSQL cluster in a temporary folder, on a loopback port, with trust for this machine only."""

    def __init__(self) -> None:
        self.bin = POSTGRES_BIN[0]
        self.port = 0
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> bool:
        """Whether this machine has a PostgreSQL server."""
        return any((path / "initdb").exists() for path in POSTGRES_BIN)

    def start(self) -> None:
        """Make the cluster and wait until it answers, with three tries in different folders: the one for temporary
        files may be closed to the user the server runs as, and a free port may be taken by somebody else first.

        Raises RuntimeError with what the server said each time.
        """
        said: list[str] = []
        for base in (None, "/var/tmp", "/dev/shm"):
            self.folder, self.port = Path(tempfile.mkdtemp(prefix="aduan-pg-", dir=base)), free_port()
            try:
                self._try()
                return
            except (subprocess.CalledProcessError, TimeoutError, OSError) as error:
                words = getattr(error, "stderr", b"") or b""
                log = self.folder / "log"
                words += log.read_bytes()[-2_000:] if log.exists() else b""
                said.append(f"{self.folder}: {error}: {words.decode('utf-8', 'replace')}")
                self.stop()
        raise RuntimeError("PostgreSQL does not start: " + " | ".join(said))

    def _try(self) -> None:
        who = _as_nobody()
        if who:
            os.chown(self.folder, int(who["user"]), int(who["group"]))  # type: ignore[call-overload]
        data = self.folder / "data"
        make = ["-D", data, "-U", "aduan", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
        subprocess.run([self.bin / "initdb", *make], check=True, capture_output=True, cwd=self.folder, **who)  # type: ignore[call-overload]
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 100,
            "max_wal_size": "128MB",
            "log_min_messages": "fatal",
        }
        chosen = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self.bin / "postgres", "-D", data, "-p", str(self.port), *chosen],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **who,  # type: ignore[call-overload]
            )
        process = self._process
        wait_until(lambda: process.poll() is not None or self._answers(), 60, "PostgreSQL")
        if process.poll() is not None:
            raise OSError(f"it ended with {process.returncode}")

    def _answers(self) -> bool:
        """Whether it is this server that answers there: it writes its port where only it can."""
        ready = self.folder / "data" / "postmaster.pid"
        lines = ready.read_text().split("\n") if ready.exists() else []
        return len(lines) > 7 and lines[3] == str(self.port) and lines[7].strip() == "ready"

    def url(self, database: str) -> str:
        """The SQLAlchemy address of a database of this cluster."""
        return f"postgresql+psycopg://aduan@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop the cluster and remove it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # a fast shutdown: whoever is still connected is cut off
            self._process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


class RedisServer:
    """A Redis server on a loopback port, without persistence."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> bool:
        """Whether this machine has a Redis server."""
        return shutil.which("redis-server") is not None

    @property
    def url(self) -> str:
        """The address clients use."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it listens."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        wait_until(lambda: listens(self.port), what="Redis")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
