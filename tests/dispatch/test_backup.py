"""Backup and restore: everything comes back, nothing is sent twice, and nothing broken is taken for good."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlmodel import Session, col

from channels.message import DeliveryState
from channels.registry import kinds
from classifier.reader import Reader
from dispatch import db, demo, outbox, snapshots
from dispatch.backup import MANIFEST, BackupFault, backup, restore
from dispatch.config import Settings
from dispatch.models import (
    Audit,
    Citizen,
    CitizenAddress,
    InboundEvent,
    Message,
    Outbox,
    Staff,
    StaffSession,
    StoredAttachment,
    Ticket,
    metadata,
)
from dispatch.pictures import Picture
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import inbound, media
from tests.conftest import Backend
from tests.support.clock import Clock
from tests.support.models import place
from tests.support.rows import lane
from tests.support.servers import Postgres, free_port, wait_until

PHOTO = b"\xff\xd8\xff" + b"foto jalan berlubang" * 100
SECRET = "rahasia-sekali"


def promise(session: Session, at: datetime, state: str, **fields: Any) -> None:
    """One message to a citizen whose sending is not settled."""
    citizen = Citizen(created_at=at)
    session.add(citizen)
    session.flush()
    address = CitizenAddress(
        citizen_id=citizen.id or 0, channel="sms", account="a", scheme="tel", value=f"+1555{citizen.id}", created_at=at
    )
    session.add(address)
    session.flush()
    message = Message(
        address_id=address.id, direction="out", author="staff", body="Jawaban\tdua\nbaris\\", created_at=at
    )
    session.add(message)
    session.flush()
    session.add(
        Outbox(
            key=f"{state}-{message.id}",
            message_id=message.id or 0,
            address_id=address.id or 0,
            channel="sms",
            account="a",
            recipient="tel:+1555",
            body="Jawaban\tdua\nbaris\\ 你",
            state=state,
            next_at=at,
            created_at=at,
            **fields,
        )
    )


@pytest.fixture
def saved(runtime: Runtime) -> Runtime:
    """An installation with history, attachments, a model, a signed-in officer, fresh mail and unsettled sends."""
    demo.fill(runtime, 40)
    now = runtime.now()
    with runtime.writing() as session:
        heard = session.scalars(select(Message).where(col(Message.event_id).is_not(None)).limit(2)).all()
        for message, data in zip(heard, (PHOTO, PHOTO + b"2"), strict=True):
            row = StoredAttachment(
                message_id=message.id or 0, event_id=message.event_id or 0, kind="image", source="1", next_at=now
            )
            media.store(session, runtime.settings.media, row, data)
        staff = Staff(email="petugas@contoh.example", role="officer", password_hash="x", created_at=now)
        session.add(staff)
        session.flush()
        session.add(StaffSession(token_hash="t", staff_id=staff.id or 0, created_at=now, seen_at=now))
        session.add(Audit(at=now, staff_id=staff.id, action="ticket.reply"))
        session.add(
            InboundEvent(
                channel="web", account="web", external_id="fresh", kind="message", received_at=now, next_at=now,
                purge_after=now, raw=bytes(range(256)),
            )
        )  # fmt: skip
        promise(session, now, "queued")
        promise(session, now, "held")
        promise(session, now, "sending", lease="abc", lease_until=now)
    current = runtime.settings.models / "current"
    current.mkdir(parents=True)
    (current / "manifest.json").write_text("{}")
    (runtime.settings.models / "current.source").write_text("s")
    (runtime.settings.models / "training.lock").write_text("")
    return runtime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def second_url(backend: Backend, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where there is no database yet on SQLite, and one without tables on PostgreSQL."""
    if backend.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'aduan.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"r{os.urandom(6).hex()}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield server.url(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def second(second_url: str, tmp_path: Path, clock: Clock, kaltara: Region) -> Iterator[Runtime]:
    """A second, empty installation, an hour later."""
    (tmp_path / "new").mkdir()
    clock.forward(hours=1)
    wired = Runtime(Settings.read({"DATABASE_URL": second_url, "ADUAN_VAR": str(tmp_path / "new" / "var")}), now=clock)
    wired.__dict__["region"] = kaltara
    yield wired
    wired.close()


