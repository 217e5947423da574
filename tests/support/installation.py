"""A whole installation under test: ``aduan up`` with all its processes, stand-ins for the providers, a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests.support.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
#: The browser must not look for anything outside this machine.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OFFICER = "petugas@contoh.example"
SUPERVISOR = "pengawas@contoh.example"
PASSWORD = "sembilan-perahu-di-sesayap"


@dataclass
class Installation:
    """``aduan up`` in a folder of its own, on a port of its own. ``with`` starts it and stops it as Ctrl-C would.

    ``models`` holds a trained starter to begin with, as ``make setup`` leaves one; without it the first start trains.
    """

    folder: Path
    environment: dict[str, str]
    models: Path | None = None
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process, with nothing of the developer's own configuration."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "ADUAN_ENV_FILE": str(self.folder / "none.env"),
            "ADUAN_VAR": str(self.folder / "var"),
            "PORT": str(self.port),
            **self.environment,
        }

    def start(self) -> None:
        """Run ``aduan up`` and wait for its line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.models is not None and not (self.folder / "var" / "models").exists():
            shutil.copytree(self.models, self.folder / "var" / "models")
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "admin.cli", "up"],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            wait_until(lambda: self._ready() or self._process.poll() is not None, 90, "aduan up")
            if not self._ready():
                raise RuntimeError("aduan up ended:\n" + self.output())
        except BaseException:
            self.kill()
            raise

    def _read(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._lines.append(line)

    def _ready(self) -> bool:
        return any(line.startswith(f"aduan is ready at {self.url}") for line in self._lines)

    def output(self) -> str:
        """Everything its processes have printed so far."""
        return "".join(self._lines)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Tell it to stop and return its exit status."""
        self._process.send_signal(number)
        try:
            status = self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status

    def kill(self) -> None:
        """Stop it whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=10)
        for pid in self.pids().values():
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def pids(self) -> dict[str, int]:
        """The pid of each process it says it started (the supervisor's, which leads a process group)."""
        found = re.findall(r"(\w+) started \(pid=(\d+)\)", self.output())
        return {name: int(pid) for name, pid in found}

    def cli(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run an ``aduan`` command on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "admin.cli", *arguments],
            cwd=ROOT, env=self.env, input=given, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    def add_staff(self, email: str, role: str, *agencies: str) -> None:
        """Add an account with the known password; a second time changes nothing."""
        chosen = [word for code in agencies for word in ("--opd", code)]
        done = self.cli("staff", "add", email, "--role", role, *chosen, "--password-file", "-", given=PASSWORD)
        if done.returncode and "already" not in done.stderr:
            raise RuntimeError(done.stderr)

    def tickets(self) -> list[dict[str, str]]:
        """All tickets, as ``aduan export tickets`` gives them."""
        import json

        done = self.cli("export", "tickets")
        if done.returncode:
            raise RuntimeError(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def get(self, path: str, **more: str) -> httpx.Response:
        """A plain GET."""
        return httpx.get(self.url + path, headers=more, timeout=15, trust_env=False)


@contextmanager
def running(installation: Installation) -> Iterator[Installation]:
    """Start an installation and stop it again, failing loudly when it did not stop cleanly."""
    installation.start()
    try:
        yield installation
    except BaseException:
        sys.stderr.write(installation.output())
        installation.kill()
        raise
    status = installation.stop()
    if status != 0:
        raise RuntimeError(f"aduan up ended with {status}:\n{installation.output()}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without its network habits."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
