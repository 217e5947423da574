"""One person, many addresses: found to be one by proof, never by guess, and every finding can be undone.

The proofs: the provider itself names both (a phone number beside a business-scoped id), the citizen types at one
address the code we sent to the other, or a member of staff confirms it. An equal name proves nothing, an equal phone
number is a suggestion.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from channels.message import Address
from dispatch.db import insert_new, stored_id
from dispatch.models import AddressAlias, Citizen, CitizenAddress, CitizenMerge, LinkCode, MergeProof, Ticket
from dispatch.services.tickets import audit

PHONE_SCHEMES = frozenset({"tel", "whatsapp"})
#: Letters that cannot be read for one another, and no digits: SMS filters drop what looks like a one-time code.
LETTERS = "ABCDEFGHJKMNPRSTUVWXYZ"
CODE_LENGTH = 8
VALID_FOR = timedelta(minutes=30)
ATTEMPTS = 5
#: Codes one address may ask for in an hour, codes sent to one address in a day, whoever asks, and codes sent in an hour
#: in all: a device costs nothing to make up, an SMS does.
ASKS_AN_HOUR = 3
CODES_A_DAY = 3
CODES_AN_HOUR = 30


def phone_of(address: Address) -> str:
    """Calling this will give the phone number (E.164) that an address is, or an empty string."""
    return address.value if address.scheme in PHONE_SCHEMES and address.value.startswith("+") else ""


def known_as(session: Session, key: dict[str, str]) -> CitizenAddress | None:
    """Calling this will find the address that the provider also calls by this name, locked; None when there is none."""
    alias = select(col(AddressAlias.address_id)).where(
        *(col(getattr(AddressAlias, name)) == value for name, value in key.items())
    )
    address_id = session.scalar(alias)
    if address_id is None:
        return None
    return session.scalars(select(CitizenAddress).where(col(CitizenAddress.id) == address_id).with_for_update()).one()


def learn(session: Session, now: datetime, address: CitizenAddress, alias: Address) -> None:
    """Calling this will note another name the provider gives ``address``; if that name wrote to us as somebody of its
    own, the two are one citizen from now on."""
    if not address.phone and phone_of(alias):
        address.phone = phone_of(alias)
        session.add(address)
    if (address.scheme, address.value) == (alias.scheme, alias.value):
        return
    key = {"channel": address.channel, "account": address.account, "scheme": alias.scheme, "value": alias.value}
    other = session.scalars(
        select(CitizenAddress).where(*(col(getattr(CitizenAddress, name)) == value for name, value in key.items()))
    ).one_or_none()
    if other is None:
        session.execute(insert_new(session, AddressAlias, {**key, "address_id": address.id, "created_at": now}))
    elif other.citizen_id != address.citizen_id:
        merge(session, now, address.citizen_id, other.citizen_id, MergeProof.PROVIDER)


def merge(
    session: Session, now: datetime, one: int, other: int, proof: MergeProof, *, staff_id: int | None = None
) -> CitizenMerge:
    """Calling this will take two citizens for one: addresses and tickets of the younger row move to the older.

    What moved is written down, so that ``undo`` can take it back. Raises ValueError for one and the same citizen.
    """
    if one == other:
        raise ValueError("these addresses are one citizen's already")
    kept, merged = (session.get_one(Citizen, number) for number in sorted((one, other)))
    addresses = _ids(session, select(col(CitizenAddress.id)).where(col(CitizenAddress.citizen_id) == merged.id))
    tickets = _ids(session, select(col(Ticket.id)).where(col(Ticket.citizen_id) == merged.id))
    row = CitizenMerge(
        kept_id=stored_id(kept.id),
        merged_id=stored_id(merged.id),
        proof=proof,
        staff_id=staff_id,
        at=now,
        addresses=addresses,
        tickets=tickets,
    )
    session.add(row)
    _move(session, addresses, tickets, stored_id(kept.id))
    kept.name = kept.name or merged.name
    kept.notified_at = kept.notified_at or merged.notified_at
    session.add(kept)
    session.flush()
    audit(session, now, "citizen.merge", "merge", str(row.id), staff_id=staff_id, detail={"proof": proof})
    return row


def undo(session: Session, now: datetime, row: CitizenMerge, *, staff_id: int) -> None:
    """Calling this will part two citizens again: what moved goes back, and with it every ticket opened since from an
    address that goes back. Raises ValueError when that was done already."""
    if row.undone_at is not None:
        raise ValueError("this was undone already")
    since = _ids(session, select(col(Ticket.id)).where(col(Ticket.address_id).in_(row.addresses)))
    _move(session, row.addresses, sorted({*row.tickets, *since}), row.merged_id)
    row.undone_at = now
    row.undone_by = staff_id
    session.add(row)
    audit(session, now, "citizen.part", "merge", str(row.id), staff_id=staff_id)


def _ids(session: Session, query: object) -> list[int]:
    return sorted(number for number in session.scalars(query) if number is not None)  # type: ignore[call-overload]


def _move(session: Session, addresses: Sequence[int], tickets: Sequence[int], citizen_id: int) -> None:
    for model, numbers in ((CitizenAddress, addresses), (Ticket, tickets)):
        session.execute(update(model).where(col(model.id).in_(numbers)).values(citizen_id=citizen_id))


def merges_of(session: Session, citizen_id: int) -> Sequence[CitizenMerge]:
    """Calling this will list the merges in force that made this citizen, newest first."""
    query = select(CitizenMerge).where(col(CitizenMerge.kept_id) == citizen_id, col(CitizenMerge.undone_at).is_(None))
    return session.scalars(query.order_by(col(CitizenMerge.id).desc())).all()


def alike(session: Session, citizen_id: int) -> Sequence[CitizenAddress]:
    """Calling this will list addresses of other citizens with a phone number of this one: for staff to confirm."""
    phones = select(col(CitizenAddress.phone)).where(
        col(CitizenAddress.citizen_id) == citizen_id, col(CitizenAddress.phone) != ""
    )
    query = select(CitizenAddress).where(
        col(CitizenAddress.phone).in_(phones),
        col(CitizenAddress.citizen_id) != citizen_id,
        col(CitizenAddress.derived).is_(False),  # nobody wrote from there: somebody only said it is theirs
    )
    return session.scalars(query.order_by(col(CitizenAddress.id)).limit(10)).all()


@dataclass(frozen=True, slots=True)
class Code:
    """Calling this will hold a fresh code as it is sent, and the row that knows its hash."""

    text: str
    row: LinkCode


def may_ask(session: Session, now: datetime, asking: CitizenAddress) -> bool:
    """Calling this will say whether an address may ask for a code now: it has a ticket (who has none has no answer that
    could miss them), and neither it nor the installation has used up its hour."""
    lately = col(LinkCode.created_at) > now - timedelta(hours=1)
    own = select(func.count()).where(col(LinkCode.asking_id) == asking.id, lately)
    in_all = select(func.count()).where(lately)
    has_ticket = select(col(Ticket.id)).where(col(Ticket.citizen_id) == asking.citizen_id).limit(1)
    used = ((own, ASKS_AN_HOUR), (in_all, CODES_AN_HOUR))
    return session.scalars(has_ticket).first() is not None and all(
        (session.scalar(query) or 0) < most for query, most in used
    )


def new_code(session: Session, now: datetime, asking: CitizenAddress, target: CitizenAddress, key: str) -> Code | None:
    """Calling this will make a code that proves, typed at ``asking``, that ``target`` is the same person's.

    ``key`` is the installation's secret. None when ``target`` was sent too many, cannot be written to, or is theirs
    already. Ask ``may_ask`` first.
    """
    if asking.citizen_id == target.citizen_id or target.stopped_at is not None or target.bad_at is not None:
        return None
    sent = select(func.count()).where(
        col(LinkCode.target_id) == target.id, col(LinkCode.created_at) > now - timedelta(days=1)
    )
    if (session.scalar(sent) or 0) >= CODES_A_DAY:
        return None
    text = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    row = LinkCode(
        asking_id=stored_id(asking.id),
        target_id=stored_id(target.id),
        digest=_digest(key, asking, text),
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    session.add(row)
    session.flush()
    return Code(f"{text[:4]}-{text[4:]}", row)


def asked_lately(session: Session, now: datetime, asking: CitizenAddress) -> bool:
    """Calling this will say whether this address asked for a code within the last day, whatever became of it."""
    query = select(col(LinkCode.id)).where(
        col(LinkCode.asking_id) == asking.id, col(LinkCode.created_at) > now - timedelta(days=1)
    )
    return session.scalars(query.limit(1)).first() is not None


def open_code(session: Session, now: datetime, asking: CitizenAddress) -> LinkCode | None:
    """Calling this will find the code this address may still type in, the newest one; None when there is none."""
    query = select(LinkCode).where(
        col(LinkCode.asking_id) == asking.id,
        col(LinkCode.used_at).is_(None),
        col(LinkCode.expires_at) > now,
        col(LinkCode.attempts) < ATTEMPTS,
    )
    return session.scalars(query.order_by(col(LinkCode.id).desc()).limit(1).with_for_update()).first()


def confirm(
    session: Session, now: datetime, row: LinkCode, asking: CitizenAddress, typed: str, key: str
) -> CitizenMerge | None:
    """Calling this will link the two addresses of a code when ``typed`` is it; None, and one attempt less, when not."""
    row.attempts += 1
    session.add(row)
    if not matches(row, asking, typed, key):
        return None
    row.used_at = now
    target = session.get_one(CitizenAddress, row.target_id)
    if target.citizen_id == asking.citizen_id:
        return None
    return merge(session, now, asking.citizen_id, target.citizen_id, MergeProof.CODE)


def matches(row: LinkCode, asking: CitizenAddress, typed: str, key: str) -> bool:
    """Calling this will say whether ``typed`` is the code of a row, in any case and with or without its dash."""
    letters = "".join(char for char in typed.upper() if char.isalpha())
    return hmac.compare_digest(row.digest, _digest(key, asking, letters))


def _digest(key: str, asking: CitizenAddress, text: str) -> str:
    return hmac.new(key.encode(), f"link:{asking.id}:{text}".encode(), hashlib.sha256).hexdigest()
