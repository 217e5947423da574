"""Citizens: known by the addresses they write from, never merged by guess."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Address, InboundMessage
from dispatch.db import insert_new
from dispatch.models import Citizen, CitizenAddress
from dispatch.services import identity

NAME_LENGTH = 120


def identify(session: Session, now: datetime, message: InboundMessage) -> CitizenAddress:
    """Calling this will find or make the address a message came from, locked, and learn what the provider says of its
    sender: the name if we had none, and other names of the same person.
    """
    found = identify_sender(session, now, message.channel, message.account, message.sender)
    for alias in message.aliases:
        identity.learn(session, now, found, alias)
    citizen = session.get_one(Citizen, found.citizen_id)
    if message.sender_name and not citizen.name:
        citizen.name = message.sender_name[:NAME_LENGTH]
        session.add(citizen)
    return found


def identify_sender(session: Session, now: datetime, channel: str, account: str, sender: Address) -> CitizenAddress:
    """Calling this will find or make an address, by its own name or one the provider gave it, and lock it for the rest
    of the transaction.

    The lock keeps two messages of one person from opening two tickets at the same moment.
    """
    key = {"channel": channel, "account": account, "scheme": sender.scheme, "value": sender.value}
    found = _locked(session, key) or identity.known_as(session, key)
    if found is None:
        citizen = Citizen(created_at=now)
        session.add(citizen)
        session.flush()
        values = {**key, "citizen_id": citizen.id, "created_at": now, "phone": identity.phone_of(sender)}
        statement = insert_new(session, CitizenAddress, values).returning(col(CitizenAddress.id))
        made = session.execute(statement).scalar()
        if made is None:
            session.delete(citizen)  # somebody else made the address between our look and our insert
        found = _locked(session, key)
    if found is None:
        raise LookupError("the address vanished while it was being made")
    return found


def set_stopped(session: Session, now: datetime, address: CitizenAddress, stopped: bool) -> None:
    """Calling this will stop or resume everything we send to an address."""
    address.stopped_at = now if stopped else None
    session.add(address)


def _locked(session: Session, key: dict[str, str]) -> CitizenAddress | None:
    query = select(CitizenAddress).where(*(col(getattr(CitizenAddress, name)) == value for name, value in key.items()))
    return session.scalars(query.with_for_update()).one_or_none()
