"""Citizens: known by the addresses they write from, never merged by guess."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from channels.message import Address, DeliveryState, InboundMessage, Notice
from dispatch.db import insert_new, stored_id
from dispatch.models import Citizen, CitizenAddress, MergeProof, Outbox, Ticket
from dispatch.services import identity
from dispatch.services.tickets import audit

NAME_LENGTH = 120
#: Why a message that waited was not sent.
STOPPED = "the person stopped us before it was sent"


def identify(session: Session, now: datetime, message: InboundMessage) -> CitizenAddress:
    """Calling this will find or make the address a message came from, locked, and learn what the provider says of its
    sender: the name if we had none, and other names of the same person.
    """
    found = identify_sender(session, now, message.channel, message.account, message.sender)
    if found.derived:
        found.derived = False
        session.add(found)
    for alias in message.aliases:
        identity.learn(session, now, found, alias)
    name(session, found, message.sender_name)
    return found


def name(session: Session, address: CitizenAddress, given: str) -> None:
    """Calling this will note a citizen's name if we had none."""
    citizen = session.get_one(Citizen, address.citizen_id)
    if given and not citizen.name:
        citizen.name = given[:NAME_LENGTH]
        session.add(citizen)


def identify_sender(
    session: Session, now: datetime, channel: str, account: str, sender: Address, *, derived: bool = False
) -> CitizenAddress:
    """Calling this will find or make an address, by its own name or one the provider gave it, and lock it for the rest
    of the transaction.

    The lock keeps two messages of one person from opening two tickets at the same moment. With ``derived`` a new one is
    marked as not written from yet: a claim that proves nothing.
    """
    key = {"channel": channel, "account": account, "scheme": sender.scheme, "value": sender.value}
    found = _locked(session, key) or identity.known_as(session, key)
    if found is None:
        citizen = Citizen(created_at=now)
        session.add(citizen)
        session.flush()
        values = {**key, "citizen_id": citizen.id, "created_at": now, "derived": derived}
        values["phone"] = identity.phone_of(sender)
        statement = insert_new(session, CitizenAddress, values).returning(col(CitizenAddress.id))
        made = session.execute(statement).scalar()
        if made is None:
            session.delete(citizen)  # somebody else made the address between our look and our insert
        found = _locked(session, key)
    if found is None:
        raise LookupError("the address vanished while it was being made")
    return found


def find(session: Session, channel: str, account: str, sender: Address) -> CitizenAddress | None:
    """Calling this will find an address, locked, by its own name or one the provider gave it; nothing is made for a
    stranger."""
    key = {"channel": channel, "account": account, "scheme": sender.scheme, "value": sender.value}
    return _locked(session, key) or identity.known_as(session, key)


def moved(session: Session, now: datetime, notice: Notice) -> bool:
    """Calling this will follow a person to the address the provider says they moved to: their tickets are answered
    there from now on. False when the person never wrote to us or no new address is named.

    The new address and the old are one citizen's, by the provider's word, and that can be undone like any merge.
    """
    old = find(session, notice.channel, notice.account, notice.sender)
    if old is None or notice.successor is None:
        return False
    new = identify_sender(session, now, notice.channel, notice.account, notice.successor)
    if new.id == old.id:
        return True
    if new.citizen_id != old.citizen_id:
        identity.merge(session, now, old.citizen_id, new.citizen_id, MergeProof.PROVIDER)
    done = session.execute(
        update(Ticket)
        .where(col(Ticket.address_id) == old.id)
        .values(address_id=new.id)
        .execution_options(synchronize_session="fetch")
    )
    old.bad_at = now
    old.bad_reason = "the person moved to another address"
    session.add(old)
    count = int(done.rowcount)  # type: ignore[attr-defined]
    audit(session, now, "address.moved", "address", str(old.id), detail={"to": stored_id(new.id), "tickets": count})
    return True


def set_stopped(session: Session, now: datetime, address: CitizenAddress, stopped: bool) -> None:
    """Calling this will stop or resume everything we send to an address: by the person's word, their telling the
    provider, or the provider's refusal.

    What waits to be sent there, or for their answer, is not sent any more; a second stop moves nothing.
    """
    if not stopped:
        address.stopped_at = None
        session.add(address)
        return
    address.stopped_at = address.stopped_at or now
    session.add(address)
    waiting = col(Outbox.state).in_((DeliveryState.QUEUED, DeliveryState.HELD))
    session.execute(
        update(Outbox)
        .where(col(Outbox.address_id) == address.id, waiting)
        .values(state=DeliveryState.FAILED, settled_at=now, error=STOPPED)
        .execution_options(synchronize_session="fetch")
    )


def _locked(session: Session, key: dict[str, str]) -> CitizenAddress | None:
    query = select(CitizenAddress).where(*(col(getattr(CitizenAddress, name)) == value for name, value in key.items()))
    return session.scalars(query.with_for_update()).one_or_none()
