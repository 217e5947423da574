"""How well the classifier does here, and whether the world has moved away from what it learnt.

Beside ``reports`` the only reader of aggregates. Every number is a count of tickets that ``judged.CONDITIONS`` holds
for, so that it can link to exactly these.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from statistics import mean
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlmodel import Session, col

from classifier.scorer import Scorer, read_tokens
from dispatch.judged import is_first_asked, is_held
from dispatch.lessons import first_words
from dispatch.models import Assignment, Label, ModelVersion, Ticket
from dispatch.region import Region
from dispatch.reports import condition, in_agencies, in_period
from dispatch.scope import Scope

WEEKS = 8
CONFUSIONS = 10
#: Texts read for the share of unknown words of a week, the newest first.
TEXTS_OF_WEEK = 150
#: The latest mix of categories against what was before, or what the version was trained on.
MIX_LATEST, MIX_BEFORE = timedelta(weeks=4), timedelta(weeks=12)
#: A mix, a week or a share of fewer tickets than these says nothing.
LEAST_OF_MIX, LEAST_OF_WEEK = 100, 20
#: What needs a person's attention. The limit of the index is the usual one (Siddiqi 2006: above 0.25 a major shift).
UNSURE_RISE, CONFIDENCE_FALL, UNKNOWN_RISE, INDEX_LIMIT = 0.10, 0.10, 0.05, 0.25
_NAMES = ("classified", "unsure", "judged", "proposed_right", "proposed_wrong")


@dataclass(frozen=True, slots=True)
class AgencyQuality:
    """Calling this will hold one agency's tickets: those the classifier was asked about, those it was unsure of, those
    staff have judged since, and of these where its first proposal was right or wrong.
    """

    agency: str
    classified: int
    unsure: int
    judged: int
    proposed_right: int
    proposed_wrong: int


@dataclass(frozen=True, slots=True)
class CategoryQuality:
    """Calling this will hold what became of the tickets for which the classifier first proposed a category."""

    category: str
    judged: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Calling this will hold how often one category was proposed and another decided."""

    proposed: str
    decided: str
    count: int


@dataclass(frozen=True, slots=True)
class Week:
    """Calling this will hold one week (its Monday, in the region's zone): tickets the classifier was asked about, the
    share it was unsure of, its mean confidence, and the share of words its vocabulary does not hold; None where there
    is nothing to measure.
    """

    monday: date
    classified: int
    unsure: float | None
    confidence: float | None
    unknown: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """Calling this will hold the weeks, oldest first, the population stability index of the mix of categories (None
    with too few tickets; ``against_training`` says against what), and the names of what needs attention.
    """

    weeks: tuple[Week, ...]
    index: float | None
    against_training: bool
    attention: frozenset[str]


def by_agency(
    session: Session, now: datetime, agencies: Scope | frozenset[str] | None, start: datetime, end: datetime
) -> list[AgencyQuality]:
    """Calling this will count each agency's tickets received from ``start`` on, before ``end``."""
    columns = [func.sum(case((condition(name, now), 1), else_=0)) for name in _NAMES]
    query = select(col(Ticket.agency), *columns).where(in_agencies(agencies), in_period(start, end))
    rows = session.execute(query.group_by(col(Ticket.agency)).order_by(col(Ticket.agency)))
    return [AgencyQuality(agency, *(int(number or 0) for number in numbers)) for agency, *numbers in rows]


def by_category(
    session: Session, agencies: Scope | frozenset[str] | None, start: datetime, end: datetime
) -> list[CategoryQuality]:
    """Calling this will count, for each category proposed, how often staff agreed; the most often judged first."""
    right = func.sum(case((col(Label.suggested) == col(Label.category), 1), else_=0))
    count = func.count()
    query = _judged(agencies, start, end, col(Label.suggested), count, right).group_by(col(Label.suggested))
    rows = session.execute(query.order_by(count.desc(), col(Label.suggested)))
    return [CategoryQuality(name, total, int(good), total - int(good)) for name, total, good in rows]


def confusions(
    session: Session, agencies: Scope | frozenset[str] | None, start: datetime, end: datetime, most: int = CONFUSIONS
) -> list[Confusion]:
    """Calling this will list what was proposed and what was decided instead, the most frequent first."""
    count = func.count()
    pair = col(Label.suggested), col(Label.category)
    query = _judged(agencies, start, end, *pair, count).where(col(Label.suggested) != col(Label.category))
    rows = session.execute(query.group_by(*pair).order_by(count.desc(), *pair).limit(most))
    return [Confusion(*row) for row in rows]


