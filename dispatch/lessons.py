"""From tickets people decided about to rows a classifier may learn from.

What is learnt from a ticket are the citizen's first words, with the personal data in them masked. Nobody alone may turn
a category, so (newest rows first):

- texts that are near-copies of each other count once, with the word of staff before a citizen's;
- one citizen teaches a category at most 5 rows, and at most 20 in all;
- of the rows in which staff *contradict* the classifier (it proposed another category, or nothing), one person's are at
  most 25 of a category, or 30 % of the category's rows where others taught enough, and at most 100, or 30 %, of all.
  Rows that confirm what was proposed change little and are not limited;
- citizens' own choices are at most half of a category's rows;
- at most 20,000 rows in all.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from classifier.dataset import Dataset
from classifier.groups import near_copies
from classifier.personal import masked
from dispatch.models import BY_STAFF, Direction, Label, Message, Privacy, Ticket
from dispatch.region import Region
from dispatch.services import labels

MOST_ROWS = 20_000
MOST_CHARACTERS = 4_000
BATCH = 500
CITIZEN_OF_CATEGORY, CITIZEN_IN_ALL = 5, 20
STAFF_OF_CATEGORY, STAFF_IN_ALL = 25, 100
STAFF_SHARE = 0.3
#: A keyword before an SMS to a number several regions share, and what stands between it and the words.
_KEYED = re.compile(r"\W*(\w+)[\s#*:;.,/_-]*")


@dataclass(frozen=True, slots=True)
class Lesson:
    """Calling this will hold one ticket's first words and the category people gave it, with who said so and what the
    classifier had proposed. ``label_id`` orders lessons by when they were given.
    """

    label_id: int
    ticket_id: int
    citizen_id: int
    staff_id: int | None
    source: str
    text: str
    category: str
    suggested: str | None
    at: datetime

    @property
    def by_staff(self) -> bool:
        """Calling this will say whether staff said it, and not the citizen."""
        return self.source in BY_STAFF

    @property
    def contradicts(self) -> bool:
        """Calling this will say whether the classifier had not proposed this category."""
        return self.category != self.suggested


@dataclass(frozen=True, slots=True)
class Lessons:
    """Calling this will hold the rows to learn from, newest ticket first, and how many were left out by which rule."""

    rows: tuple[Lesson, ...]
    left_out: dict[str, int] = field(default_factory=dict)

    def data(self, rows: Iterable[Lesson] | None = None) -> Dataset:
        """Calling this will give some of the rows, or all, as a data set."""
        chosen = tuple(self.rows if rows is None else rows)
        return Dataset(tuple(each.text for each in chosen), tuple(each.category for each in chosen))


def gather(session: Session, region: Region) -> Lessons:
    """Calling this will read the lessons of the newest tickets and keep those that the rules above let count."""
    newest = select(col(Label.ticket_id)).where(col(Label.withdrawn_at).is_(None)).distinct()
    ids = session.scalars(newest.order_by(col(Label.ticket_id).desc()).limit(MOST_ROWS)).all()
    found: list[Lesson] = []
    for start in range(0, len(ids), BATCH):
        found += _read(session, region, ids[start : start + BATCH])
    return limited(found, region.categories)


def limited(found: Sequence[Lesson], categories: Collection[str]) -> Lessons:
    """Calling this will keep the lessons that count, newest ticket first; see the rules above."""
    left_out: Counter[str] = Counter()

    def kept(rows: list[Lesson], rule: str) -> list[Lesson]:
        left_out[rule] += len(at_hand) - len(rows)
        return rows

    at_hand = sorted(found, key=lambda each: -each.ticket_id)
    at_hand = kept([each for each in at_hand if each.text and each.category in categories], "no_text_or_category")
    at_hand = kept(_without_copies(at_hand), "near_copy")
    at_hand = kept(_by_citizen(at_hand), "one_citizen")
    at_hand = kept(_by_staff(at_hand), "one_officer")
    at_hand = kept(_by_choice(at_hand), "citizens_choice")
    at_hand = kept(at_hand[:MOST_ROWS], "too_many")
    return Lessons(tuple(at_hand), {rule: count for rule, count in left_out.items() if count})


def _without_copies(rows: list[Lesson]) -> list[Lesson]:
    best: dict[int, Lesson] = {}
    for each, group in zip(rows, near_copies([row.text for row in rows]).tolist(), strict=True):
        held = best.setdefault(group, each)
        if each.by_staff and not held.by_staff:
            best[group] = each
    chosen = {each.ticket_id for each in best.values()}
    return [each for each in rows if each.ticket_id in chosen]


def _by_citizen(rows: list[Lesson]) -> list[Lesson]:
    given: Counter[int] = Counter()
    of_category: Counter[tuple[int, str]] = Counter()
    found = []
    for each in rows:
        key = (each.citizen_id, each.category)
        if of_category[key] < CITIZEN_OF_CATEGORY and given[each.citizen_id] < CITIZEN_IN_ALL:
            of_category[key] += 1
            given[each.citizen_id] += 1
            found.append(each)
    return found


def _by_staff(rows: list[Lesson]) -> list[Lesson]:
    """One person's contradicting rows, bounded by what others taught: a share of the whole that stays."""
    total: Counter[str] = Counter(each.category for each in rows)
    theirs: Counter[tuple[int | None, str]] = Counter(
        (each.staff_id, each.category) for each in rows if each.by_staff and each.contradicts
    )
    in_all: Counter[int | None] = Counter(each.staff_id for each in rows if each.by_staff and each.contradicts)
    ratio = STAFF_SHARE / (1 - STAFF_SHARE)
    given: Counter[int | None] = Counter()
    of_category: Counter[tuple[int | None, str]] = Counter()
    found = []
    for each in rows:
        key = (each.staff_id, each.category)
        if each.by_staff and each.contradicts:
            most = max(STAFF_OF_CATEGORY, int(ratio * (total[each.category] - theirs[key])))
            most_in_all = max(STAFF_IN_ALL, int(ratio * (len(rows) - in_all[each.staff_id])))
            if of_category[key] >= most or given[each.staff_id] >= most_in_all:
                continue
            of_category[key] += 1
            given[each.staff_id] += 1
        found.append(each)
    return found


