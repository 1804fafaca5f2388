"""Links of a case as staff see them, and the history that they add up to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import LinkState, Relation, counts
from services.triage.models import Case, Child, Link
from services.triage.schemas import Candidate, EarlierContact, MatchOut, OtherCase
from shared.loop import give_way
from shared.problems import NotFound
from shared.vault import Vault

Links = Sequence[tuple[Link, Case]]
NEAREST_FIRST = tuple(Relation)
MOST_SHOWN = 30
"""A referral of many people may have thousands, with a referral to open behind each."""


async def find_link(session: AsyncSession, case_id: UUID, link_id: UUID) -> Link:
    """Return a link that has this case at either end; raises `NotFound`."""
    link = await session.get(Link, link_id)
    if link is None or case_id not in (link.case_id, link.other_case_id):
        raise NotFound("There is no such link on this case.")
    return link


def show_matches(case: Case, links: Links) -> list[MatchOut]:
    """Return the links without those whom they name."""
    return [
        MatchOut(
            id=link.id,
            state=link.state,
            score=link.score,
            reasons=link.reasons,
            relation=link.relation,
            person=_here(link, case.id),
            other_case=OtherCase.model_validate(other, from_attributes=True),
        )
        for link, other in links
    ]


def nearest(matches: Sequence[MatchOut]) -> Sequence[MatchOut]:
    """Return as many matches as a page shows: all of them, or those that wait for a person first."""
    if len(matches) <= MOST_SHOWN:
        return matches
    return sorted(matches, key=lambda match: match.state != LinkState.POSSIBLE)[:MOST_SHOWN]


async def show_candidates(
    session: AsyncSession, vault: Vault, case: Case, matches: Sequence[MatchOut]
) -> list[MatchOut]:
    """Add whom the links name in the other cases; the caller records that these are read."""
    if not matches:
        return []
    links = await session.scalars(select(Link).where(Link.id.in_([match.id for match in matches])))
    there = {link.id: link.other_person if link.case_id == case.id else link.person for link in links}
    sealed = select(Case.id, Case.details).where(Case.id.in_({match.other_case.id for match in matches}))
    opened = {}
    for case_id, details in await session.execute(sealed):
        if details is not None:
            opened[case_id] = vault.open("cases", case_id, details)
            await give_way()
    return [
        match.model_copy(update={"candidate": _candidate(opened[match.other_case.id], there[match.id])})
        if match.other_case.id in opened
        else match
        for match in matches
    ]


def _here(link: Link, case_id: UUID) -> str:
    return link.person if link.case_id == case_id else link.other_person


def _candidate(referral: Mapping[str, Any], pointer: str) -> Candidate | None:
    if referral.get("restricted"):
        return None
    _, group, index = pointer.split("/")
    person: Mapping[str, Any] = referral[group][int(index)]
    name = person.get("name") or f"{person.get('given_name') or ''} {person.get('family_name') or ''}"
    said = {field: person.get(field) for field in ("date_of_birth", "expected_delivery_date", "sex", "relationship")}
    return Candidate(name=name.strip(), known_as=person.get("known_as") or [], **said)


async def show_history(session: AsyncSession, case: Case, links: Links) -> list[EarlierContact]:
    """Return the earlier cases that count, each once by its nearest relation, the newest first."""
    counted = [(link, other) for link, other in links if counts(link.state, link.reasons)]
    earlier = {other.id: other for _, other in counted if other.received_at <= case.received_at}
    query = select(Child).where(Child.case_id.in_(earlier)).order_by(Child.decided_level, Child.child)
    outcomes = {child.case_id: child.outcome for child in (await session.scalars(query)).all()} if earlier else {}
    relations: dict[UUID, str] = {}
    for link, other in counted:
        relations[other.id] = min(link.relation, relations.get(other.id, link.relation), key=_distance)
    return [
        EarlierContact(
            id=other.id,
            reference=other.reference,
            received_at=other.received_at,
            status=other.status,
            level=other.decided_level or other.level,
            outcome=outcomes.get(other.id),
            relation=relations[other.id],
        )
        for other in sorted(earlier.values(), key=lambda other: (other.received_at, other.id), reverse=True)
    ]


def _distance(relation: str) -> int:
    return NEAREST_FIRST.index(Relation(relation))
