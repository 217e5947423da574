"""The embedded Valkey, started as the installation starts it, for tests that need the bell or its loss."""

from __future__ import annotations

import shlex
import signal
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from dispatch.config import Settings
from tests.support.servers import wait_until


class Valkey:
    """A Valkey server on a Unix socket in a folder of its own; ``with`` starts and stops it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="aduan-vk-")
        self.socket = Path(self._folder.name) / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address clients use."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start and wait until it answers."""
        from admin.up import valkey_command

        settings = Settings.read({"ADUAN_VAR": self._folder.name})
        self._process = subprocess.Popen(
            shlex.split(valkey_command(settings)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, what="Valkey")

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False
        client = Redis(unix_socket_path=str(self.socket))
        try:
            return bool(client.ping())
        except RedisError:
            return False
        finally:
            client.close()

    def pause(self) -> None:
        """Let it hang: it takes connections and answers nothing, until ``resume``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)
            self._process = None

    def __enter__(self) -> Valkey:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()