def _by_choice(rows: list[Lesson]) -> list[Lesson]:
    by_staff: Counter[str] = Counter(each.category for each in rows if each.by_staff)
    chosen: Counter[str] = Counter()
    found = []
    for each in rows:
        if not each.by_staff:
            if chosen[each.category] >= by_staff[each.category]:
                continue
            chosen[each.category] += 1
        found.append(each)
    return found


def _read(session: Session, region: Region, ids: Sequence[int]) -> list[Lesson]:
    query = select(Label).where(col(Label.ticket_id).in_(ids), col(Label.withdrawn_at).is_(None))
    standing = labels.holding(session.scalars(query.order_by(col(Label.id))))
    citizens: dict[int | None, int] = dict(
        session.execute(
            select(col(Ticket.id), col(Ticket.citizen_id)).where(
                col(Ticket.id).in_(ids), col(Ticket.privacy) != Privacy.SECRET
            )
        ).all()
    )
    words = first_words(session, region, ids)
    return [
        Lesson(
            label_id=label.id or 0,
            ticket_id=ticket_id,
            citizen_id=citizens[ticket_id],  # of today: addresses found to be one person's count as one
            staff_id=label.staff_id,
            source=label.source,
            text=masked(words.get(ticket_id, "")[:MOST_CHARACTERS]).strip(),
            category=label.category,
            suggested=label.suggested,
            at=label.at,
        )
        for ticket_id, label in standing.items()
        if ticket_id in citizens  # a secret is no lesson
    ]


def first_words(session: Session, region: Region, ids: Sequence[int]) -> dict[int, str]:
    """Calling this will give, by ticket, what the citizen wrote first with what they added within the region's join
    window, subjects included. A greeting or a photo that came before the matter is no part of it.
    """
    query = (
        select(
            col(Message.ticket_id),
            col(Message.channel),
            col(Message.subject),
            col(Message.body),
            col(Message.created_at),
        )
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(col(Message.ticket_id).in_(ids), col(Message.direction) == Direction.IN)
        .where(col(Message.created_at) >= col(Ticket.opened_at))
        .order_by(col(Message.id))
    )
    begun: dict[int, datetime] = {}
    parts: defaultdict[int, list[str]] = defaultdict(list)
    for ticket_id, channel, subject, body, created_at in session.execute(query):
        said = f"{subject}\n{_unkeyed(region, channel, body)}".strip()
        if not said:
            continue
        first = begun.setdefault(ticket_id, created_at)
        if created_at - first <= region.join_window:
            parts[ticket_id].append(said)
    return {ticket_id: "\n".join(said) for ticket_id, said in parts.items()}


def _unkeyed(region: Region, channel: str, body: str) -> str:
    """Without the keyword before an SMS: it says whose number it was sent to."""
    first = _KEYED.match(body) if channel == "sms" else None
    return body[first.end() :] if first and first[1].casefold() in region.sms_keywords else body
