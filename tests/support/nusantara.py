"""The second region pack: an invented province in another time zone, with other codes, agencies and names.

Its own files lie in ``tests/regions``. The sentences are those of the first region with the names changed: what they
say is tested there, and a sentence that is added needs no second copy.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dispatch.region import PACKS

NAME = "nusantara_timur"
SOURCE = Path(__file__).parents[1] / "regions" / NAME
#: What the first region calls itself in its sentences → what this one does.
RENAMED = {"Kalimantan Utara": "Nusa Cendana", "North Kalimantan": "Nusa Cendana", "Kaltara": "Nusa Cendana"}


def write(directory: Path) -> Path:
    """Calling this will put the pack together in ``directory`` and give its folder."""
    folder = directory / NAME
    shutil.copytree(SOURCE, folder)
    sentences = (PACKS / "kaltara" / "phrases.yaml").read_text(encoding="utf-8")
    for old, new in RENAMED.items():
        sentences = sentences.replace(old, new)
    (folder / "phrases.yaml").write_text(sentences, encoding="utf-8")
    return folder
