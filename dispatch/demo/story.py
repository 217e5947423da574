"""One ticket's life, told step by step until it reaches the present: what has not happened yet is not written."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from dispatch.demo.telling import NotYet, Telling
from dispatch.models import Author, Direction
from dispatch.services.tickets import summarise
from dispatch.workflow import ENDED, Status

#: How often what happens, of one.
PLACE_MISSING, PLACE_NAMED, PIN, UNSURE = 0.12, 0.6, 0.15, 0.1
NEVER_LOOKED_AT, IN_TIME, BEGUN, ASKED, ANSWERED_BACK, REFUSED = 0.05, 0.83, 0.6, 0.1, 0.7, 0.04
NOTED, UNHAPPY, THANKED, RESOLVED = 0.08, 0.1, 0.12, 0.65


class Story(Telling):
    """Calling this will prepare the story of one ticket; ``tell`` writes it to the batch."""

    def tell(self) -> None:
        """Calling this will write the ticket and all that has happened to it by now."""
        self._open()
        with suppress(NotYet):
            self._live()

    def _open(self) -> None:
        rng, world, region = self.rng, self.world, self.world.region
        example = rng.choice(region.examples)
        category = region.categories[example.category]
        named = world.named(example.text)
        area = named or (None if rng.random() < PLACE_MISSING else world.area(rng))
        sure = rng.random() >= UNSURE
        pinned = area is not None and named is None and self.person.way.can_pin and rng.random() < PIN
        text = example.text
        if area is not None and named is None and category.needs_place and not pinned:
            text += "\n" + self.words("place_lines").format(place=region.places[area].name)
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
        self.hear(text, pin=area if pinned else None)
        self.change("", Status.NEW, "received")
        self.route(category if sure else None)
        needs = sure and area is None and category.needs_place and self.ticket["status"] != Status.FORWARDED
        self.ticket["place_asked_at"] = self.opened if needs else None
        self.tell_citizen(self.receipt(asks_place=needs))

    def _live(self) -> None:
        ticket, rng = self.ticket, self.rng
        if ticket["place_asked_at"] and rng.random() < PLACE_NAMED:
            self._name_place()
        if rng.random() < NEVER_LOOKED_AT:
            return
        if ticket["triage"]:
            self._triage()
        if ticket["status"] in ENDED:
            return
        answer_at = self._when_answered()
        if rng.random() < BEGUN:
            self.until(self.at + (answer_at - self.at) * rng.uniform(0.1, 0.8), office=True)
            self.move(Status.IN_PROGRESS)
        if rng.random() < NOTED:
            self._note()
        if rng.random() < ASKED:
            self._ask()
            answer_at = self.at + timedelta(hours=rng.uniform(2, 60))
        self.until(max(answer_at, self.at), office=True)
        if rng.random() < REFUSED:
            self.answer(self.words("refusals"), Status.REJECTED)
            return
        self.answer(rng.choice(self.world.words["answers"][ticket["kind"]]), Status.ANSWERED)
        self._afterwards()

    def _name_place(self) -> None:
        """The citizen names the place we asked for; that may give the ticket to another agency."""
        self.until(self.at + timedelta(minutes=self.rng.uniform(1, 300)))
        area = self.world.area(self.rng)
        if area is None:
            return
        place = self.world.region.places[area].name
        self.hear(self.words("place_replies").format(place=place))
        self.ticket["area"] = area
        self.ticket["version"] += 1
        if self.world.route(self.meant.code, area).agency != self.ticket["agency"]:
            self.route(self.meant)
        agency = self.world.region.agencies[self.ticket["agency"]]
        due = self.world.moment(self.ticket["first_response_due"])
        self.tell_citizen(
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
        self.until(self.opened + verify * self.rng.betavariate(1.2, 3.0) * 1.3, office=True)
        if self.rng.random() < REFUSED:
            self.answer(self.words("refusals"), Status.REJECTED)
            return
        self.route(self.meant, reassigned=True)
        if self.ticket["status"] == Status.FORWARDED:
            self.tell_citizen(self.receipt(asks_place=False))
            return
        agency = self.world.region.agencies[self.ticket["agency"]].name
        due = self.world.moment(self.ticket["first_response_due"])
        self.tell_citizen(self.world.phrases.say("handed_over", "id", number=self.number, agency=agency, due=due))

    def _ask(self) -> None:
        self.until(self.at + timedelta(hours=self.rng.uniform(0.5, 20)), office=True)
        self.answer(self.words("questions"), Status.WAITING)
        self.until(self.at + timedelta(hours=self.rng.uniform(0.2, 60)))
        if self.rng.random() > ANSWERED_BACK:
            raise NotYet
        self.hear(self.words("details"))
        self.move(Status.IN_PROGRESS, "wrote_back")

    def _note(self) -> None:
        self.until(self.at + timedelta(minutes=self.rng.uniform(5, 120)))
        self.message(Direction.NOTE, Author.STAFF, self.words("notes"), channel="", address_id=None)
        self.ticket["version"] += 1

    def _afterwards(self) -> None:
        rng, roll = self.rng, self.rng.random()
        if roll < UNHAPPY:
            self.until(self.at + timedelta(days=rng.uniform(0.1, 6)))
            self.hear(self.words("unhappy"))
            self.move(Status.IN_PROGRESS, "wrote_back")
            self.until(self.at + timedelta(days=rng.uniform(0.1, 5)), office=True)
            self.answer(rng.choice(self.world.words["answers"][self.ticket["kind"]]), Status.ANSWERED)
        elif roll < UNHAPPY + THANKED:
            self.until(self.at + timedelta(minutes=rng.uniform(2, 600)))
            self.hear(self.words("thanks"), joins=False)
        if rng.random() < RESOLVED:
            left = max(self.ticket["resolution_due"] - self.at, timedelta(days=4))
            self.until(self.at + left * rng.betavariate(1.3, 2.0) * 1.4, office=True)
            self.move(Status.RESOLVED, self.words("done"))
            self.until(self.at + timedelta(days=rng.uniform(5, 20)), office=True)
            self.move(Status.CLOSED, self.world.words["closed"])
        else:
            self.until(self.at + timedelta(days=rng.uniform(14, 21)), office=True)
            self.move(Status.CLOSED, self.world.words["closed"])

    def _when_answered(self) -> datetime:
        due: datetime = self.ticket["first_response_due"]
        if self.rng.random() >= IN_TIME:
            return max(due, self.at) + timedelta(days=self.rng.expovariate(1 / 4))
        at = self.world.office(self.at + (due - self.at) * self.rng.betavariate(1.2, 2.2), self.rng)
        return max(min(at, due), self.at)
