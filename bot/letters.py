"""What only letters have: a subject that may name a ticket, a reply address anybody may have been given, and machines
that write them. Whose ticket it is decides, never the number alone."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from bot import lookup
from bot.conversation import LETTERS
from bot.words import Command
from channels.message import InboundMessage
from dispatch import numbers
from dispatch.models import CitizenAddress, Message, Ticket
from dispatch.runtime import Runtime
from dispatch.services import people

#: The note of a letter that names somebody else's ticket; its number follows after a colon.
ANOTHERS_TICKET = "names another's ticket"


def belonging(
    runtime: Runtime,
    session: Session,
    message: InboundMessage,
    address: CitizenAddress,
    command: Command | None = None,
) -> Ticket | None:
    """Calling this will give the ticket a message belongs to: by proof (``lookup.threaded``), else by the number in a
    letter's subject when the ticket is this person's. For a ``command`` the number is no such proof: anybody can write
    it there under anybody's name."""
    found = lookup.threaded(runtime, session, message, address)
    number = _in_subject(runtime, message)
    if found is not None or not number or command is not None:
        return found
    mine = col(Ticket.citizen_id) == address.citizen_id, col(Ticket.parent_id).is_(None)
    return session.scalars(select(Ticket).where(col(Ticket.number) == number, *mine)).first()


def note_anothers(
    runtime: Runtime, session: Session, message: InboundMessage, address: CitizenAddress, row: Message
) -> None:
    """Calling this will note on a letter's row that its subject or the address it came to names somebody else's ticket:
    staff can look there, and nothing of it is told to the writer."""
    written = numbers.parse(runtime.region.prefix, message.thread) if message.thread else None
    for number in dict.fromkeys(filter(None, (written, _in_subject(runtime, message)))):
        theirs = select(col(Ticket.citizen_id)).where(col(Ticket.number) == number)
        if session.scalar(theirs) not in (None, address.citizen_id):
            row.notes = [*row.notes, f"{ANOTHERS_TICKET}: {number}"]
            session.add(row)


def homeless(runtime: Runtime, session: Session, message: InboundMessage) -> bool:
    """Calling this will tell whether a machine wrote a letter that belongs to no ticket: nobody would ever see it, so
    it goes where staff look at what could not be worked on."""
    if not message.automatic or message.channel not in LETTERS:
        return False
    address = people.find(session, message.channel, message.account, message.sender)
    return address is None or belonging(runtime, session, message, address) is None


def _in_subject(runtime: Runtime, message: InboundMessage) -> str | None:
    return numbers.find(runtime.region.prefix, message.subject) if message.channel in LETTERS else None
