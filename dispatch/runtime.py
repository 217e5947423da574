"""The one place that wires: settings, database, region pack, channels, classifier, queue, clock. Everything is lazy, so
a
command pays only for what it uses and nothing opens before a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlmodel import Session

from channels.registry import Registry, build
from dispatch import db
from dispatch.config import ConfigFaults, Settings
from dispatch.jobqueue import JobQueue, outbound
from dispatch.phrases import REQUIRED, Phrases
from dispatch.places import Places
from dispatch.region import Region, load
from dispatch.scanner import Scanner, configured

if TYPE_CHECKING:
    from channels.base import Channel
    from classifier.reader import Reader
    from dispatch.versions import Store


def utc_now() -> datetime:
    """Calling this will tell the present instant, aware, in UTC."""
    return datetime.now(UTC)


class Runtime:
    """Calling this will wire one process. ``now`` is injected so that tests own the time."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.now = now

    @cached_property
    def engine(self) -> Engine:
        """Calling this will give the database engine of this process."""
        return db.make_engine(self.settings.database_url)

    @cached_property
    def region(self) -> Region:
        """Calling this will load the region pack. Raises RegionFaults with every fault."""
        return load(self.settings.region, self.settings.region_dir, required_phrases=REQUIRED)

    @cached_property
    def phrases(self) -> Phrases:
        """Calling this will give the region's sentences."""
        return Phrases(self.region)

    @cached_property
    def places(self) -> Places:
        """Calling this will build the index of place names."""
        return Places(self.region)

    @cached_property
    def registry(self) -> Registry:
        """Calling this will build the configured channels. Raises ConfigFaults when one is set by half."""
        registry = build(self.settings.values, self.settings.public_url)
        if registry.faults:
            raise ConfigFaults(registry.faults)
        return registry

    @cached_property
    def queue(self) -> JobQueue:
        """Calling this will give the doorbell."""
        return JobQueue(self.settings.redis_url)

    @cached_property
    def scanner(self) -> Scanner | None:
        """Calling this will give the virus scanner, None when none is configured."""
        return configured(self.settings.clamav)

    @property
    def classifier(self) -> Reader:
        """Calling this will give the trained classifier that serves, another one as soon as that is put into service.

        Raises ArtifactRefused when there is none that can be trusted.
        """
        placed: Reader | None = self.__dict__.get("classifier")  # one that was put here by hand serves
        return self.model_store.reader() if placed is None else placed

    @cached_property
    def model_store(self) -> Store:
        """Calling this will give this process's view of the trained models; it says why one was refused."""
        from dispatch.versions import Store  # lazily: most commands classify nothing

        return Store(self.settings.models)

    def channel(self, provider: str) -> Channel:
        """Calling this will give a configured provider's channel. Raises KeyError when it is off."""
        return self.registry.channels[provider]

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Calling this will open a session that only reads."""
        with db.reading(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Calling this will open one writing transaction and, once it is committed, ring the bells it asked for."""
        bells: dict[str, list[int]] = {}
        with db.writing(self.engine) as session:
            session.info["bells"] = bells
            session.info["carrier"] = self._carrier
            yield session
        for queue, rows in bells.items():
            self.queue.ring(queue, *rows)

    def _carrier(self, kind: str, account: str) -> str:
        found = self.registry.carrier(kind, account)
        return found.name if found else kind

    def close(self) -> None:
        """Calling this will close what was opened: channels, database, queue."""
        for name in ("registry", "queue"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if "engine" in self.__dict__:
            self.engine.dispose()


def ring_after_commit(session: Session, queue: str, row_id: int) -> None:
    """Calling this will ring ``queue`` for a row once the session's transaction is committed, and never before."""
    session.info.setdefault("bells", {}).setdefault(queue, []).append(row_id)


def ring_sender_after_commit(session: Session, kind: str, account: str, row_id: int) -> None:
    """Calling this will ring for an outbox row, after the commit, at the provider that carries its account's messages;
    in a session that no runtime opened, at the kind's first."""
    carrier = session.info.get("carrier")
    ring_after_commit(session, outbound(carrier(kind, account) if carrier else kind), row_id)


_installed: dict[int, Runtime] = {}


def install(runtime: Runtime) -> None:
    """Calling this will make ``runtime`` the one that jobs of this process and of its forked children use."""
    _installed.clear()
    _installed[0] = runtime


def current() -> Runtime:
    """Calling this will give the process's runtime, wired from the environment on first use."""
    if 0 not in _installed:
        install(from_environment())
    return _installed[0]


def from_environment(environ: Mapping[str, str] | None = None) -> Runtime:
    """Calling this will wire a runtime from the environment and a ``.env`` file in the working directory.

    Raises ConfigFaults with every fault at once.
    """
    given = os.environ if environ is None else environ
    return Runtime(Settings.read(given, Path(given.get("ADUAN_ENV_FILE", ".env"))))
