"""The automatic sentences: which phrase of the region pack, filled with what, for which channel. Plain text out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from channels.base import Channel
from channels.text import segments, transliterate
from dispatch import directory
from dispatch.models import Message, Privacy, Ticket
from dispatch.phrases import TERSE, Phrases
from dispatch.region import Agency, Category, Region, Service
from dispatch.workflow import Status

ANSWER_EXCERPT = 300
_LONG_DIGITS = re.compile("[0-9]{4,}")
MOST_CHOICES = 4


class Replies:
    """Calling this will hold the sentences for one channel; each method returns the text to send."""

    def __init__(self, phrases: Phrases, public_url: str, channel: str) -> None:
        self.phrases = phrases
        self.public_url = public_url
        self.terse = channel in TERSE

    def receipt(self, region: Region, ticket: Ticket, *, asks_place: bool = True) -> str:
        """Calling this will confirm a ticket: number, agency, promised date, how to check, what is still missing (but
        not the place, where that is asked beside it)."""
        asked = asks_place and ticket.place_asked_at is not None
        say, language = self.phrases.say, ticket.language
        agency = region.agencies[ticket.agency]
        due = self._when(ticket.first_response_due, language)
        if ticket.status == Status.FORWARDED:
            return say(
                "receipt_external_sms" if self.terse else "receipt_external",
                language,
                number=ticket.number,
                agency=self._name(agency),
                contact=self._contact(agency, language),
            )
        if self.terse and ticket.triage:
            return say("receipt_unsure_sms", language, number=ticket.number, due=due)
        if ticket.triage:
            return say("receipt_unsure", language, number=ticket.number, due=due, check=self._check(ticket))
        if self.terse:
            key = "receipt_place_sms" if asked else "receipt_sms"
            return say(key, language, number=ticket.number, agency=agency.short, due=due)
        if asked:
            return say(
                "receipt_place",
                language,
                number=ticket.number,
                agency=self._name(agency),
                due=due,
                check=self._check(ticket),
            )
        return say("receipt", language, number=ticket.number, agency=agency.name, due=due, check=self._check(ticket))

    @staticmethod
    def asks_place(region: Region, ticket: Ticket) -> bool:
        """Calling this will say whether the place is missing and would decide who answers."""
        category = region.categories.get(ticket.category or "")
        decides = (
            category.needs_place if category is not None else ticket.supervision
        )  # each place has its inspectorate
        return ticket.area is None and decides and ticket.status != Status.FORWARDED

    def question(self, region: Region, ticket: Ticket, choices: Sequence[str]) -> str:
        """Calling this will ask which of these categories it is, each with its number; "" where that does not fit one
        SMS, for a question cut in two is none."""
        language = ticket.language
        named = self.choices(region, choices, language)
        if not self.terse:
            rows = "\n".join(f"{number}. {name}" for number, name in named)
            return self.phrases.say("choice_question", language, choices=rows)
        row = "; ".join(f"{number} {name}" for number, name in named)
        text = self.phrases.say("choice_question_sms", language, number=ticket.number, choices=row)
        return text if segments(transliterate(text)).count == 1 else ""

    def choices(self, region: Region, codes: Sequence[str], language: str) -> list[tuple[int, str]]:
        """Calling this will number what can be answered: the categories from 1 on, and 0 for none of them. A category
        the region does not have goes by its code."""
        known = region.categories
        names = [self._matter(known[code], language) if code in known else code for code in codes]
        none = self.phrases.say("choice_none_sms" if self.terse else "choice_none", language)
        return [*enumerate(names, 1), (0, none)]

    def choice_declined(self, ticket: Ticket) -> str:
        """Calling this will say that staff find the agency."""
        due = self._when(ticket.first_response_due, ticket.language)
        return self.phrases.say("choice_declined", ticket.language, number=ticket.number, due=due)

    def choice_late(self, region: Region, ticket: Ticket) -> str:
        """Calling this will say which agency has the ticket, to a choice that came too late to matter."""
        agency = self._name(region.agencies[ticket.agency])
        return self.phrases.say("choice_late", ticket.language, number=ticket.number, agency=agency)

    def service(self, service: Service, language: str) -> str:
        """Calling this will answer from the service directory, and say how the question reaches staff all the same."""
        told = directory.answer(self.phrases, service, language, short=self.terse)
        offer = self.phrases.say("offer_pass_on_sms" if self.terse else "offer_pass_on", language)
        return f"{told} {offer}" if self.terse else f"{told}\n\n{offer}"

    def meanwhile(self, service: Service, language: str) -> str:
        """Calling this will give the directory's answer as it stands below the receipt of a letter or a form."""
        return f"{self.phrases.say('answer_meanwhile', language)}\n{directory.answer(self.phrases, service, language)}"

    def privacy(self, language: str) -> str:
        """Calling this will give the one-line privacy notice of first contact (UU 27/2022, articles 20 and 21)."""
        if self.terse:
            return self.phrases.say("privacy_short", language)
        return self.phrases.say("privacy", language, link=f"{self.public_url}/privasi")

    def status(self, region: Region, ticket: Ticket, answer: Message | None) -> str:
        """Calling this will tell where a ticket stands, with the last answer's beginning."""
        say, language = self.phrases.say, ticket.language
        agency = self._name(region.agencies[ticket.agency])
        status = say(f"status_{ticket.status}", language)
        if answer is None:
            due = self._when(ticket.first_response_due, language)
            return say("status", language, number=ticket.number, status=status, agency=agency, due=due)
        text = answer.body if len(answer.body) <= ANSWER_EXCERPT else answer.body[: ANSWER_EXCERPT - 3] + "..."
        at = self._when(answer.created_at, language)
        return say(
            "status_with_answer", language, number=ticket.number, status=status, agency=agency, at=at, answer=text
        )

    def place_thanks(self, region: Region, ticket: Ticket) -> str:
        """Calling this will confirm the place and name the agency that now has the ticket."""
        place = region.place_name(ticket.area or region.area)
        return self.phrases.say(
            "place_thanks_sms" if self.terse else "place_thanks",
            ticket.language,
            number=ticket.number,
            place=place.partition(",")[0] if self.terse else place,
            agency=self._name(region.agencies[ticket.agency]),
            due=self._when(ticket.first_response_due, ticket.language),
        )

    def settled_yes(self, ticket: Ticket) -> str:
        """Calling this will say that the ticket is closed, and ask once how satisfied its citizen is."""
        return self.phrases.say("settled_yes", ticket.language, number=ticket.number)

    def settled_no(self, region: Region, ticket: Ticket) -> str:
        """Calling this will say that the ticket is open again, and ask what is not settled."""
        agency = self._name(region.agencies[ticket.agency])
        return self.phrases.say("settled_no", ticket.language, number=ticket.number, agency=agency)

    def reopened(self, region: Region, ticket: Ticket) -> str:
        """Calling this will say that the ticket is open again."""
        agency = self._name(region.agencies[ticket.agency])
        return self.phrases.say("reopened", ticket.language, number=ticket.number, agency=agency)

    def rated(self, ticket: Ticket) -> str:
        """Calling this will thank for a rating."""
        return self.phrases.say("rated", ticket.language, number=ticket.number)

    def place_unknown(self, ticket: Ticket) -> str:
        """Calling this will say that the place was not recognised."""
        return self.phrases.say("place_unknown", ticket.language, number=ticket.number)

    def which_place(self, region: Region, ticket: Ticket, areas: Sequence[str]) -> str:
        """Calling this will ask which of these areas is meant, each with its number; by their names where the numbers
        do not fit one SMS."""
        language, names = ticket.language, [region.place_name(code) for code in areas[:MOST_CHOICES]]
        none = self.phrases.say("choice_none_sms" if self.terse else "choice_none", language)
        if not self.terse:
            rows = "\n".join(f"{number}. {name}" for number, name in (*enumerate(names, 1), (0, none)))
            return self.phrases.say("place_question", language, number=ticket.number, choices=rows)
        parts = [name.split(", ") for name in names]
        brief = [", ".join(dict.fromkeys((part[0], part[-1]))) for part in parts]
        row = "; ".join(f"{number} {name}" for number, name in (*enumerate(brief, 1), (0, none)))
        text = self.phrases.say("place_question_sms", language, number=ticket.number, choices=row)
        if segments(transliterate(text)).count == 1:
            return text
        return self.phrases.say("place_choice", language, number=ticket.number, places="; ".join(names))

    def place_other(self, ticket: Ticket) -> str:
        """Calling this will ask for the name of the place, to somebody who means none of those that were named."""
        return self.phrases.say("place_other", ticket.language, number=ticket.number)

    def emergency(self, region: Region, language: str, danger: str = "") -> str:
        """Calling this will send somebody who may be in danger to the emergency number, and to those who come for this
        ``danger`` where it is known."""
        number = region.emergency_number
        if danger:
            return self.phrases.say(f"emergency_{danger}", language, emergency=number)
        return self.phrases.say("receipt_emergency", language, emergency=number)

    def received(self, region: Region, ticket: Ticket, *, asks_place: bool = True) -> list[str]:
        """Calling this will give the receipt, and beside it (by SMS in its place) that the ticket was joined to others
        about the same trouble."""
        receipt = self.receipt(region, ticket, asks_place=asks_place)
        if ticket.lead_id is None:
            return [receipt]
        joined = self.phrases.say("joined", ticket.language, number=ticket.number)
        return [joined] if self.terse else [receipt, joined]

    def hidden(self, ticket: Ticket) -> list[str]:
        """Calling this will say how a report's writer is treated, where they wished for it."""
        return (
            [] if ticket.privacy == Privacy.NAMED else [self.phrases.say(f"privacy_{ticket.privacy}", ticket.language)]
        )

    def added(self, ticket: Ticket) -> str:
        """Calling this will confirm that a message was added to a ticket."""
        return self.phrases.say("added", ticket.language, number=ticket.number)

    def greeting(self, language: str, name: str) -> str:
        """Calling this will greet and ask for the matter and the place."""
        first = (name.split() or [self.phrases.say("citizen", language)])[0][:40]
        return self.phrases.say("greeting", language, name=first)

    def help(self, language: str, channels: Mapping[str, Channel]) -> str:
        """Calling this will tell what can be written, and by which other ways."""
        ways = [
            f"{self.phrases.channel(channel.kind, language)} {channel.contact[0]}"
            for channel in channels.values()
            if channel.contact[0]
        ]
        if not self.terse:
            ways.append(self.public_url)
        told = self.phrases.say("help", language, channels=", ".join(ways) or self.phrases.region.name)
        return told if self.terse else f"{told} {self.phrases.say('help_link', language)}"

    def thanks(self, language: str) -> str:
        """Calling this will answer thanks that belong to no ticket."""
        return self.phrases.say("thanks", language)

    def only_photo(self, language: str) -> str:
        """Calling this will ask for words to a photo or a pin."""
        return self.phrases.say("only_photo", language)

    def unreadable(self, language: str) -> str:
        """Calling this will ask for words in place of what we cannot read."""
        return self.phrases.say("unreadable", language)

    def place_button(self, language: str) -> str:
        """Calling this will give the button that shares a position, for channels that have such buttons."""
        return f"place {self.phrases.say('place_button', language)}"

    def status_unknown(self, language: str) -> str:
        """Calling this will give the one line for a number that is not theirs, never existed, or cannot be read."""
        return self.phrases.say("status_unknown_sms" if self.terse else "status_unknown", language)

    def link_code(self, language: str, code: str) -> str:
        """Calling this will give a code to type in the conversation that asked for it."""
        return self.phrases.say("link_code", language, code=code)

    def link_sent(self, language: str) -> str:
        """Calling this will say that a code was sent, if anybody can be reached there."""
        return self.phrases.say("link_sent", language)

    def link_impossible(self, language: str) -> str:
        """Calling this will say that an address of that sort cannot be proved here."""
        return self.phrases.say("link_impossible", language)

    def link_usage(self, language: str) -> str:
        """Calling this will tell how an address is linked."""
        return self.phrases.say("link_usage", language)

    def status_withheld(self, language: str) -> str:
        """Calling this will tell somebody who may be anybody how the status is had all the same."""
        return self.phrases.say("status_withheld", language, link=f"{self.public_url}/lacak")

    def link_elsewhere(self, language: str) -> str:
        """Calling this will ask for the wish to link from a channel that proves who writes."""
        return self.phrases.say("link_elsewhere", language)

    def stop_confirm(self, language: str) -> str:
        """Calling this will ask somebody who may be anybody to confirm from that mailbox that they want no letters."""
        return self.phrases.say("stop_confirm", language)

    def link_wrong(self, language: str) -> str:
        """Calling this will say that the code is wrong or too old."""
        return self.phrases.say("link_wrong", language)

    def linked(self, language: str) -> str:
        """Calling this will confirm that two addresses are one person's now."""
        return self.phrases.say("linked", language)

    def stopped(self, language: str) -> str:
        """Calling this will confirm that nothing more is sent."""
        return self.phrases.say("stopped", language)

    def started(self, language: str) -> str:
        """Calling this will confirm that messages come again."""
        return self.phrases.say("started", language)

    def _check(self, ticket: Ticket) -> str:
        if self.terse or ticket.supervision:  # reports about officials are not on the public page
            return self.phrases.say("check_text", ticket.language, number=ticket.number)
        return self.phrases.say("check_web", ticket.language, link=f"{self.public_url}/lacak/{ticket.number}")

    def _when(self, instant: datetime, language: str) -> str:
        return self.phrases.day(instant, language) if self.terse else self.phrases.moment(instant, language)

    @staticmethod
    def _matter(category: Category, language: str) -> str:
        return category.name_en if language == "en" else category.name

    def _name(self, agency: Agency) -> str:
        return agency.short if self.terse else agency.name

    def _contact(self, agency: Agency, language: str) -> str:
        # What looks like a link or a long number keeps an SMS from arriving: a number is written in threes.
        phone = _LONG_DIGITS.sub(lambda found: "-".join(re.findall("[0-9]{1,3}", found[0])), agency.phone)
        ways = (phone,) if self.terse else (agency.phone, agency.email, agency.website)
        return ", ".join(filter(None, ways)) or self.phrases.say("contact_office", language, agency=self._name(agency))