def rows(runtime: Runtime, *leave: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables but some."""
    with runtime.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
            if name not in leave
        }


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def is_empty(runtime: Runtime) -> bool:
    with runtime.engine.connect() as connection:
        return not any(snapshots.count_rows(connection).values())


def test_everything_comes_back(saved: Runtime, folder: Path, second: Runtime) -> None:
    assert backup(saved, folder) == folder
    restore(second, folder)
    assert db.schema_faults(second.engine) == []
    assert rows(second, "outbox", "staff_session") == rows(saved, "outbox", "staff_session")
    with second.reading() as session:
        for row in session.scalars(select(StoredAttachment)):
            original = media.path_of(saved.settings.media, row.sha256).read_bytes()
            assert media.path_of(second.settings.media, row.sha256).read_bytes() == original
    assert files(second.settings.models) == {"current/manifest.json", "current.source"}


def test_a_model_comes_back_so_that_it_serves(saved: Runtime, folder: Path, second: Runtime, starter: Reader) -> None:
    shutil.rmtree(saved.settings.models)
    place(saved.settings.models, starter)
    backup(saved, folder)
    before = os.umask(0o002)  # the default of many machines: what one makes, one's group may write
    try:
        restore(second, folder)
    finally:
        os.umask(before)
    assert second.classifier.version == starter.version


def test_a_picture_comes_back_with_its_preview(saved: Runtime, folder: Path, second: Runtime) -> None:
    with saved.writing() as session:
        row = session.scalars(select(StoredAttachment).limit(1)).one()
        media.store(session, saved.settings.media, row, PHOTO, picture=Picture(PHOTO, "image/jpeg", b"kecil"))
        preview = row.preview
    backup(saved, folder)
    restore(second, folder)
    assert media.path_of(second.settings.media, preview).read_bytes() == b"kecil"


def test_nothing_is_sent_again(saved: Runtime, folder: Path, second: Runtime) -> None:
    backup(saved, folder)
    restore(second, folder)
    later = second.now() + timedelta(days=2)
    with second.writing() as session:
        assert sum(outbox.due(session, later, lane(kind)) for kind in kinds()) == 0
        assert outbox.claim(session, later, lane("sms")) == []
        assert outbox.expire_leases(session, later) == 0
        frozen = session.scalars(select(Outbox).where(col(Outbox.error) == snapshots.FROZEN)).all()
        assert {row.key.partition("-")[0] for row in frozen} == {"queued", "sending", "held"}
        for row in frozen:
            assert (row.state, row.settled_at, row.lease, row.lease_until) == ("uncertain", second.now(), "", None)
            assert row.body == "Jawaban\tdua\nbaris\\ 你"


def test_what_was_settled_stays_as_it_was(saved: Runtime, folder: Path, second: Runtime) -> None:
    def settled(runtime: Runtime) -> list[dict[str, Any]]:
        waiting = ("%ing-%", "queued-%", "held-%")
        query = select(Outbox).where(*(col(Outbox.key).not_like(each) for each in waiting))
        with runtime.reading() as session:
            return [row.model_dump() for row in session.scalars(query.order_by(col(Outbox.id)))]

    backup(saved, folder)
    restore(second, folder)
    assert settled(second) == settled(saved)
    assert len(settled(saved)) > 40


def test_the_installation_that_was_saved_goes_on_sending(saved: Runtime, folder: Path) -> None:
    backup(saved, folder)
    with saved.writing() as session:
        assert len(outbox.claim(session, saved.now(), lane("sms"))) == 1


def test_mail_that_waited_is_still_worked_on_and_staff_sign_in_anew(
    saved: Runtime, folder: Path, second: Runtime
) -> None:
    backup(saved, folder)
    restore(second, folder)
    with second.reading() as session:
        assert len(inbound.waiting(session, second.now())) == 1
        assert session.execute(select(col(StaffSession.ended_at))).scalar_one() == second.now()


def test_new_rows_follow_the_restored_ones(saved: Runtime, folder: Path, second: Runtime) -> None:
    backup(saved, folder)
    restore(second, folder)
    with second.writing() as session:
        before = session.execute(select(func.max(col(Outbox.id)))).scalar_one()
        promise(session, second.now(), "queued")
        session.flush()
        assert session.execute(select(func.max(col(Outbox.id)))).scalar_one() == before + 1


def test_a_migrated_database_without_rows_is_empty_enough(saved: Runtime, folder: Path, second: Runtime) -> None:
    backup(saved, folder)
    db.upgrade(second.engine)
    restore(second, folder)
    assert rows(second, "outbox", "staff_session") == rows(saved, "outbox", "staff_session")


def test_a_backup_taken_while_others_write_is_whole(saved: Runtime, folder: Path, second: Runtime) -> None:
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            with saved.writing() as session:
                promise(session, saved.now(), "queued")
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: written[0] > 3, what="the writer")
        before = written[0]
        backup(saved, folder)
        wait_until(lambda: written[0] > before, what="the writer to go on")
    finally:
        stop.set()
        writer.join()
    restore(second, folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert manifest["rows"]["outbox"] > 40
    with second.reading() as session:
        lost = col(Outbox.message_id).not_in(select(col(Message.id)))
        orphans = select(func.count()).where(lost | col(Outbox.address_id).not_in(select(col(CitizenAddress.id))))
        assert session.execute(orphans).scalar_one() == 0
        promised = session.execute(select(func.count()).where(col(Outbox.error) == snapshots.FROZEN)).scalar_one()
        messages = session.execute(select(func.count()).where(col(Message.body).like("Jawaban%baris%"))).scalar_one()
        assert promised == messages


def test_the_manifest_says_what_there_is(saved: Runtime, folder: Path) -> None:
    backup(saved, folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert set(manifest["files"]) == files(folder) - {MANIFEST}
    assert len([name for name in manifest["files"] if name.startswith("media/")]) == 2
    assert manifest["rows"]["ticket"] == 40
    assert manifest["database"] == saved.engine.dialect.name
    assert manifest["made_at"] == saved.now().isoformat()
    assert manifest["left_out"] == []


def test_keys_stay_apart(saved: Runtime, folder: Path) -> None:
    (saved.settings.var / "secret.key").write_text("the-laptops-own-key-0123456789-abcdef")
    backup(saved, folder)
    assert not [name for name in files(folder) if "secret" in name]
    for name in files(folder):
        content = (folder / name).read_bytes()
        assert b"the-laptops-own-key" not in content
        assert saved.settings.secret_key.encode() not in content


def test_only_its_owner_can_read_a_backup(saved: Runtime, folder: Path) -> None:
    backup(saved, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_attachment_does_not_keep_the_rest_from_being_saved(
    saved: Runtime, folder: Path, second: Runtime, damage: str
) -> None:
    first, other = sorted(path for path in saved.settings.media.rglob("*") if path.is_file())
    if damage == "changed":
        first.write_bytes(b"something else")
    else:
        first.unlink()
    backup(saved, folder)
    assert json.loads((folder / MANIFEST).read_bytes())["left_out"] == [first.name]
    restore(second, folder)
    assert [path.name for path in second.settings.media.rglob("*") if path.is_file()] == [other.name]


def test_a_folder_with_something_in_it_is_left_alone(saved: Runtime, folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "note.txt").write_text("mine")
    with pytest.raises(BackupFault, match="is not empty: give a new folder"):
        backup(saved, folder)
    assert files(folder) == {"note.txt"}
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_database_that_holds_rows_is_never_overwritten(saved: Runtime, folder: Path, second: Runtime) -> None:
    backup(saved, folder)
    db.upgrade(second.engine)
    with second.writing() as session:
        session.add(Citizen(name="Ada", created_at=second.now()))
    with pytest.raises(BackupFault, match=r"not empty \(citizen 1\)"):
        restore(second, folder)
    with second.reading() as session:
        assert session.scalars(select(col(Citizen.name))).all() == ["Ada"]
        assert session.scalars(select(Ticket)).all() == []


def _changed(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = next(path for path in sorted(folder.rglob(name)) if path.is_file())
        path.unlink()  # attachments are hard links: the original must not change with them
        path.write_bytes(content)

    return change


def _edited(edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        edit(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest))

    return change


def _without(pattern: str) -> Callable[[Path], None]:
    return lambda folder: next(path for path in folder.rglob(pattern) if path.is_file()).unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without(MANIFEST), "no manifest.json"),
        (_changed(MANIFEST, b"{"), "cannot be read"),
        (_changed(MANIFEST, b"[]"), "is broken: other fields"),
        (_edited(lambda m: m.pop("rows")), "is broken: other fields"),
        (_edited(lambda m: m.update(format=2)), "is broken: not of format 1"),
        (_edited(lambda m: m.update(files=[])), "is broken: files or rows"),
        (_edited(lambda m: m["rows"].update(ticket="40")), "is broken: a number of rows"),
        (_edited(lambda m: m["files"].update({"../../etc/cron.d/x": {}})), "no part of a backup"),
        (_edited(lambda m: m["files"].update({"models/../../x": {}})), "no part of a backup"),
        (_edited(lambda m: m["files"].update({"models/x": {"sha256": "0", "size": 1}})), "no sum or size"),
        (_edited(lambda m: m.update(files={})), "names no database file"),
        (_edited(lambda m: m.update(revision="9999")), "does not know the backup's revision 9999"),
        (_without("database.*"), "missing"),
        (_changed("database.*", b"SQLite format 3\0"), "changed or damaged"),
        (_changed("media/*/*", b"another photo"), "changed or damaged"),
        (_changed("current.source", b"another"), "changed or damaged"),
    ],
    ids=[
        "no-manifest",
        "half-a-manifest",
        "not-a-manifest",
        "field-missing",
        "other-format",
        "files-a-list",
        "rows-a-text",
        "path-upwards",
        "path-upwards-inside",
        "no-sum",
        "no-database",
        "newer-version",
        "database-missing",
        "database-changed",
        "attachment-changed",
        "model-changed",
    ],
)
def test_a_broken_backup_changes_nothing(
    saved: Runtime, folder: Path, second: Runtime, spoil: Callable[[Path], None], said: str
) -> None:
    backup(saved, folder)
    spoil(folder)
    with pytest.raises(BackupFault, match=said) as caught:
        restore(second, folder)
    assert "\n" not in str(caught.value)
    assert is_empty(second)
    assert not second.settings.media.exists()
    assert not second.settings.models.exists()


def test_a_backup_of_the_other_kind_of_database_is_refused(saved: Runtime, folder: Path, second: Runtime) -> None:
    backup(saved, folder)
    kinds = {"sqlite": "postgresql", "postgresql": "sqlite"}
    other = kinds[saved.engine.dialect.name]
    (folder / snapshots.FILES[saved.engine.dialect.name]).rename(folder / snapshots.FILES[other])
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["database"] = other
    manifest["files"][snapshots.FILES[other]] = manifest["files"].pop(snapshots.FILES[saved.engine.dialect.name])
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupFault, match=f"a backup of {other}, but the database here is"):
        restore(second, folder)


def test_a_database_without_a_schema_is_not_saved(second: Runtime, folder: Path) -> None:
    with second.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    with pytest.raises(BackupFault, match="no schema yet"):
        backup(second, folder)
    assert MANIFEST not in files(folder)


class TestPostgres:
    """What only PostgreSQL has: programs of its own, and a password."""

    @pytest.fixture
    def backend(self, postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Backend]:
        name = f"b{os.urandom(6).hex()}"
        admin = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_aduan"))
        yield Backend("postgres", postgres.url(name).replace("aduan@", f"aduan:{SECRET}@"))
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()

    def test_without_the_programs_the_fault_is_clear(
        self, saved: Runtime, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BackupFault, match="pg_dump is not on this machine: install PostgreSQL's client programs"):
            backup(saved, folder)

    def test_the_password_travels_in_the_environment_only(
        self, saved: Runtime, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A program in front of the real one writes down what it is given."""
        given, real = tmp_path / "given", tmp_path / "bin"
        real.mkdir()
        path = os.environ["PATH"]
        (real / "pg_dump").write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >{given}.arguments\nprintf "%s" "$PGPASSWORD" >{given}.password\n'
            f'PATH="{path}" exec pg_dump "$@"\n'
        )
        (real / "pg_dump").chmod(0o755)
        monkeypatch.setenv("PATH", f"{real}:{path}")
        backup(saved, folder)
        arguments = given.with_suffix(".arguments").read_text()
        assert "--dbname=postgresql://aduan@127.0.0.1" in arguments
        assert SECRET not in arguments
        assert given.with_suffix(".password").read_text() == SECRET

    def test_what_a_program_says_is_one_line(self, saved: Runtime, folder: Path, second: Runtime) -> None:
        backup(saved, folder)
        second.engine.dispose()
        away = create_engine(f"postgresql+psycopg://aduan:{SECRET}@127.0.0.1:{free_port()}/x")
        with pytest.raises(BackupFault, match=r"^pg_restore failed: .*connection") as caught:
            snapshots.bring_back(away, folder, second.now())
        assert SECRET not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_the_promises_are_never_seen_unfrozen(
        self, saved: Runtime, folder: Path, second: Runtime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever stops the restore before its end, no worker finds a row to send."""

        def broken(connection: object, now: datetime) -> None:
            raise KeyboardInterrupt

        backup(saved, folder)
        monkeypatch.setattr(snapshots, "_freeze", broken)
        with pytest.raises(KeyboardInterrupt):
            restore(second, folder)
        with second.reading() as session:
            assert session.execute(select(func.count()).select_from(Ticket)).scalar_one() == 40
            assert session.execute(select(func.count()).select_from(Outbox)).scalar_one() == 0


class TestSqlite:
    """What only SQLite has: the database is a file that somebody may have open."""

    @pytest.fixture
    def backend(self, sqlite_template: Path, tmp_path: Path) -> Backend:
        path = tmp_path / "aduan.db"
        path.write_bytes(sqlite_template.read_bytes())
        return Backend("sqlite", f"sqlite:///{path}")

    def test_a_restore_that_stops_half_way_leaves_nothing(
        self, saved: Runtime, folder: Path, second: Runtime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(connection: object, now: datetime) -> None:
            raise KeyboardInterrupt

        backup(saved, folder)
        monkeypatch.setattr(snapshots, "_freeze", broken)
        with pytest.raises(KeyboardInterrupt):
            restore(second, folder)
        assert is_empty(second)
        monkeypatch.undo()
        restore(second, folder)
        assert not is_empty(second)

    def test_who_has_the_empty_database_open_sees_the_restored_one(
        self, saved: Runtime, folder: Path, second: Runtime
    ) -> None:
        backup(saved, folder)
        db.upgrade(second.engine)
        with db.make_engine(second.settings.database_url).connect() as other:
            assert other.execute(select(func.count()).select_from(Ticket)).scalar_one() == 0
            other.rollback()
            restore(second, folder)
            assert other.execute(select(func.count()).select_from(Ticket)).scalar_one() == 40

    def test_a_damaged_database_is_not_saved_as_if_it_were_whole(self, saved: Runtime, folder: Path) -> None:
        saved.engine.dispose()
        path = Path(saved.engine.url.database or "")
        with path.open("r+b") as file:
            file.seek(4096 * 8)
            file.write(b"\x5a" * 4096 * 4)
        with pytest.raises(BackupFault, match=r"damaged|could not be copied"):
            backup(saved, folder)
        assert MANIFEST not in files(folder)


def test_the_states_that_are_frozen_are_those_a_worker_would_send() -> None:
    assert set(outbox.PENDING) == {DeliveryState.QUEUED, DeliveryState.SENDING}
