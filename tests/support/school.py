"""A small installation that learns: the tiny region with a canary set, and tickets people decided about."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from dispatch.models import LabelSource, Ticket
from dispatch.runtime import Runtime
from dispatch.services import labels
from tests.support import tiny_region
from tests.support.tickets import open_ticket

#: What people of that province call electricity, and the pack's examples do not.
DIALECT = (
    "sentrum",
    "genset",
    "gardu",
    "sekring",
    "korslet",
    "voltase",
    "ampere",
    "saklar",
    "stopkontak",
    "meteran",
    "token",
    "kilowatt",
    "trafo",
    "kawat",
    "tiang",
    "petir",
    "ledakan",
    "bohlam",
    "kulkas",
    "kipas",
    "setrika",
    "dispenser",
    "pompa",
    "televisi",
)
#: All words there are for roads.
ROADS = (
    "jalan",
    "berlubang",
    "aspal",
    "rusak",
    "lubang",
    "parah",
    "becek",
    "hancur",
    "amblas",
    "motor",
    "jatuh",
    "gang",
    "depan",
    "poros",
    "simpang",
    "berdebu",
    "licin",
    "batu",
    "kerikil",
    "semen",
    "tambal",
    "terperosok",
    "mobil",
    "roda",
    "lumpur",
    "tikungan",
)
CANARY = "text,category\n" + "".join(
    f"{words} {more},{category}\n"
    for category, words in tiny_region._SENTENCES.items()
    for more in ("sejak kemarin", "tolong segera", "di kampung kami", "sudah lama")
)


def write_pack(folder: Path) -> None:
    """The tiny region with a canary set."""
    pack = tiny_region.write(folder)
    (pack / "canary.csv").write_text(CANARY, encoding="utf-8")


def dialect(seed: int, words: Sequence[str] = DIALECT) -> str:
    """A text nobody wrote twice."""
    return " ".join(random.Random(seed).sample(list(words), 7))


def decide(
    runtime: Runtime,
    texts: Sequence[str],
    category: str,
    staff_id: int | None,
    *,
    suggested: str = "usulan",
    source: LabelSource = LabelSource.CORRECTED,
) -> list[Ticket]:
    """Tickets, each of another citizen, that somebody gave a category the classifier had not proposed."""
    found = []
    for text in texts:
        ticket = open_ticket(
            runtime, text, category=suggested, area=None, suggestions=({"category": suggested, "confidence": 0.5},)
        )
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            labels.say(session, runtime.now(), row, category, source, staff_id)
        found.append(ticket)
    return found
