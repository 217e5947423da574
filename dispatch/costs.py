"""What sending costs, in rupiah by the region pack's prices, and what a channel may still send today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch.models import Outbox
from dispatch.region import Budget, Delivery, Region


class Allowance(StrEnum):
    """What a channel's budget still lets through today."""

    ALL = "all"
    STAFF = "staff"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Spent:
    """Calling this will hold what a channel sent today, in messages and rupiah, beside its budget."""

    kind: str
    messages: int
    rupiah: int
    budget: Budget

    @property
    def allows(self) -> Allowance:
        """Calling this will say who may still send. Without a hard limit people's answers always go."""
        budget = self.budget
        if _reached(self.messages, budget.hard_messages) or _reached(self.rupiah, budget.hard_rupiah):
            return Allowance.NONE
        if _reached(self.messages, budget.messages) or _reached(self.rupiah, budget.rupiah):
            return Allowance.STAFF
        return Allowance.ALL


def price(delivery: Delivery, provider: str, category: str, segments: int) -> int:
    """Calling this will give the price of a message in rupiah; 0 where the pack names none."""
    table = delivery.prices.get(provider, {})
    return table.get(category, table.get("any", 0)) * segments


def spent(session: Session, region: Region, now: datetime, kind: str) -> Spent:
    """Calling this will add up what a channel sent since midnight in the region."""
    midnight = datetime.combine(region.local(now).date(), time.min, tzinfo=region.zone)
    query = select(func.count(), func.coalesce(func.sum(col(Outbox.cost)), 0))
    count, rupiah = session.execute(query.where(col(Outbox.channel) == kind, col(Outbox.sent_at) >= midnight)).one()
    return Spent(kind, int(count), int(rupiah), region.delivery.budgets.get(kind, Budget()))


def allowance(session: Session, region: Region, now: datetime, kind: str) -> Allowance:
    """Calling this will say what a channel's budget still lets through at ``now``."""
    return spent(session, region, now, kind).allows if kind in region.delivery.budgets else Allowance.ALL


def budgets(session: Session, region: Region, now: datetime, kinds: frozenset[str]) -> Iterator[Spent]:
    """Calling this will give today's spending of each of these channels that has a budget, in the pack's order."""
    for kind in region.delivery.budgets:
        if kind in kinds:
            yield spent(session, region, now, kind)


def _reached(used: int, limit: int | None) -> bool:
    return limit is not None and used >= limit
