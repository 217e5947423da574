"""Catalogues of what staff read: English msgids in code, Indonesian in ``translations/id``, compiled when needed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"
DOMAIN = "messages"


def compile_catalogs(folder: Path = FOLDER) -> list[Path]:
    """Calling this will compile every ``.po`` whose ``.mo`` is missing or older, and list the files it wrote.

    Each file appears whole (written beside and renamed), so that several processes may start at once. Raises OSError
    when the folder cannot be written to.
    """
    written = []
    for source in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        target = source.with_suffix(".mo")
        # Not older is not enough: a checkout may set both times to the same second, so the stamp is copied.
        if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
            continue
        stamp = source.stat().st_mtime_ns
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parent.parent.name, domain=DOMAIN)
        descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write_mo(file, catalog)
            os.utime(partial, ns=(stamp, stamp))
            partial.chmod(0o644)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        written.append(target)
    return written
