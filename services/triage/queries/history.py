"""What is already known of the people in a referral: contacts and decisions found by blind index."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Case, Coding, PersonKey

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


async def contacts_by_digest(
    session: AsyncSession, digests: Iterable[bytes], since: datetime
) -> dict[bytes, list[Contact]]:
    """Return the cases received or decided after `since`, by the digest that they share."""
    query = (
        select(PersonKey.digest, Case.id, Case.received_at, Case.decided_at, Case.decided_level)
        .join(Case, Case.id == PersonKey.case_id)
        .where(PersonKey.digest.in_(list(digests)), or_(Case.received_at > since, Case.decided_at > since))
    )
    found: dict[bytes, list[Contact]] = defaultdict(list)
    for digest, case_id, received_at, decided_at, decided_level in (await session.execute(query)).all():
        found[digest].append(Contact(case_id, received_at, decided_at, decided_level))
    return found


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
