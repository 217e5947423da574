"""One ticket's life, told step by step until it reaches the present: what has not happened yet is not written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from channels.message import DeliveryState
from channels.text import split
from dispatch.demo.rows import Batch
from dispatch.demo.world import DELIVERED, FAILED, READ, SENT, UNCERTAIN, Way, World
from dispatch.models import Author, Direction, EventState
from dispatch.region import Category
from dispatch.services.inbound import RAW_KEPT
from dispatch.services.tickets import summarise
from dispatch.workflow import ENDED, Status, check

MODEL = "demo"
#: How often what happens, of one.
PLACE_MISSING, PLACE_NAMED, PIN, UNSURE = 0.12, 0.6, 0.15, 0.1
NEVER_LOOKED_AT, IN_TIME, BEGUN, ASKED, ANSWERED_BACK, REFUSED = 0.05, 0.83, 0.6, 0.1, 0.7, 0.04
NOTED, UNHAPPY, THANKED, RESOLVED = 0.08, 0.1, 0.12, 0.65

_TROUBLE = {
    FAILED: ("30003", "reported by the provider"),
    UNCERTAIN: ("", "the sender stopped before the provider's answer was written down"),
}


class _NotYet(Exception):
    """The next step lies in the future: the story ends here."""


@dataclass
class Person:
    """Calling this will hold an invented citizen with one address; ``settled`` once its rows are in the database."""

    way: Way
    value: str
    name: str
    citizen_id: int
    address_id: int
    row: dict[str, Any] = field(repr=False)
    settled: bool = False

    @classmethod
    def new(cls, world: World, batch: Batch, rng: Random, at: datetime) -> Person:
        """Calling this will invent somebody who writes for the first time at ``at``."""
        way = rng.choices(world.ways, cum_weights=world.shares)[0]
        name = rng.choice(world.words["names"]) if way.knows_names else ""
        citizen_id = batch.add("citizen", {"name": name, "language": "", "created_at": at, "notified_at": None})
        value = way.address(citizen_id, rng)
        row = {
            "citizen_id": citizen_id,
            "channel": way.kind,
            "account": way.account,
            "scheme": way.scheme,
            "value": value,
            "created_at": at,
            "last_inbound_at": at,
            "greeted_at": None,
            "stopped_at": None,
        }
        return cls(way, value, name, citizen_id, batch.add("address", row), row)

    def wrote(self, batch: Batch, at: datetime) -> None:
        """Calling this will remember when this person last wrote."""
        if at > self.row["last_inbound_at"]:
            self.row["last_inbound_at"] = at
            if self.settled:
                batch.wrote_again(self.address_id, at)


class Story:
    """Calling this will prepare the story of one ticket; ``tell`` writes it to the batch."""

    def __init__(self, world: World, batch: Batch, rng: Random, person: Person, opened: datetime, number: str) -> None:
        self.world = world
        self.batch = batch
        self.rng = rng
        self.person = person
        self.opened = opened
        self.at = opened
        self.number = number
        self.received: list[str] = []
        self.subject = ""
        self.ticket: dict[str, Any] = {}

    def tell(self) -> None:
        """Calling this will write the ticket and all that has happened to it by now."""
        self._open()
        with suppress(_NotYet):
            self._live()

    # What happens, in order.

    def _open(self) -> None:
        rng, world, region = self.rng, self.world, self.world.region
        example = rng.choice(region.examples)
        category = region.categories[example.category]
        area = None if rng.random() < PLACE_MISSING else world.area(rng)
        sure = rng.random() >= UNSURE
        pinned = area is not None and self.person.way.can_pin and rng.random() < PIN
        text = example.text
        if area is not None and category.needs_place and not pinned:
            text += "\n" + self._words("place_lines").format(place=region.places[area].name)
        if self.person.way.kind == "mail":
            self.subject = " ".join(example.text.split()[:6])
        self.meant = category
        self.ticket = {
            "number": self.number,
            "citizen_id": self.person.citizen_id,
            "address_id": self.person.address_id,
            "channel": self.person.way.kind,
            "status": Status.NEW,
            "kind": "complaint",
            "supervision": False,
            "category": None,
            "agency": region.desk,
            "triage": not sure,
            "area": area,
            "language": "id",
            "summary": summarise(f"{self.subject}\n{text}"),
            "spoken_at": self.opened,
            "opened_at": self.opened,
            "verified_at": None,
            "first_response_at": None,
            "resolved_at": None,
            "closed_at": None,
            "last_citizen_at": self.opened,
            "last_staff_at": None,
            "place_asked_at": None,
            "version": 1,
            "region_version": region.version,
        }
        self.ticket_id = self.batch.add("ticket", self.ticket)
        self.line = world.phrases.say(
            "mail_subject", "id", number=self.number, subject=self.subject or self.ticket["summary"]
        )
        self._hear(text, pin=area if pinned else None)
        self._change("", Status.NEW, "received")
        self._route(category if sure else None)
        needs = sure and area is None and category.needs_place and self.ticket["status"] != Status.FORWARDED
        self.ticket["place_asked_at"] = self.opened if needs else None
        self._tell_citizen(self._receipt(asks_place=needs))

    def _live(self) -> None:
        ticket, rng = self.ticket, self.rng
        if ticket["place_asked_at"] and rng.random() < PLACE_NAMED:
            self._name_place()
        if ticket["triage"]:
            self._triage()
        if ticket["status"] in ENDED or rng.random() < NEVER_LOOKED_AT:
            return
        answer_at = self._when_answered()
        if rng.random() < BEGUN:
            self._until(self.at + (answer_at - self.at) * rng.uniform(0.1, 0.8), office=True)
            self._move(Status.IN_PROGRESS)
        if rng.random() < NOTED:
            self._note()
        if rng.random() < ASKED:
            self._ask()
            answer_at = self.at + timedelta(hours=rng.uniform(2, 60))
        self._until(max(answer_at, self.at), office=True)
        if rng.random() < REFUSED:
            self._answer(self._words("refusals"), Status.REJECTED)
            return
        self._answer(rng.choice(self.world.words["answers"][ticket["kind"]]), Status.ANSWERED)
        self._afterwards()

    def _name_place(self) -> None:
        """The citizen names the place we asked for; that may give the ticket to another agency."""
        self._until(self.at + timedelta(minutes=self.rng.uniform(1, 300)))
        area = self.world.area(self.rng)
        if area is None:
            return
        place = self.world.region.places[area].name
        self._hear(self._words("place_replies").format(place=place))
        self.ticket["area"] = area
        self.ticket["version"] += 1
        if self.world.route(self.meant.code, area).agency != self.ticket["agency"]:
            self._route(self.meant)
        agency = self.world.region.agencies[self.ticket["agency"]]
        due = self.world.moment(self.ticket["first_response_due"])
        self._tell_citizen(
            self.world.phrases.say(
                "place_thanks",
                "id",
                number=self.number,
                place=self.world.region.place_name(area),
                agency=agency.name,
                due=due,
            )
        )

    def _triage(self) -> None:
        """The desk finds the agency, mostly within the time the law gives for it."""
        verify = self.ticket["verify_due"] - self.opened
        self._until(self.opened + verify * self.rng.betavariate(1.2, 3.0) * 1.3, office=True)
        if self.rng.random() < REFUSED:
            self._answer(self._words("refusals"), Status.REJECTED)
            return
        self._route(self.meant, reassigned=True)
        if self.ticket["status"] == Status.FORWARDED:
            self._tell_citizen(self._receipt(asks_place=False))
            return
        agency = self.world.region.agencies[self.ticket["agency"]].name
        due = self.world.moment(self.ticket["first_response_due"])
        self._tell_citizen(self.world.phrases.say("handed_over", "id", number=self.number, agency=agency, due=due))

    def _ask(self) -> None:
        self._until(self.at + timedelta(hours=self.rng.uniform(0.5, 20)), office=True)
        self._answer(self._words("questions"), Status.WAITING)
        self._until(self.at + timedelta(hours=self.rng.uniform(0.2, 60)))
        if self.rng.random() > ANSWERED_BACK:
            raise _NotYet
        self._hear(self._words("details"))
        self._move(Status.IN_PROGRESS, "the citizen wrote back")

    def _note(self) -> None:
        self._until(self.at + timedelta(minutes=self.rng.uniform(5, 120)))
        self._message(Direction.NOTE, Author.STAFF, self._words("notes"), channel="", address_id=None)
        self.ticket["version"] += 1

    def _afterwards(self) -> None:
        rng, roll = self.rng, self.rng.random()
        if roll < UNHAPPY:
            self._until(self.at + timedelta(days=rng.uniform(0.1, 6)))
            self._hear(self._words("unhappy"))
            self._move(Status.IN_PROGRESS, "the citizen wrote back")
            self._until(self.at + timedelta(days=rng.uniform(0.1, 5)), office=True)
            self._answer(rng.choice(self.world.words["answers"][self.ticket["kind"]]), Status.ANSWERED)
        elif roll < UNHAPPY + THANKED:
            self._until(self.at + timedelta(minutes=rng.uniform(2, 600)))
            self._hear(self._words("thanks"), joins=False)
        if rng.random() < RESOLVED:
            left = max(self.ticket["resolution_due"] - self.at, timedelta(days=4))
            self._until(self.at + left * rng.betavariate(1.3, 2.0) * 1.4, office=True)
            self._move(Status.RESOLVED, self._words("done"))
            self._until(self.at + timedelta(days=rng.uniform(5, 20)), office=True)
            self._move(Status.CLOSED, self.world.words["closed"])
        else:
            self._until(self.at + timedelta(days=rng.uniform(14, 21)), office=True)
            self._move(Status.CLOSED, self.world.words["closed"])

    def _when_answered(self) -> datetime:
        due: datetime = self.ticket["first_response_due"]
        if self.rng.random() >= IN_TIME:
            return max(due, self.at) + timedelta(days=self.rng.expovariate(1 / 4))
        at = self.world.office(self.at + (due - self.at) * self.rng.betavariate(1.2, 2.2), self.rng)
        return max(min(at, due), self.at)

    # How it is written down.

    def _until(self, at: datetime, *, office: bool = False) -> None:
        """Go on to an instant at least a minute later. Raises _NotYet when it lies in the future."""
        at = max(at, self.at + timedelta(minutes=1)).replace(microsecond=0)
        if office:
            at = self.world.office(at, self.rng)
        if at > self.world.now:
            raise _NotYet
        self.at = at

    def _words(self, key: str) -> str:
        word: str = self.rng.choice(self.world.words[key])
        return word

    def _change(self, before: str, to: Status, reason: str) -> None:
        row = {"ticket_id": self.ticket_id, "from_status": before, "to_status": to, "at": self.at, "reason": reason}
        self.batch.add("status_change", {**row, "staff_id": None})

    def _move(self, to: Status, reason: str = "") -> None:
        ticket = self.ticket
        before: Status = ticket["status"]
        check(before, to)
        ticket["status"] = to
        ticket["version"] += 1
        if to in ENDED:
            ticket["resolved_at"] = ticket["resolved_at"] or self.at
            ticket["closed_at"] = ticket["closed_at"] or self.at
        self._change(before, to, reason)

    def _route(self, category: Category | None, *, reassigned: bool = False) -> None:
        ticket, region = self.ticket, self.world.region
        route = self.world.route(category.code if category else None, ticket["area"])
        ticket["agency"] = route.agency
        if category is not None:
            ticket["category"], ticket["kind"] = category.code, category.kind
            ticket["supervision"] = category.supervision
        if reassigned:
            ticket["triage"] = False
            ticket["verified_at"] = self.at
        due = self.world.deadlines(route.agency, ticket["kind"], ticket["supervision"], self.opened)
        dues = {
            "verify_due": due.verify.at,
            "first_response_due": due.first_response.at,
            "resolution_due": due.resolution.at,
        }
        ticket.update(dues)
        ticket["version"] += 1
        self.batch.add(
            "assignment", self._assignment(category, "staff" if reassigned else route.reason, dues, due.rule_version)
        )
        target = Status.ASSIGNED if region.agencies[route.agency].ours else Status.FORWARDED
        if category is not None and ticket["status"] != target:
            self._move(target, "reassigned" if reassigned else route.reason)

    def _assignment(
        self, category: Category | None, reason: str, dues: dict[str, datetime], rule_version: str
    ) -> dict[str, Any]:
        rng = self.rng
        by_model = reason != "staff"
        score = round(rng.uniform(0.9, 0.99) if category else rng.uniform(0.25, 0.7), 4)
        suggestions = [{"category": self.meant.code, "confidence": score}]
        if category is None:
            other = rng.choice(self.world.categories).code
            suggestions.append({"category": other, "confidence": round(score * rng.uniform(0.3, 0.9), 4)})
        return {
            "ticket_id": self.ticket_id,
            "agency": self.ticket["agency"],
            "category": self.ticket["category"],
            "area": self.ticket["area"],
            "reason": reason,
            "note": "",
            "staff_id": None,
            "assigned_at": self.at,
            **dues,
            "rule_version": rule_version,
            "score": score if by_model else None,
            "model_version": MODEL if by_model else "",
            "words": [],
            "suggestions": suggestions if by_model else [],
        }

    def _hear(self, text: str, *, pin: str | None = None, joins: bool = True) -> None:
        """The citizen writes: an event that is done, and its message."""
        person, at = self.person, self.at
        key = f"demo-{self.rng.getrandbits(96):024x}"
        place = self.world.region.places[pin] if pin else None
        location = {"latitude": place.lat, "longitude": place.lng, "label": "", "address": ""} if place else None
        payload = {
            **person.way.template,
            "external_id": key,
            "sender": {"scheme": person.way.scheme, "value": person.value},
            "sender_name": person.name,
            "text": text,
            "subject": self.subject,
            "sent_at": at.isoformat(),
            "location": location,
        }
        event_id = self.batch.add(
            "inbound_event",
            {
                "channel": person.way.kind,
                "account": person.way.account,
                "external_id": key,
                "kind": "message",
                "state": EventState.DONE,
                "sender": f"{person.way.kind}|{person.way.account}|{person.way.scheme}:{person.value}",
                "payload": payload,
                "raw": b"",
                "content_type": "",
                "received_at": at,
                "sent_at": at,
                "attempts": 1,
                "next_at": at,
                "lease": "",
                "lease_until": None,
                "done_at": at,
                "purge_after": at + RAW_KEPT,
                "error": "",
            },
        )
        self._message(
            Direction.IN, Author.CITIZEN, text, channel=person.way.kind, address_id=person.address_id,
            event_id=event_id, subject=self.subject, provider_id=key, sent_at=at,
            latitude=place.lat if place else None, longitude=place.lng if place else None,
        )  # fmt: skip
        self.received.append(key)
        person.wrote(self.batch, at)
        if joins:
            self.ticket["last_citizen_at"] = at

    def _answer(self, text: str, to: Status) -> None:
        """An officer writes, and the ticket's status follows."""
        ticket = self.ticket
        heading = self.world.phrases.say(
            "answer_prefix", "id", number=self.number, agency=self.world.region.agencies[ticket["agency"]].name
        )
        self._tell_citizen(text, author=Author.STAFF, heading=f"{heading}\n\n" if self.person.way.external else "")
        ticket["first_response_at"] = ticket["first_response_at"] or self.at
        ticket["verified_at"] = ticket["verified_at"] or self.at
        ticket["last_staff_at"] = self.at
        ticket["triage"] = False
        self._move(to, "answered" if to is Status.ANSWERED else "")

    def _tell_citizen(self, text: str, *, author: Author = Author.SYSTEM, heading: str = "") -> None:
        """A message to the citizen with its outbox rows, all of them settled."""
        person = self.person
        message_id = self._message(Direction.OUT, author, text, channel=person.way.kind, address_id=person.address_id)
        whole = heading + text
        parts = split(whole, person.way.limit) if len(whole) > person.way.limit else [whole]
        outcomes = person.way.outcomes
        for part, body in enumerate(parts, start=1):
            state = self.rng.choices(list(outcomes), weights=list(outcomes.values()))[0]
            self.batch.add("outbox", self._outbox(message_id, body, part, state, automatic=author is Author.SYSTEM))

    def _outbox(
        self, message_id: int, body: str, part: int, state: DeliveryState, *, automatic: bool
    ) -> dict[str, Any]:
        way, rng, at = self.person.way, self.rng, self.at
        key = f"{rng.getrandbits(96):024x}"
        settled = min(at + timedelta(seconds=rng.randrange(1, 8)), self.world.now) if way.external else at
        accepted = state in (SENT, DELIVERED, READ)
        arrived = min(settled + timedelta(seconds=rng.randrange(1, 900)), self.world.now)
        code, error = _TROUBLE.get(state, ("", ""))
        return {
            "key": key,
            "message_id": message_id,
            "ticket_id": self.ticket_id,
            "address_id": self.person.address_id,
            "channel": way.kind,
            "account": way.account,
            "recipient": f"{way.scheme}:{self.person.value}",
            "body": body,
            "subject": self.line,
            "reply_to": list(self.received),
            "ticket_number": self.number,
            "automatic": automatic,
            "part": part,
            "state": state,
            "external_id": f"demo-{key}" if accepted and way.external else None,
            "attempts": 1 if way.external else 0,
            "next_at": at,
            "lease": "",
            "lease_until": None,
            "error_code": code,
            "error": error,
            "created_at": at,
            "sent_at": settled if accepted else None,
            "delivered_at": arrived if state in (DELIVERED, READ) else None,
            "settled_at": settled,
        }

    def _message(
        self,
        direction: Direction,
        author: Author,
        body: str,
        *,
        channel: str,
        address_id: int | None,
        event_id: int | None = None,
        subject: str = "",
        provider_id: str = "",
        sent_at: datetime | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> int:
        return self.batch.add(
            "message",
            {
                "ticket_id": self.ticket_id,
                "address_id": address_id,
                "event_id": event_id,
                "channel": channel,
                "direction": direction,
                "author": author,
                "staff_id": None,
                "body": body,
                "subject": subject,
                "language": "id" if direction is not Direction.NOTE else "",
                "provider_id": provider_id,
                "sent_at": sent_at,
                "created_at": self.at,
                "latitude": latitude,
                "longitude": longitude,
                "location_label": "",
                "notes": [],
            },
        )

    def _receipt(self, *, asks_place: bool) -> str:
        """The receipt of this channel, in the region's own sentences."""
        world, number, ticket = self.world, self.number, self.ticket
        agency = world.region.agencies[ticket["agency"]]
        due = world.moment(ticket["first_response_due"])
        check_it = world.phrases.say("check_web", "id", link=f"{world.public_url}/lacak/{number}")
        if ticket["status"] == Status.FORWARDED:
            contact = ", ".join(filter(None, (agency.phone, agency.email, agency.website))) or agency.name
            return world.phrases.say("receipt_external", "id", number=number, agency=agency.name, contact=contact)
        if ticket["triage"]:
            return world.phrases.say("receipt_unsure", "id", number=number, due=due, check=check_it)
        if asks_place:
            return world.phrases.say("receipt_place", "id", number=number, agency=agency.name, due=due, check=check_it)
        if self.person.way.kind == "sms":
            return world.phrases.say("receipt_sms", "id", number=number, agency=agency.short, due=due)
        return world.phrases.say("receipt", "id", number=number, agency=agency.name, due=due, check=check_it)
