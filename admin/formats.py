"""Moments and spans as staff read them: the region's own time with its label, what is left of a deadline in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask_babel import get_locale, gettext, ngettext

from dispatch.models import Ticket
from dispatch.region import Region
from dispatch.sla import is_working_day
from dispatch.workflow import ENDED, STOPS_RESOLUTION, Status

#: A deadline further away than this is far enough to be told in these days.
_FARTHEST_COUNT = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(text: str, limit: int) -> str:
    """Calling this will take what no person types out of a form's text, and what goes beyond ``limit`` characters.

    That is control characters (PostgreSQL refuses NUL), lone surrogates, carriage returns.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", plain)[:limit]


def language() -> str:
    """Calling this will give the reader's language: ``id`` or ``en``."""
    locale = get_locale()
    return str(locale.language) if locale else "id"


def moment(region: Region, instant: datetime) -> str:
    """Calling this will write an instant in the region's time: "4 Nov 2026 10.00 WITA"."""
    local = region.local(instant)
    midnight = local.time() == time.min  # it belongs to the day it ends: an agency that never closes is due then
    shown = local - timedelta(seconds=1) if midnight else local
    pattern = "HH:mm" if language() == "en" else "HH.mm"
    clock = str(format_datetime(local, pattern, locale=language()))
    clock = clock.replace("00", "24", 1) if midnight else clock
    return f"{format_date(shown, 'd MMM y', locale=language())} {clock} {region.zone_label}"


def weekday_moment(region: Region, instant: datetime) -> str:
    """Calling this will write an instant with its weekday: "Rabu 4 Nov 2026 10.00 WITA"."""
    local = region.local(instant)
    shown = local - timedelta(seconds=1) if local.time() == time.min else local
    return f"{format_date(shown, 'EEEE', locale=language())} {moment(region, instant)}"


def day(value: date) -> str:
    """Calling this will write a date: "4 Nov 2026"."""
    return str(format_date(value, "d MMM y", locale=language()))


def bytes_of(count: int) -> str:
    """Calling this will write a number of bytes: "120 kB", "3,4 MB"."""
    if count < 1_000_000:
        return f"{max(1, round(count / 1000))} kB"
    return f"{format_decimal(round(count / 1_000_000, 1), locale=language())} MB"


def playing_time(seconds: int) -> str:
    """Calling this will write a recording's length as players do: "1:05"."""
    return f"{seconds // 60}:{seconds % 60:02}"


def iso(region: Region, instant: datetime) -> str:
    """Calling this will write an instant for machines, with the region's offset."""
    return region.local(instant).isoformat(timespec="seconds")


#: Days outside these years are typing errors; the calendar's own ends cannot be moved into another zone.
FIRST_YEAR, LAST_YEAR = 1970, 2999


def parse_day(text: str) -> date | None:
    """Calling this will read a date as browsers send it (2026-11-04), None for anything else."""
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
        return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None
    except ValueError:
        return None


def start_of(region: Region, local_day: date) -> datetime:
    """Calling this will give the first instant of a local day, in UTC."""
    return datetime.combine(local_day, time.min, tzinfo=region.zone).astimezone(UTC)


def span(length: timedelta) -> str:
    """Calling this will write a length rounded down in its fitting unit: minutes, hours up to two days, days."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 60:
        return str(ngettext("%(num)d minute", "%(num)d minutes", max(minutes, 0)))
    if minutes < 48 * 60:
        return str(ngettext("%(num)d hour", "%(num)d hours", minutes // 60))
    return str(ngettext("%(num)d day", "%(num)d days", minutes // (24 * 60)))


def hours(seconds: float | None) -> str:
    """Calling this will write a measured time for a table of figures: hours below two days, days above, one decimal."""
    if seconds is None:
        return "–"
    if seconds < 3600:
        return str(ngettext("%(num)d minute", "%(num)d minutes", round(seconds / 60)))
    value, unit = (seconds / 3600, gettext("hours")) if seconds < 172_800 else (seconds / 86_400, gettext("days"))
    text = f"{value:.1f}"
    return f"{text if language() == 'en' else text.replace('.', ',')}\N{NO-BREAK SPACE}{unit}"


def time_left(region: Region, agency: str, now: datetime, due: datetime) -> str:
    """Calling this will say how much time an agency has, or how late it is; exactly at the deadline is still in time.

    What is left is told in the agency's own working days when it is more than today. "Late" is calendar time: that is
    how long the citizen has been waiting in vain.
    """
    if now > due:
        return str(gettext("late by %(span)s", span=span(now - due)))
    today, last = region.local(now).date(), region.local(due - timedelta(seconds=1)).date()
    distance = (last - today).days
    calendar = region.agencies[agency].calendar if agency in region.agencies else None
    working = 0
    if calendar is not None and distance <= _FARTHEST_COUNT:
        working = sum(is_working_day(region, calendar, today + timedelta(days=n)) for n in range(1, distance + 1))
    if working < 1:
        return str(gettext("%(span)s left", span=span(due - now)))
    return str(ngettext("%(num)d working day left", "%(num)d working days left", working))


@dataclass(frozen=True, slots=True)
class Clock:
    """Calling this will hold one of a ticket's deadlines: what, when due, how it stands in words.

    ``state`` is ``met``, ``late`` or ``running``.
    """

    step: str
    due: datetime
    words: str
    state: str


def clocks(region: Region, now: datetime, ticket: Ticket) -> list[Clock]:
    """Calling this will judge the three deadlines of a ticket at ``now``."""
    stopped = _stands(now, ticket)
    ended = Status(ticket.status) in ENDED
    rows = (
        (gettext("Checked and passed on"), ticket.verify_due, ticket.verified_at, ended),
        (gettext("First answer"), ticket.first_response_due, ticket.first_response_at, ended),
        (gettext("Resolution"), ticket.resolution_due, ticket.resolved_at, stopped),
    )
    return [_clock(region, now, ticket.agency, *row) for row in rows]


def pressing(region: Region, now: datetime, ticket: Ticket) -> Clock | None:
    """Calling this will give the deadline an officer must look at now: the first answer, then the resolution; None when
    the next move is not ours."""
    if Status(ticket.status) in ENDED:
        return None
    _, first, resolution = clocks(region, now, ticket)
    if ticket.first_response_at is None:
        return first
    return None if _stands(now, ticket) else resolution


def _stands(now: datetime, ticket: Ticket) -> bool:
    """Whether the clock of the resolution stands still: a question to the citizen stops it only up to its cap."""
    if Status(ticket.status) is Status.WAITING:
        return ticket.pause_until is not None and now < ticket.pause_until
    return Status(ticket.status) in STOPS_RESOLUTION


def _clock(
    region: Region, now: datetime, agency: str, step: str, due: datetime, done: datetime | None, stopped: bool
) -> Clock:
    if done is not None:
        if done <= due:
            return Clock(step, due, gettext("done %(moment)s, in time", moment=moment(region, done)), "met")
        late = span(done - due)
        return Clock(
            step, due, gettext("done %(moment)s, late by %(span)s", moment=moment(region, done), span=late), "late"
        )
    if stopped:
        return Clock(step, due, gettext("the clock stands still"), "running")
    return Clock(step, due, time_left(region, agency, now, due), "late" if now > due else "running")
