"""What is already known of the people of a case: earlier contacts and decisions, by the links that count."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from services.triage.domain import History, LinkState, Unfinished, counts
from services.triage.models import Case, Coding, Link

CONTACTS = timedelta(days=90)
DECISIONS = timedelta(days=365)
STATUTORY_LEVEL = 4


@dataclass(frozen=True)
class Contact:
    """An earlier case about somebody of the same referral."""

    case_id: UUID
    received_at: datetime
    decided_at: datetime | None = None
    decided_level: int | None = None


_links_of = tuple(
    select(Link, Case)
    .join(Case, Case.id == there)
    .where(here == bindparam("case_id"))
    .order_by(Case.received_at, Link.id)
    .options(defer(Case.details, raiseload=True))
    for here, there in ((Link.case_id, Link.other_case_id), (Link.other_case_id, Link.case_id))
)


async def links_of(session: AsyncSession, case_id: UUID) -> Sequence[tuple[Link, Case]]:
    """Return every link of a case with the case at its other end, but for its referral; whichever proposed it."""
    found: list[tuple[Link, Case]] = []
    for query in _links_of:
        found += [(link, case) for link, case in (await session.execute(query, {"case_id": case_id})).all()]
    return found


async def history_of_case(session: AsyncSession, case: Case) -> History:
    """Return what links, decisions and codings say now of the people of a case."""
    links = await links_of(session, case.id)
    contacts = [
        Contact(other.id, other.received_at, other.decided_at, other.decided_level)
        for link, other in links
        if counts(link.state, link.reasons)
    ]
    waiting = any(link.case_id == case.id and link.state == LinkState.POSSIBLE for link, _ in links)
    return history_of(contacts, case, await codings_of(session, case.id), possible_match_waiting=waiting)


def history_of(
    contacts: Collection[Contact], case: Case, codings: Iterable[Coding], *, possible_match_waiting: bool
) -> History:
    """Return the history of a case from its earlier contacts and from what was coded, oldest first."""
    indicators: list[Any] = []
    facts: dict[str, Any] = {}
    coded = False
    for coding in codings:
        coded = True
        indicators += coding.indicators
        facts |= coding.facts
    return History(
        previous_contacts_90_days=earlier_contacts(contacts, case.received_at, case.id),
        below_threshold_decision_12_months=decided_below_threshold(contacts, case.received_at, case.id),
        possible_match_waiting=possible_match_waiting,
        is_whole=Unfinished.PEOPLE not in case.unfinished,
        coded_indicators=tuple(indicators),
        coded_facts=facts,
        narrative_coded=coded,
    )


def earlier_contacts(contacts: Iterable[Contact], received_at: datetime, case_id: UUID) -> int:
    """Count other cases received in the 90 days up to `received_at`, each once."""
    return len({
        contact.case_id
        for contact in contacts
        if contact.case_id != case_id and received_at - CONTACTS <= contact.received_at <= received_at
    })  # fmt: skip


def decided_below_threshold(contacts: Iterable[Contact], received_at: datetime, case_id: UUID) -> bool:
    """Tell whether another case was decided below level 4 in the 12 months before `received_at`."""
    return any(
        contact.case_id != case_id
        and contact.decided_at is not None
        and received_at - DECISIONS <= contact.decided_at <= received_at
        and (contact.decided_level or 0) < STATUTORY_LEVEL
        for contact in contacts
    )


async def codings_of(session: AsyncSession, case_id: UUID) -> Sequence[Coding]:
    """Return what screeners coded of a case, oldest first."""
    query = select(Coding).where(Coding.case_id == case_id).order_by(Coding.coded_at, Coding.id)
    return (await session.scalars(query)).all()
