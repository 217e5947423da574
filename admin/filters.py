"""Which tickets a list shows: the address's query read into a value, and the value turned into SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlmodel import col

from admin.formats import clean, parse_day, start_of
from dispatch import judged, numbers
from dispatch.models import Message, Ticket
from dispatch.region import Region
from dispatch.reports import CONDITIONS, condition, in_agencies, in_period, raised
from dispatch.scope import Scope
from dispatch.workflow import OPEN, Status

PAGE_SIZE = 50
#: Beyond it, narrowing the list down is faster than leafing on, for the reader and for the database.
LAST_PAGE = 200
QUERY_LENGTH = 100
DEFAULT_SORT = "due"
#: Unanswered tickets come first, the longest overdue on top, and before them, in the default order, danger to life.
#: ``id`` makes every order total, so no page repeats a row.
SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "due": (
        col(Ticket.first_response_at).is_not(None).asc(),
        col(Ticket.first_response_due).asc(),
        col(Ticket.id).asc(),
    ),
    "-due": (
        col(Ticket.first_response_at).is_not(None).asc(),
        col(Ticket.first_response_due).desc(),
        col(Ticket.id).desc(),
    ),
    "opened": (col(Ticket.opened_at).asc(), col(Ticket.id).asc()),
    "-opened": (col(Ticket.opened_at).desc(), col(Ticket.id).desc()),
}
STATUSES = ("open", "all", *Status)
#: What a list can be narrowed down to wait for: a supervisor's decision (a name of ``reports.CONDITIONS``).
WAITING = ("decision",)


@dataclass(frozen=True, slots=True)
class Filters:
    """Calling this will hold what somebody asked of the list; unknown values were dropped."""

    opd: str = ""
    status: str = ""
    channel: str = ""
    area: str = ""
    q: str = ""
    overdue: bool = False
    triage: bool = False
    danger: bool = False
    undelivered: bool = False
    joined: bool = False
    waiting: str = ""
    figure: str = ""
    proposed: str = ""
    decided: str = ""
    opened_from: date | None = None
    opened_to: date | None = None
    sort: str = DEFAULT_SORT
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Calling this will read the query of an address; a value that means nothing counts as not given."""

        def text(name: str) -> str:
            return clean(query.get(name, ""), QUERY_LENGTH).strip()

        def known(name: str, values: Any) -> str:
            return text(name) if text(name) in values else ""

        page = text("page")
        return cls(
            opd=text("opd"),
            status=known("status", STATUSES),
            channel=text("channel"),
            area=text("area"),
            q=text("q"),
            overdue=text("overdue") == "1",
            triage=text("triage") == "1",
            danger=text("danger") == "1",
            undelivered=text("undelivered") == "1",
            joined=text("joined") == "1",
            waiting=known("waiting", WAITING),
            figure=known("figure", CONDITIONS),
            proposed=text("proposed"),
            decided=text("decided"),
            opened_from=parse_day(text("opened_from")),
            opened_to=parse_day(text("opened_to")),
            sort=known("sort", SORTS) or DEFAULT_SORT,
            page=min(max(int(page), 1), LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    @property
    def shown_status(self) -> str:
        """Calling this will give the status in force.

        Without a choice these are the open tickets, but all of them where somebody looks for words or follows a figure.
        """
        return self.status or ("all" if self.q or self._follows_a_figure or self.undelivered else "open")

    @property
    def _follows_a_figure(self) -> bool:
        return bool(self.figure or self.proposed or self.decided or self.opened_from or self.opened_to)

    @property
    def narrowed(self) -> bool:
        """Calling this will say whether one of the filters behind the first two is in use."""
        flags = (self.overdue, self.triage, self.danger, self.undelivered, self.waiting, self.joined)
        others = (self.opd, self.channel, self.area, *flags)
        return any(others) or self.sort != DEFAULT_SORT

    def query(self, **changes: object) -> dict[str, str]:
        """Calling this will write the filters back as an address's query, with changes, leaving out what is default."""
        changed = replace(self, **changes)  # type: ignore[arg-type]
        values: dict[str, object] = {name: getattr(changed, name) for name in self.__slots__}
        if changed.sort == DEFAULT_SORT:
            values["sort"] = ""
        if changed.page == 1:
            values["page"] = ""
        return {name: "1" if value is True else str(value) for name, value in values.items() if value}

    def select(self, region: Region, now: datetime, scope: Scope) -> Select[Ticket]:
        """Calling this will make the query for one page and one row more, limited to what its reader may see."""
        conditions = [in_agencies(scope), self._period(region), *self._plain(now)]
        if self.q:
            conditions.append(_words(region, self.q))
        first = (raised(now),) if self.sort == DEFAULT_SORT else ()
        query = select(Ticket).where(*conditions).order_by(*first, *SORTS[self.sort])
        return query.limit(PAGE_SIZE + 1).offset((self.page - 1) * PAGE_SIZE)

    def _period(self, region: Region) -> ColumnElement[bool]:
        first = start_of(region, self.opened_from) if self.opened_from else None
        after = start_of(region, self.opened_to + timedelta(days=1)) if self.opened_to else None
        return in_period(first, after)

    def _plain(self, now: datetime) -> list[ColumnElement[bool]]:
        found = [condition(name, now) for name in ("overdue", "triage", "danger", "undelivered") if getattr(self, name)]
        if self.figure:
            found.append(condition(self.figure, now))
        if self.waiting:
            found.append(condition(self.waiting, now))
        if self.proposed:
            found.append(judged.proposed(self.proposed))
        if self.decided:
            found.append(judged.decided(self.decided))
        if self.opd:
            found.append(col(Ticket.agency) == self.opd)
        if self.channel:
            found.append(col(Ticket.channel) == self.channel)
        if self.area:
            inside = col(Ticket.area).startswith(f"{self.area}.", autoescape=True)
            found.append(or_(col(Ticket.area) == self.area, inside))
        status = self.shown_status
        if status == "open" and (self.joined or self.danger):  # what is joined to another as well
            found.append(col(Ticket.status).in_(sorted(OPEN)))
        elif status == "open":
            found.append(condition("open", now))
        elif status != "all":
            found.append(col(Ticket.status) == status)
        if not (self.joined or self.q or self._follows_a_figure or self.danger or self.undelivered):
            found.append(col(Ticket.lead_id).is_(None))
        return found


def _words(region: Region, text: str) -> ColumnElement[bool]:
    """A ticket number in any spelling is that ticket; else every word must stand in the summary or one message."""
    number = numbers.parse(region.prefix, text)
    if number is not None:
        return col(Ticket.number) == number
    spoken = select(col(Message.id)).where(col(Message.ticket_id) == col(Ticket.id))
    words = text.split()
    summary = and_(*(col(Ticket.summary).icontains(word, autoescape=True) for word in words))
    body = and_(*(col(Message.body).icontains(word, autoescape=True) for word in words))
    return or_(summary, spoken.where(body).exists())
