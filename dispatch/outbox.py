"""The outbox: put with the change that caused it, claim with a lease, settle once.

A send cannot be exactly-once at a provider that has no idempotency key. So the claim is committed before the call, and
what ends without a clear answer is *uncertain*: shown to staff, settled by a provider's report, never resent blindly.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Tuple, case, func, select, tuple_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from channels.message import RANK, Address, DeliveryState, OutboundMessage
from channels.registry import Registry, channel_class
from channels.text import split
from dispatch.db import stored_id
from dispatch.models import CitizenAddress, Message, Outbox

LEASE = timedelta(seconds=120)
#: A message that a provider has not taken for a day is no longer an answer in time: it fails and a person sees it.
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
PENDING = (DeliveryState.QUEUED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Claim:
    """Calling this will hold one claimed row: its id, the lease that settles it, and what to hand to the channel."""

    row_id: int
    lease: str
    attempts: int
    created_at: datetime
    message: OutboundMessage


def put(
    session: Session,
    now: datetime,
    message: Message,
    address: CitizenAddress,
    *,
    text: str,
    automatic: bool,
    subject: str = "",
    reply_to: Sequence[str] = (),
    ticket_number: str = "",
    asks: str = "",
    origin: str = "",
    replaces_id: int | None = None,
) -> list[Outbox]:
    """Calling this will promise the delivery of ``message`` to ``address`` as ``text``: one row for each part the
    channel can carry.

    Recipient and text are frozen here. Channels that show messages on our own pages need no provider: their rows are
    sent at once, and delivered when the citizen's page has shown them.
    """
    cls = channel_class(address.channel)
    rows = []
    parts = split(text, cls.limits.text_length)
    for number, body in enumerate(parts, start=1):
        row = Outbox(
            key=secrets.token_hex(12),
            message_id=stored_id(message.id),
            ticket_id=message.ticket_id,
            address_id=stored_id(address.id),
            channel=address.channel,
            account=address.account,
            recipient=str(address),
            body=body,
            subject=subject,
            reply_to=list(reply_to),
            ticket_number=ticket_number,
            automatic=automatic,
            part=number,
            asks=asks if number == len(parts) else "",
            state=DeliveryState.QUEUED if cls.external else DeliveryState.SENT,
            next_at=now,
            created_at=now,
            sent_at=None if cls.external else now,
            settled_at=None if cls.external else now,
            origin=origin,
            replaces_id=replaces_id,
        )
        session.add(row)
        rows.append(row)
    session.flush()
    return rows


def again(
    session: Session,
    now: datetime,
    row: Outbox,
    *,
    origin: str,
    next_at: datetime | None = None,
    state: DeliveryState = DeliveryState.QUEUED,
) -> Outbox:
    """Calling this will promise a row's own words to its own recipient once more, in a new row; the old is replaced."""
    copied = (
        "message_id", "ticket_id", "address_id", "channel", "account", "recipient", "body", "subject", "reply_to",
        "ticket_number", "automatic", "part", "template", "variables", "asks",
    )  # fmt: skip
    new = Outbox(
        **{name: getattr(row, name) for name in copied},
        key=secrets.token_hex(12),
        state=state,
        next_at=next_at or now,
        created_at=now,
        origin=origin,
        replaces_id=row.id,
    )
    row.state = DeliveryState.REPLACED
    row.settled_at = row.settled_at or now
    session.add_all([row, new])
    session.flush()
    return new


def invite(session: Session, now: datetime, row: Outbox, template: str, variables: Sequence[str], reads: str) -> Outbox:
    """Calling this will promise an approved text that asks the person to write, so that ``row`` may follow it.

    It stands among the deliveries of the same message, before its first part; ``reads`` is only for people to read.
    """
    new = Outbox(
        key=secrets.token_hex(12),
        message_id=row.message_id,
        ticket_id=row.ticket_id,
        address_id=row.address_id,
        channel=row.channel,
        account=row.account,
        recipient=row.recipient,
        body=reads,
        ticket_number=row.ticket_number,
        automatic=row.automatic,
        part=0,
        state=DeliveryState.QUEUED,
        next_at=now,
        created_at=now,
        template=template,
        variables=list(variables),
        origin="template",
    )
    session.add(new)
    session.flush()
    return new


