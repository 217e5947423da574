"""What all invented stories share: when people write, from where, what the rules make of it. All is looked up once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import yaml

from channels.message import Address, DeliveryState, InboundMessage, dump
from channels.registry import channel_class
from dispatch import routing, sla
from dispatch.phrases import Phrases
from dispatch.places import Places
from dispatch.region import Category, Region

PAST_DAYS = 180
#: Office hours of the stories, local time. The law's own hours come from ``sla``; these only make the times believable.
OPENS, CLOSES = 8, 16
#: How many write in each hour of a local day, midnight first; on days off less than half.
HOURS = (2, 1, 1, 1, 1, 3, 8, 18, 30, 34, 32, 27, 20, 24, 27, 24, 20, 18, 17, 18, 18, 14, 8, 4)
DAY_OFF = 0.45

DELIVERED, READ, SENT, FAILED, UNCERTAIN = (
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)


@dataclass(frozen=True)
class Way:
    """Calling this will hold one channel of the stories. Its addresses reach nobody: the phone numbers lie in a range
    that is not given out (+62 840), mail goes to ``.example`` (RFC 2606), Telegram ids have more than the 52 bits that
    the Bot API names as the most, web chats belong to no browser."""

    kind: str
    account: str
    scheme: str
    value: str
    share: float
    knows_names: bool
    can_pin: bool
    outcomes: tuple[DeliveryState, ...]
    weights: tuple[float, ...]
    limit: int
    external: bool
    template: Mapping[str, Any]

    def address(self, serial: int, rng: Random) -> str:
        """Calling this will make the address of the ``serial``-th invented citizen."""
        return self.value.format(serial=serial, token=rng.getrandbits(128))


_OUTCOMES: dict[str, dict[DeliveryState, float]] = {
    "phone": {DELIVERED: 58, READ: 34, SENT: 5, FAILED: 2, UNCERTAIN: 1},
    "text": {DELIVERED: 84, SENT: 11, FAILED: 4, UNCERTAIN: 1},
    "accepted": {SENT: 98, FAILED: 2},
    "page": {DELIVERED: 85, SENT: 15},
}
#: kind, account, scheme, value, share of a hundred, the provider tells names, people drop pins, outcomes
_WAYS: tuple[tuple[str, str, str, str, float, bool, bool, str], ...] = (
    ("whatsapp", "whatsapp:+62840000000", "whatsapp", "+62840{serial:08d}", 52, True, True, "phone"),
    ("web", "web", "web", "{token:032x}", 16, False, True, "page"),
    ("sms", "+62840000000", "tel", "+62840{serial:08d}", 14, False, False, "text"),
    ("telegram", "demo", "telegram", "8{serial:015d}", 12, True, True, "accepted"),
    ("mail", "aduan@demo.example", "mailto", "warga{serial}@demo.example", 6, True, False, "accepted"),
)


def _ways() -> tuple[Way, ...]:
    made = []
    for kind, account, scheme, value, share, names, pins, outcome in _WAYS:
        cls = channel_class(kind)
        empty = InboundMessage(channel=kind, account=account, external_id="-", sender=Address(scheme, "-"))
        made.append(
            Way(
                kind=kind,
                account=account,
                scheme=scheme,
                value=value,
                share=share,
                knows_names=names,
                can_pin=pins,
                outcomes=tuple(_OUTCOMES[outcome]),
                weights=tuple(accumulate(_OUTCOMES[outcome].values())),
                limit=cls.limits.text_length,
                external=cls.external,
                template=dump(empty),
            )
        )
    return tuple(made)


class World:
    """Calling this will prepare the stage for stories that end at ``now``."""

    def __init__(self, region: Region, places: Places, phrases: Phrases, public_url: str, now: datetime) -> None:
        self.region = region
        self.places = places
        self.phrases = phrases
        self.public_url = public_url
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.words: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
        self.ways = _ways()
        self.shares = list(accumulate(way.share for way in self.ways))
        self.calendar = region.agencies[region.desk].calendar
        self._days: dict[date, bool] = {}
        self._routes: dict[tuple[str | None, str | None], routing.Route] = {}
        self._deadlines: dict[tuple[str, str, bool, date], tuple[datetime, sla.Deadlines]] = {}
        self._moments: dict[datetime, str] = {}
        self._named: dict[str, str | None] = {}
        self._areas, self._area_weights = self._where()
        self.categories: Sequence[Category] = tuple(region.categories.values())

    def openings(self, rng: Random, count: int) -> list[datetime]:
        """Calling this will choose when ``count`` reports came in, oldest first, within the past 180 days."""
        first = self.now - timedelta(days=PAST_DAYS)
        slots = [first + timedelta(hours=number) for number in range(PAST_DAYS * 24)]
        weights = [self._busy(slot + timedelta(minutes=30)) for slot in slots]
        chosen = rng.choices(slots, cum_weights=list(accumulate(weights)), k=count)
        return sorted(slot + timedelta(seconds=rng.randrange(3600)) for slot in chosen)

    def area(self, rng: Random) -> str | None:
        """Calling this will choose a village or district, kabupaten and kota with more people more often."""
        if not self._areas:
            return None
        inside = rng.choices(self._areas, cum_weights=self._area_weights)[0]
        return rng.choice(inside)

    def named(self, text: str) -> str | None:
        """Calling this will find the area an example's own words name, as the real thing does."""
        if text not in self._named:
            self._named[text] = self.places.find(text).area
        return self._named[text]

    def route(self, category: str | None, area: str | None) -> routing.Route:
        """Calling this will route as the real thing does; the answer depends on the area's kabupaten/kota alone."""
        key = (category, self.region.regency_of(area) if area else None)
        if key not in self._routes:
            self._routes[key] = routing.route(self.region, category, area)
        return self._routes[key]

    def deadlines(self, agency: str, kind: str, supervision: bool, start: datetime) -> sla.Deadlines:
        """Calling this will give the legal deadlines of a report received at ``start``.

        Working days depend on the local day and the agency's calendar, so one answer serves all agencies of a calendar;
        limits in hours run from the instant and are moved along with it.
        """
        key = (self.region.agencies[agency].calendar, kind, supervision, start.astimezone(self.region.zone).date())
        if key not in self._deadlines:
            made = sla.deadlines(self.region, agency, kind=kind, supervision=supervision, start=start)
            self._deadlines[key] = (start, made)
        made_for, found = self._deadlines[key]
        three = (found.verify, found.first_response, found.resolution)
        if made_for == start or all(each.rule.counts == "working_days" for each in three):
            return found
        verify, first, resolution = (
            each if each.rule.counts == "working_days" else sla.Deadline(each.at + (start - made_for), each.rule)
            for each in three
        )
        return sla.Deadlines(verify, first, resolution, found.rule_version)

    def moment(self, instant: datetime) -> str:
        """Calling this will write a deadline as citizens read it."""
        if instant not in self._moments:
            self._moments[instant] = self.phrases.moment(instant, "id")
        return self._moments[instant]

    def office(self, instant: datetime, rng: Random) -> datetime:
        """Calling this will move an instant into office hours: itself, or some time after the next opening."""
        local = instant.astimezone(self.region.zone)
        day = local.date()
        if self._works(day) and OPENS <= local.hour < CLOSES:
            return instant
        if local.hour >= OPENS:
            day += timedelta(days=1)
        while not self._works(day):
            day += timedelta(days=1)
        opens = datetime.combine(day, time(OPENS), tzinfo=self.region.zone).astimezone(UTC)
        return opens + timedelta(seconds=rng.randrange(3 * 3600))

    def _works(self, day: date) -> bool:
        if day not in self._days:
            self._days[day] = sla.is_working_day(self.region, self.calendar, day)
        return self._days[day]

    def _busy(self, instant: datetime) -> float:
        local = instant.astimezone(self.region.zone)
        return HOURS[local.hour] * (1.0 if self._works(local.date()) else DAY_OFF)

    def _where(self) -> tuple[list[list[str]], list[float]]:
        """The villages and districts of each kabupaten/kota, and how often each of these is chosen, added up."""
        inside: dict[str, list[str]] = {
            code: [] for code, place in self.region.places.items() if place.level == "regency"
        }
        for code, place in self.region.places.items():
            regency = self.region.regency_of(code)
            if regency in inside and place.level in ("district", "village"):
                inside[regency].append(code)
        weights: dict[str, float] = self.words["weights"]
        filled = {code: found or [code] for code, found in inside.items()}
        return list(filled.values()), list(accumulate(float(weights.get(code, 1)) for code in filled))