def drift(
    session: Session,
    region: Region,
    now: datetime,
    agencies: Scope | frozenset[str] | None,
    scorer: Scorer | None,
    serving: ModelVersion | None,
) -> Drift:
    """Calling this will look at the last eight weeks: is the classifier less sure, are its words unknown, do people
    write about other things than those it learnt from?

    ``scorer`` and ``serving`` are the version in service and its row; without them words and training are left out.
    """
    weeks = tuple(_weeks(session, region, now, agencies, scorer))
    trained = serving.figures.get("mix") if serving is not None and serving.local >= LEAST_OF_MIX else None
    latest = _mix(session, agencies, now - MIX_LATEST, now)
    before = trained or _mix(session, agencies, now - MIX_LATEST - MIX_BEFORE, now - MIX_LATEST)
    index = stability_index(before, latest)
    return Drift(weeks, index, trained is not None, frozenset(_attention(weeks, index)))


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float | None:
    """Calling this will give the population stability index of two mixes, None when either has too few rows.

    Half a row is added to each category, so that one nobody had before does not make it infinite.
    """
    if min(sum(before.values()), sum(now.values())) < LEAST_OF_MIX:
        return None
    names = before.keys() | now.keys()
    sums = [sum(mix.values()) + len(names) / 2 for mix in (before, now)]
    shares = [((before.get(name, 0) + 0.5) / sums[0], (now.get(name, 0) + 0.5) / sums[1]) for name in names]
    return sum((after - first) * log(after / first) for first, after in shares)


def unknown_share(scorer: Scorer, texts: Iterable[str]) -> float | None:
    """Calling this will give the share of words (numbers, links and addresses aside) that the scorer's vocabulary does
    not hold, None without words.
    """
    known = set(scorer.words)
    forms = [token.form for text in texts for token in read_tokens(text) if token.form.islower()]
    return sum(form not in known for form in forms) / len(forms) if forms else None


def _judged(agencies: Scope | frozenset[str] | None, start: datetime, end: datetime, *columns: Any) -> Select[Any]:
    """These columns of the last statement of staff about each ticket the classifier had proposed something for."""
    return (
        select(*columns)
        .select_from(Ticket)
        .join(Label, col(Label.ticket_id) == col(Ticket.id))
        .where(is_held(), col(Label.suggested).is_not(None), in_agencies(agencies), in_period(start, end))
    )


def _weeks(
    session: Session, region: Region, now: datetime, agencies: Scope | frozenset[str] | None, scorer: Scorer | None
) -> Iterable[Week]:
    today = region.local(now).date()
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    since = datetime.combine(mondays[0], datetime.min.time(), tzinfo=region.zone)
    query = (
        select(col(Ticket.id), col(Ticket.opened_at), col(Assignment.category), col(Assignment.score))
        .select_from(Ticket)
        .join(Assignment, col(Assignment.ticket_id) == col(Ticket.id))
        .where(is_first_asked(), in_agencies(agencies), col(Ticket.opened_at) >= since)
        .order_by(col(Ticket.id).desc())
    )
    found: defaultdict[date, list[tuple[int, bool, float | None]]] = defaultdict(list)
    for ticket_id, opened_at, category, score in session.execute(query):
        day = region.local(opened_at).date()
        found[day - timedelta(days=day.weekday())].append((ticket_id, category is None, score))
    for each in mondays:
        rows = found[each]
        scores = [score for _, _, score in rows if score is not None]
        texts = first_words(session, region, [row[0] for row in rows[:TEXTS_OF_WEEK]]) if scorer and rows else {}
        yield Week(
            monday=each,
            classified=len(rows),
            unsure=mean(unsure for _, unsure, _ in rows) if rows else None,
            confidence=mean(scores) if scores else None,
            unknown=unknown_share(scorer, texts.values()) if scorer else None,
        )


def _mix(session: Session, agencies: Scope | frozenset[str] | None, start: datetime, end: datetime) -> dict[str, int]:
    where = and_(in_agencies(agencies), in_period(start, end), col(Ticket.category).is_not(None))
    query = select(col(Ticket.category), func.count()).where(where).group_by(col(Ticket.category))
    return dict(Counter({str(name): int(count) for name, count in session.execute(query)}))


def _attention(weeks: Sequence[Week], index: float | None) -> Iterable[str]:
    """The last whole week against the mean of those before it."""
    whole = [week for week in weeks[:-1] if week.classified >= LEAST_OF_WEEK]
    if len(whole) >= 2 and whole[-1] is weeks[-2]:
        last, earlier = whole[-1], whole[:-1]
        limits = (("unsure", UNSURE_RISE), ("confidence", -CONFIDENCE_FALL), ("unknown", UNKNOWN_RISE))
        for name, limit in limits:
            values = [value for week in earlier if (value := getattr(week, name)) is not None]
            value = getattr(last, name)
            if values and value is not None and (value - mean(values)) / limit > 1:
                yield name
    if index is not None and index > INDEX_LIMIT:
        yield "mix"
