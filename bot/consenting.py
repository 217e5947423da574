"""The question whether a report may be sent to a body outside: put with the receipt, and its answer taken."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.conversation import CLAIMED, LETTERS
from bot.replies import Replies
from bot.wishes import consents
from channels.message import UNPROVEN, InboundMessage
from dispatch.models import CitizenAddress, Privacy, Ticket
from dispatch.runtime import Runtime
from dispatch.services import consent


def answered(
    session: Session,
    now: datetime,
    message: InboundMessage,
    address: CitizenAddress,
    threaded: Ticket | None,
    words: tuple[str, ...],
    *,
    answers_us: bool,
) -> Ticket | None:
    """Calling this will give the ticket whose question a message answers, None where it answers none.

    A letter answers only what it is a reply to, and nobody consents in the name of an address they only claim.
    """
    if consents(words) is None or message.attachments or message.automatic or message.revises:
        return None
    claimed = message.channel in CLAIMED or (UNPROVEN in message.notes and not answers_us)
    if claimed or (message.channel in LETTERS and threaded is None):
        return None
    return consent.asked(session, now, address, threaded)


def question(runtime: Runtime, replies: Replies, ticket: Ticket, channel: str) -> str:
    """Calling this will give the question to put below a receipt, "" where there is nothing to ask."""
    agency = consent.body_of(runtime, ticket, channel)
    if agency is None:
        return ""
    key = "consent_question" if ticket.privacy == Privacy.NAMED else "consent_question_nameless"
    return replies.phrases.say(key, ticket.language, agency=agency.name)


def take(
    session: Session, runtime: Runtime, now: datetime, replies: Replies, ticket: Ticket, words: tuple[str, ...]
) -> str:
    """Calling this will take the answer and give what is said to it."""
    agrees = consents(words) is True
    agency = consent.take(session, runtime, now, ticket, agrees)
    say, language = replies.phrases.say, ticket.language
    if agency is not None:
        return say("consent_given", language, number=ticket.number, agency=agency.name)
    return say("consent_over" if agrees else "consent_refused", language, number=ticket.number)
