"""How a story is written down: each method appends the rows the real thing would have written, with their times."""

from __future__ import annotations

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
from dispatch.workflow import ENDED, Status, check

MODEL = "demo"
_TROUBLE = {
    FAILED: ("30003", "reported by the provider"),
    UNCERTAIN: ("", "the sender stopped before the provider's answer was written down"),
}


class NotYet(Exception):
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
            if self.settled:  # the row is in the database already
                batch.wrote_again(self.address_id, at)


class Telling:
    """Calling this will begin a story: who wrote, when, under which number. ``at`` is where the story has got to."""

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
        self.line = ""
        self.ticket: dict[str, Any] = {}
        self.ticket_id = 0
        self.meant: Category = world.categories[0]

    def until(self, at: datetime, *, office: bool = False) -> None:
        """Calling this will go on to an instant, at least a minute on. Raises NotYet when it lies in the future."""
        at = max(at, self.at + timedelta(minutes=1)).replace(microsecond=0)
        if office:
            at = self.world.office(at, self.rng)
        if at > self.world.now:
            raise NotYet
        self.at = at

    def words(self, key: str) -> str:
        """Calling this will choose one of the invented sentences of a kind."""
        word: str = self.rng.choice(self.world.words[key])
        return word

    def change(self, before: str, to: Status, reason: str) -> None:
        """Calling this will append to the ticket's history."""
        row = {"ticket_id": self.ticket_id, "from_status": before, "to_status": to, "at": self.at, "reason": reason}
        # Nobody is told of what is only a story.
        self.batch.add("status_change", {**row, "staff_id": None, "worked_at": self.at})

    def move(self, to: Status, reason: str = "") -> None:
        """Calling this will change the status as ``services.tickets.move`` does. Raises NotAllowed."""
        ticket = self.ticket
        before: Status = ticket["status"]
        check(before, to)
        ticket["status"] = to
        ticket["version"] += 1
        if to in ENDED:
            ticket["resolved_at"] = ticket["resolved_at"] or self.at
            ticket["closed_at"] = ticket["closed_at"] or self.at
        self.change(before, to, reason)

    def route(self, category: Category | None, *, reassigned: bool = False) -> None:
        """Calling this will give the ticket to the agency the rules name, with its deadlines and an assignment."""
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
            self.move(target, "reassigned" if reassigned else route.reason)

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

    def hear(self, text: str, *, pin: str | None = None, joins: bool = True) -> None:
        """Calling this will let the citizen write: an event that is done, and its message."""
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
        self.message(
            Direction.IN, Author.CITIZEN, text, channel=person.way.kind, address_id=person.address_id,
            event_id=event_id, subject=self.subject, provider_id=key, sent_at=at,
            latitude=place.lat if place else None, longitude=place.lng if place else None,
        )  # fmt: skip
        self.received.append(key)
        person.wrote(self.batch, at)
        if joins:
            self.ticket["last_citizen_at"] = at

    def answer(self, text: str, to: Status) -> None:
        """Calling this will let an officer write; the ticket's status follows."""
        ticket = self.ticket
        heading = self.world.phrases.say(
            "answer_prefix", "id", number=self.number, agency=self.world.region.agencies[ticket["agency"]].name
        )
        self.tell_citizen(text, author=Author.STAFF, heading=f"{heading}\n\n" if self.person.way.external else "")
        ticket["first_response_at"] = ticket["first_response_at"] or self.at
        ticket["verified_at"] = ticket["verified_at"] or self.at
        ticket["last_staff_at"] = self.at
        ticket["triage"] = False
        self.move(to, "answered" if to is Status.ANSWERED else "")

    def tell_citizen(self, text: str, *, author: Author = Author.SYSTEM, heading: str = "") -> None:
        """Calling this will write a message to the citizen with its outbox rows, all of them settled."""
        person = self.person
        message_id = self.message(Direction.OUT, author, text, channel=person.way.kind, address_id=person.address_id)
        whole = heading + text
        parts = split(whole, person.way.limit) if len(whole) > person.way.limit else [whole]
        for part, body in enumerate(parts, start=1):
            state = self.rng.choices(person.way.outcomes, cum_weights=person.way.weights)[0]
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

    def message(
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
        """Calling this will append a message and give its id."""
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

    def receipt(self, *, asks_place: bool) -> str:
        """Calling this will give the receipt for this channel, in the region's own sentences."""
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
