"""Why a ticket is due when it is, in a sentence a clerk can follow on a wall calendar; which agency had it how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from babel.dates import format_date
from flask_babel import gettext, ngettext
from sqlmodel import Session

from admin.formats import Clock, clocks, language, moment, weekday_moment
from dispatch import hours
from dispatch.hours import NoWorkingTime
from dispatch.models import Ticket
from dispatch.region import Region
from dispatch.services import deadlines
from dispatch.services.deadlines import Clocks
from dispatch.sla import Explanation, NoRule
from dispatch.workflow import Status


@dataclass(frozen=True, slots=True)
class Told:
    """Calling this will hold one deadline as the ticket's page tells it: how it stands, why it is due then, since when
    its clock stands still, and the date it would have had it counted since the citizen spoke ("" where that is all
    one)."""

    clock: Clock
    sentence: str = ""
    standing: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Had:
    """Calling this will hold an agency's name and the working time it had the ticket, in words."""

    agency: str
    time: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Calling this will hold what the ticket's page says of its deadlines; ``fault`` is why dates cannot be explained,
    "" when they can."""

    told: Sequence[Told]
    shares: Sequence[Had]
    fault: str = ""


def panel(session: Session, region: Region, now: datetime, ticket: Ticket) -> Panel:
    """Calling this will put a ticket's deadlines and their explanations into the reader's language.

    Where the region pack cannot say when something is due, the dates stand as they are, with the reason.
    """
    stand = clocks(region, now, ticket)
    try:
        known = deadlines.explain(session, region, now, ticket)
    except NoWorkingTime as error:
        fault = gettext(
            "The calendar %(calendar)s has no working hours, so dates cannot be worked out. Tell your administrator.",
            calendar=error.calendar,
        )
        return Panel([Told(clock) for clock in stand], (), fault)
    except NoRule:
        fault = gettext(
            "No rule of the region says when this is due, so dates cannot be worked out. Tell your administrator."
        )
        return Panel([Told(clock) for clock in stand], (), fault)
    told = [
        Told(
            clock, sentence(region, why), standing(region, why), _spoken(region, ticket, known.since_spoken.get(stage))
        )
        for clock, (stage, why) in zip(stand, known.explanations.items(), strict=True)
    ]
    return Panel(told, had(region, known))


def had(region: Region, known: Clocks) -> Sequence[Had]:
    """Calling this will say how much working time each agency had a ticket while its clock ran."""
    return [
        Had(
            region.agencies[share.agency].short if share.agency in region.agencies else share.agency, length(share.time)
        )
        for share in known.shares
    ]


def sentence(region: Region, why: Explanation) -> str:
    """Calling this will say why a step is due when it is: "14 hari kerja sejak diterima Senin 2 Nov 2026 (Permen PANRB
    62/2018), tanpa 24 Des (Cuti bersama Natal), ditambah 17 jam …: Rabu 23 Des 2026 16.00 WITA"."""
    return f"{_count(region, why)}{_off(region, why)}{_moved(region, why)}: {weekday_moment(region, why.due)}"


def standing(region: Region, why: Explanation) -> str:
    """Calling this will say since when and why a clock stands still, "" for one that runs."""
    stop = why.standing
    if stop is None:
        return ""
    said = gettext(
        "Stands still since %(moment)s (%(reason)s).", moment=moment(region, stop.start), reason=_reason(stop.status)
    )
    if stop.until is None:
        return str(said)
    again = gettext("It runs again %(moment)s at the latest.", moment=moment(region, stop.until))
    return f"{said} {again}"


def length(time: timedelta) -> str:
    """Calling this will write a length of working time in hours and minutes, rounded down: a working day is not equally
    long everywhere."""
    minutes = int(time.total_seconds()) // 60
    if not minutes:
        return str(gettext("less than a minute"))
    full, rest = divmod(minutes, 60)
    said = [ngettext("%(num)d hour", "%(num)d hours", full)] if full else []
    if rest:
        said.append(ngettext("%(num)d minute", "%(num)d minutes", rest))
    return " ".join(said)


def _spoken(region: Region, ticket: Ticket, due: datetime | None) -> str:
    if due is None:
        return ""
    return str(
        gettext(
            "Counted since the citizen spoke (%(start)s) it would be due %(due)s.",
            start=moment(region, ticket.spoken_at),
            due=moment(region, due),
        )
    )


def _count(region: Region, why: Explanation) -> str:
    if why.rule.counts == "working_days":
        start = format_date(region.local(why.start).date(), "EEEE d MMM y", locale=language())
        return str(
            ngettext(
                "%(num)d working day since receipt on %(start)s (%(regulation)s)",
                "%(num)d working days since receipt on %(start)s (%(regulation)s)",
                why.rule.days,
                start=start,
                regulation=why.rule.regulation,
            )
        )
    return str(
        gettext(
            "%(hours)s hours without a break since receipt on %(start)s (%(regulation)s)",
            hours=why.rule.days * 24,
            start=weekday_moment(region, why.start),
            regulation=why.rule.regulation,
        )
    )


def _off(region: Region, why: Explanation) -> str:
    if not why.days_off:
        return ""
    days = ", ".join(
        f"{format_date(day, 'd MMM', locale=language())} ({hours.holiday(region, day, language())})"
        for day in why.days_off
    )
    return str(gettext(", without %(days)s", days=days))


def _moved(region: Region, why: Explanation) -> str:
    if not why.moved:
        return ""
    reasons = ", ".join(dict.fromkeys(_reason(stop.status) for stop in why.pauses))
    said = str(gettext(", plus %(time)s of working time (%(reasons)s)", time=length(why.moved), reasons=reasons))
    capped = [stop.until for stop in why.pauses if stop.capped and stop.until is not None]
    if capped:
        said += str(gettext("; waiting counts until %(moment)s at most", moment=moment(region, capped[-1])))
    return said


def _reason(status: Status) -> str:
    if status is Status.WAITING:
        return str(gettext("the citizen was asked"))
    return str(gettext("the citizen had an answer") if status is Status.ANSWERED else gettext("the ticket had ended"))