@dataclass(frozen=True, slots=True)
class Lane:
    """Calling this will say whose rows one provider sends: those of its own account, and if it is the first of its
    kind those of every account that no other provider has."""

    provider: str
    kind: str
    account: str
    others: tuple[str, ...] = ()
    first: bool = True

    def where(self) -> ColumnElement[bool]:
        """Calling this will give the condition on outbox rows."""
        kind = col(Outbox.channel) == self.kind
        if self.first:
            return kind & col(Outbox.account).not_in(self.others)
        return kind & (col(Outbox.account) == self.account)


def lanes(registry: Registry) -> dict[str, Lane]:
    """Calling this will list the lanes of every provider that sends, by its name."""
    found = {}
    for name, channel in registry.channels.items():
        if channel.external:
            providers = registry.of_kind(channel.kind)
            others = tuple(each.account for each in providers if each is not channel)
            found[name] = Lane(name, channel.kind, channel.account, others, providers[0] is channel)
    return found


def _turn(row: type[Outbox]) -> Tuple:
    """Where a row stands in what a person reads: a message sent again keeps its place before the ones after it."""
    return tuple_(col(row.message_id), col(row.part), col(row.id))


def _ready(now: datetime, per_person: float, staff_only: bool) -> list[ColumnElement[bool]]:
    """Which queued rows may leave now: nobody's earlier message is under way, nobody gets two too fast."""
    earlier, recent = aliased(Outbox), aliased(Outbox)
    under_way = select(col(earlier.id)).where(
        col(earlier.address_id) == Outbox.address_id,
        col(earlier.state).in_(PENDING),
        _turn(earlier) < _turn(Outbox),
    )
    if staff_only:  # an automatic message that waits for tomorrow must not hold an answer up
        under_way = under_way.where(col(earlier.automatic).is_(False) | (col(earlier.state) == DeliveryState.SENDING))
    found = [col(Outbox.state) == DeliveryState.QUEUED, col(Outbox.next_at) <= now, ~under_way.exists()]
    if staff_only:
        found.append(col(Outbox.automatic).is_(False))
    if per_person > 0:
        just_sent = select(col(recent.id)).where(
            col(recent.address_id) == Outbox.address_id, col(recent.sent_at) > now - timedelta(seconds=per_person)
        )
        found.append(~just_sent.exists())
    return found


