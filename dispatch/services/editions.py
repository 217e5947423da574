"""Editions of the region pack: each that ruled tickets here is kept, and can be looked at again."""

from __future__ import annotations

import io
import logging
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch import db
from dispatch.models import RegionEdition, Ticket
from dispatch.region import PACKS, Region, load_ruling
from dispatch.region.editions import RULING, digest, name_of, ruling_files
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.editions")

#: The oldest moment a zip can hold: the same files must always make the same bytes.
_STAMP = (1980, 1, 1, 0, 0, 0)


class UnknownEdition(LookupError):
    """Calling this will say that no edition of this name ruled tickets here."""

    def __init__(self, edition: str) -> None:
        super().__init__(f"there is no edition {edition!r} of the region pack: aduan region editions lists them")


@dataclass(frozen=True, slots=True)
class Kept:
    """Calling this will hold what is shown of one edition: since when it was in force, and how many tickets were
    opened under it."""

    region: str
    edition: str
    recorded_at: datetime
    tickets: int


def record(runtime: Runtime) -> int:
    """Calling this will keep the ruling files of the region pack in force, unless they are kept already; returns 1 when
    it did.

    Files that were changed since this process read them are another edition, which the next start records.
    """
    region = runtime.region
    with runtime.reading() as session:
        if session.scalars(select(col(RegionEdition.id)).where(col(RegionEdition.edition) == region.edition)).first():
            return 0
    files = ruling_files((runtime.settings.region_dir or PACKS) / region.code)
    total = digest(files)
    if name_of(region.version, total) != region.edition:
        log.warning("the region pack was changed after it was read", extra={"edition": region.edition})
        return 0
    with runtime.writing() as session:
        session.execute(
            db.insert_new(
                session,
                RegionEdition,
                {
                    "region": region.code,
                    "edition": region.edition,
                    "digest": total,
                    "content": packed(files),
                    "recorded_at": runtime.now(),
                },
            )
        )
    log.info("edition of the region pack recorded", extra={"edition": region.edition})
    return 1


def packed(files: dict[str, bytes]) -> bytes:
    """Calling this will zip files; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def load_edition(session: Session, edition: str) -> Region:
    """Calling this will read an edition back as a region without sentences, examples and services.

    Raises UnknownEdition, and RegionFaults for files this version of the program cannot read.
    """
    row = session.scalars(select(RegionEdition).where(col(RegionEdition.edition) == edition)).one_or_none()
    if row is None:
        raise UnknownEdition(edition)
    with (
        tempfile.TemporaryDirectory(prefix="aduan-edition-") as folder,
        zipfile.ZipFile(io.BytesIO(row.content)) as kept,
    ):
        for name in RULING:
            if name in kept.namelist():
                Path(folder, name).write_bytes(kept.read(name))
        return load_ruling(Path(folder))


def listed(session: Session) -> list[Kept]:
    """Calling this will list the editions kept here, the youngest first."""
    opened = (
        select(col(Ticket.region_version).label("edition"), func.count().label("tickets"))
        .group_by(col(Ticket.region_version))
        .subquery()
    )
    query = (
        select(
            col(RegionEdition.region),
            col(RegionEdition.edition),
            col(RegionEdition.recorded_at),
            func.coalesce(opened.c.tickets, 0),
        )
        .outerjoin(opened, opened.c.edition == col(RegionEdition.edition))
        .order_by(col(RegionEdition.id).desc())
    )
    return [Kept(*row) for row in session.execute(query)]
