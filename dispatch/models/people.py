"""Citizens, the addresses that reach them, and which of those were found to be one person's."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class Citizen(SQLModel, table=True):
    """Calling this will make a row for one person, known only by the addresses they wrote from.

    ``staff_id`` marks the person a member of staff is told things as.
    """

    __tablename__ = "citizen"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    language: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    notified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", unique=True)


class CitizenAddress(SQLModel, table=True):
    """Calling this will make a row for one way to reach a citizen on one of our channel accounts.

    The key is (channel, account, scheme, value): a provider's id means something only within the account it was given
    for, and a phone number is never the key of a person. ``phone`` is the number where one is known (E.164).
    ``last_inbound_at`` is the provider's own time of the last message from here, never later than its receipt: the
    reply window counts from it. ``bad_at`` says since when nobody is reached here. ``derived`` marks an
    address nobody wrote from yet: the phone number of a WhatsApp user, kept as their way by SMS. ``offered_service`` is
    the entry of the service directory that last answered a question from here.
    """

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "account", "scheme", "value", name="uq_address"),)

    id: int | None = Field(default=None, primary_key=True)
    citizen_id: int = Field(foreign_key="citizen.id", index=True)
    channel: str
    account: str
    scheme: str
    value: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_inbound_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    greeted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    phone: str = Field(default="", index=True)
    bad_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bad_reason: str = ""
    derived: bool = False
    offered_service: str = ""
    offered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class AddressAlias(SQLModel, table=True):
    """Calling this will make a row for another name the provider itself gives an address: a phone number beside a
    business-scoped id."""

    __tablename__ = "address_alias"
    __table_args__ = (UniqueConstraint("channel", "account", "scheme", "value", name="uq_address_alias"),)

    id: int | None = Field(default=None, primary_key=True)
    address_id: int = Field(foreign_key="address.id", index=True)
    channel: str
    account: str
    scheme: str
    value: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class MergeProof(StrEnum):
    """Why two citizens were taken for one."""

    CODE = "code"
    STAFF = "staff"
    PROVIDER = "provider"


class CitizenMerge(SQLModel, table=True):
    """Calling this will make a row for one merge: ``merged_id``'s addresses and tickets went to ``kept_id``.

    ``addresses`` and ``tickets`` list the ids that moved, so that it can be undone.
    """

    __tablename__ = "citizen_merge"

    id: int | None = Field(default=None, primary_key=True)
    kept_id: int = Field(foreign_key="citizen.id", index=True)
    merged_id: int = Field(foreign_key="citizen.id", index=True)
    proof: str
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    addresses: list[int] = Field(default_factory=list, sa_type=plain_json())
    tickets: list[int] = Field(default_factory=list, sa_type=plain_json())
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: int | None = Field(default=None, foreign_key="staff.id")


class LinkCode(SQLModel, table=True):
    """Calling this will make a row for a code sent to ``target_id`` because somebody at ``asking_id`` says it is theirs
    too. Only a hash of the code is kept."""

    __tablename__ = "link_code"
    __table_args__ = (Index("ix_link_code_asking", "asking_id", "created_at"),)

    id: int | None = Field(default=None, primary_key=True)
    asking_id: int = Field(foreign_key="address.id")
    target_id: int = Field(foreign_key="address.id", index=True)
    digest: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
