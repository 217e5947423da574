"""A conversation in the terminal: each line is a message, the answers come back below it. Ctrl-D ends it."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from bot.door import JSON, pulled, take
from bot.jobs import drain_inbound
from channels.console import Console
from classifier.artifact import ArtifactRefused
from dispatch import db
from dispatch.config import ConfigFaults
from dispatch.models import CitizenAddress, EventState, InboundEvent, Outbox
from dispatch.region import RegionFaults
from dispatch.runtime import Runtime, from_environment, install
from dispatch.services.delivery import mark_shown
from dispatch.training import ensure_model

#: When another worker took the message first, its answer is waited for this long, in seconds.
PATIENCE = 10.0
LOOK_EVERY = 0.1


class Talk:
    """Calling this will begin a conversation of an unknown citizen: whoever starts the next one is somebody else."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.chat = secrets.token_hex(16)
        self._read = 0

    def say(self, text: str) -> list[str]:
        """Calling this will send one message, work the inbox, and return the answers that were not yet shown."""
        body = json.dumps({"key": secrets.token_hex(16), "chat": self.chat, "text": text}).encode()
        channel = self.runtime.channel(Console.kind)
        recorded = take(self.runtime, channel, pulled(self.runtime, body, JSON))
        deadline = time.monotonic() + PATIENCE
        drain_inbound(self.runtime)
        while not self._worked(recorded.new) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
            drain_inbound(self.runtime)
        return self.answers()

    def answers(self) -> list[str]:
        """Calling this will return the answers that were not yet shown, and mark them as delivered."""
        with self.runtime.writing() as session:
            address_id = self._address(session)
            if address_id is None:
                return []
            rows = session.scalars(
                select(Outbox)
                .where(col(Outbox.address_id) == address_id, col(Outbox.id) > self._read)
                .order_by(col(Outbox.id))
            ).all()
            mark_shown(session, self.runtime.now(), address_id)
        self._read = max((row.id or 0 for row in rows), default=self._read)
        return [row.body for row in rows]

    def _worked(self, events: tuple[int, ...]) -> bool:
        with self.runtime.reading() as session:
            states = session.scalars(select(col(InboundEvent.state)).where(col(InboundEvent.id).in_(events))).all()
        return all(state not in (EventState.NEW, EventState.WORKING) for state in states)

    def _address(self, session: Session) -> int | None:
        query = select(col(CitizenAddress.id)).where(
            col(CitizenAddress.channel) == Console.kind, col(CitizenAddress.value) == self.chat
        )
        return session.scalars(query).first()


def converse(runtime: Runtime, lines: Iterator[str], write: Callable[[str], object]) -> None:
    """Calling this will talk until the lines end; blank lines are passed over. A Ctrl-C ends it as well."""
    talk = Talk(runtime)
    try:
        for line in lines:
            if line.strip():
                for answer in talk.say(line):
                    write(f"< {answer}\n")
    except KeyboardInterrupt:
        write("\n")


def main(lines: TextIO | None = None) -> int:
    """Calling this will hold a conversation on standard input and output; returns the exit status.

    The database must be migrated (``aduan db upgrade``); the classifier is trained if there is none.
    """
    try:
        runtime = from_environment()
    except ConfigFaults as error:
        return _refuse(str(error))
    install(runtime)
    try:
        faults = db.schema_faults(runtime.engine)
        if faults:
            return _refuse(*faults)
        ensure_model(runtime)
        _ = runtime.registry, runtime.classifier
        converse(runtime, iter(lines or sys.stdin), _print)
    except (ConfigFaults, RegionFaults, ArtifactRefused) as error:
        return _refuse(str(error))
    except SQLAlchemyError as error:
        return _refuse(f"the database cannot be used: {type(error).__name__}")
    finally:
        runtime.close()
    return 0


def _refuse(*reasons: str) -> int:
    sys.stderr.write("\n".join(reasons) + "\n")
    return 2


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
