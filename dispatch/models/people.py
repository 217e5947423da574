"""Citizens and the addresses that reach them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime


class Citizen(SQLModel, table=True):
    """Calling this will make a row for one person, known only by the addresses they wrote from."""

    __tablename__ = "citizen"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    language: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    notified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CitizenAddress(SQLModel, table=True):
    """Calling this will make a row for one way to reach a citizen on one of our channel accounts.

    The key is (channel, account, scheme, value): a provider's id means something only within the account it was given
    for, and a phone number is never the key of a person.
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

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"