def claim(
    session: Session,
    now: datetime,
    lane: Lane,
    limit: int = 1,
    *,
    per_person: float = 0.0,
    staff_only: bool = False,
) -> list[Claim]:
    """Calling this will claim due rows of one provider, at most one for each address, the oldest message first.

    A later message to a person waits until the earlier one is settled, so they read our words in order, and at least
    ``per_person`` seconds apart; ``staff_only`` leaves automatic messages where they are. Each claim is one conditional
    update: of two workers only one gets the row, and the other looks past it. One row at a time, unless told otherwise:
    what is claimed when a sender dies is uncertain, tried or not. A row carries the account that sends it, for its
    report will name that one.
    """
    waiting = session.scalars(
        select(Outbox)
        .where(lane.where(), *_ready(now, per_person, staff_only))
        .order_by(col(Outbox.message_id), col(Outbox.part), col(Outbox.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Outbox)
    ).all()
    claims = []
    for row in waiting:
        lease = secrets.token_hex(8)
        taken = session.execute(
            update(Outbox)
            .where(col(Outbox.id) == row.id, col(Outbox.state) == DeliveryState.QUEUED)
            .values(
                state=DeliveryState.SENDING,
                lease=lease,
                lease_until=now + LEASE,
                attempts=Outbox.attempts + 1,
                account=lane.account or Outbox.account,
            )
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            continue
        outgoing = OutboundMessage(
            key=row.key,
            recipient=Address.parse(row.recipient),
            text=row.body,
            subject=row.subject,
            reply_to=tuple(row.reply_to),
            ticket_number=row.ticket_number,
            automatic=row.automatic,
            template=row.template,
            variables=tuple(row.variables),
            asks=row.asks,
        )
        claims.append(Claim(stored_id(row.id), lease, row.attempts + 1, row.created_at, outgoing))
    return claims


def settle_sent(
    session: Session,
    now: datetime,
    claim: Claim,
    external_id: str,
    state: DeliveryState,
    *,
    segments: int = 1,
    category: str = "",
    cost: int = 0,
) -> bool:
    """Calling this will write down the provider's receipt; False when the lease is no longer ours.

    Providers call their first state queued or accepted; to us a taken message is at least sent, whatever they call it:
    a row that went back to queued would be sent again and again. A report that overtook the receipt keeps its state.
    """
    taken = state if RANK[state] > RANK[DeliveryState.SENT] else DeliveryState.SENT
    bill = {"sent_at": now, "segments": segments}
    if _settle(
        session, claim, state=taken, external_id=external_id, settled_at=now, error="", error_code="",
        category=category, cost=cost, **bill,
    ):  # fmt: skip
        return True
    session.execute(
        update(Outbox)
        .where(col(Outbox.id) == claim.row_id, col(Outbox.lease) == claim.lease, col(Outbox.segments) == 0)
        .values(
            external_id=func.coalesce(col(Outbox.external_id), external_id),
            category=case((col(Outbox.category) == "", category), else_=col(Outbox.category)),
            cost=case((col(Outbox.category) == "", cost), else_=col(Outbox.cost) * segments),
            **bill,
        )
        .execution_options(synchronize_session=False)
    )
    return False


def settle_untried(session: Session, claim: Claim) -> bool:
    """Calling this will put a row back as it was: the provider did not look at it, the whole channel must wait."""
    return _settle(session, claim, state=DeliveryState.QUEUED, attempts=Outbox.attempts - 1)


def settle_later(
    session: Session, now: datetime, claim: Claim, error: str, code: str, retry_after: float | None
) -> DeliveryState:
    """Calling this will put a row back for another try, or fail it when a day has passed; says which of the two.

    The wait doubles from 15 seconds to an hour unless the provider names one (``retry_after``, seconds, at most a day).
    """
    if now - claim.created_at > GIVE_UP_AFTER:
        settle_failed(session, now, claim, error, code)
        return DeliveryState.FAILED
    wait = min(FIRST_RETRY * 2 ** min(claim.attempts - 1, 12), LONGEST_RETRY)
    if retry_after is not None:
        wait = within_a_day(retry_after)
    next_at = now + wait + timedelta(milliseconds=secrets.randbelow(1000))
    _settle(session, claim, state=DeliveryState.QUEUED, next_at=next_at, error=error, error_code=code)
    return DeliveryState.QUEUED


def within_a_day(seconds: float) -> timedelta:
    """Calling this will make a wait of what a provider asks for: never negative, at most a day, whatever it says."""
    return timedelta(seconds=min(max(0.0, seconds), GIVE_UP_AFTER.total_seconds()))


def settle_failed(session: Session, now: datetime, claim: Claim, error: str, code: str) -> bool:
    """Calling this will mark a row as refused for good."""
    return _settle(session, claim, state=DeliveryState.FAILED, settled_at=now, error=error, error_code=code)


def settle_uncertain(session: Session, now: datetime, claim: Claim, error: str, code: str) -> bool:
    """Calling this will mark a row as perhaps sent: a person or a provider's report decides."""
    return _settle(session, claim, state=DeliveryState.UNCERTAIN, settled_at=now, error=error, error_code=code)


def _settle(session: Session, claim: Claim, **values: object) -> bool:
    done = session.execute(
        update(Outbox)
        .where(col(Outbox.id) == claim.row_id, col(Outbox.lease) == claim.lease)
        .where(col(Outbox.state).in_((DeliveryState.SENDING, DeliveryState.UNCERTAIN)))
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def expire_leases(session: Session, now: datetime) -> int:
    """Calling this will mark as uncertain each row whose sender died before it settled; returns how many."""
    done = session.execute(
        update(Outbox)
        .where(col(Outbox.state) == DeliveryState.SENDING, col(Outbox.lease_until) < now)
        .values(
            state=DeliveryState.UNCERTAIN,
            settled_at=now,
            error="the sender stopped before the provider's answer was written down",
        )
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def due(session: Session, now: datetime, lane: Lane) -> int:
    """Calling this will count the rows of a provider that could be sent now."""
    query = select(func.count()).where(
        lane.where(), col(Outbox.state) == DeliveryState.QUEUED, col(Outbox.next_at) <= now
    )
    return int(session.scalar(query) or 0)
