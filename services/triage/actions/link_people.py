"""The people of a case are kept by their blind indexes and linked to who they are, or may be, in earlier cases."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk, leave_unfinished
from services.triage.actions.new_information import add_new_information
from services.triage.domain import (
    CaseStatus,
    History,
    LinkState,
    NewInformationKind,
    Relation,
    Unfinished,
    WhyUnfinished,
    counts,
    relation_of,
)
from services.triage.matching import Allowance, Match, best_matches
from services.triage.models import Case, Link, NewInformation, PersonKey
from services.triage.queries.cases import find_case
from services.triage.queries.history import Contact, history_of, links_of
from services.triage.queries.known_people import KnownCase, KnownPeople, Profile, candidates_of
from shared.db import insert_rows, new_id

TOLD = (LinkState.AUTOMATIC, LinkState.CONFIRMED)
AT_WORK = (CaseStatus.CLAIMED, CaseStatus.WAITING, CaseStatus.AWAITING_COUNTERSIGNATURE)
"""States in which a case has a worker, to whom news of the child goes."""

News = tuple[UUID, UUID]
"""The open case that something new is known about, and the case that brought it."""

_insert_key = insert(PersonKey.metadata.tables[PersonKey.__tablename__]).on_conflict_do_nothing()
_hold = select(Case.id).where(Case.id.in_(bindparam("ids", expanding=True))).order_by(Case.id).with_for_update()
_insert_link = insert(Link.metadata.tables[Link.__tablename__]).on_conflict_do_nothing()


@dataclass(frozen=True)
class Linked:
    """What is known of the people of a case, the open cases that it is news for, and later ones whose history it is.

    `others` are all cases at the other ends of its links.
    """

    history: History
    others: Collection[UUID]
    news: Sequence[News]
    later: Sequence[UUID]


async def link_people(
    session: AsyncSession, case: Case, profile: Profile, known: KnownPeople, allowance: Allowance
) -> Linked:
    """Keep the people of the case, and link them to those of earlier ones.

    Where that is too much work for a batch the case stands without, and is looked at alone.
    """
    await keep_people(session, case, profile)
    candidates = candidates_of(profile, known)
    known.add(KnownCase(case.id, case.received_at, case.status, profile.people), profile)
    if not candidates.is_whole or not allowance.takes(candidates.effort):
        for step in (Unfinished.PEOPLE, Unfinished.NEWS):
            leave_unfinished(case, step, WhyUnfinished.LARGE)
        return await link_matches(session, case, [])
    return await link_matches(session, case, [
        (earlier, match) for earlier, pairs in candidates.pairs for match in best_matches(pairs, candidates.crowded)
    ])  # fmt: skip


async def keep_people(session: AsyncSession, case: Case, profile: Profile) -> None:
    """Keep the people of the case under their keys, so that those after them find them."""
    await insert_rows(
        session, _insert_key,
        [{"digest": d, "case_id": case.id, "person": person, "kind": kind} for d, kind, person in profile.kept],
    )  # fmt: skip


async def link_matches(session: AsyncSession, case: Case, matches: Sequence[tuple[KnownCase, Match]]) -> Linked:
    """Keep these as links of the case, and say what follows from them."""
    rows = [_link(case, earlier, match) for earlier, match in matches]
    await insert_rows(session, _insert_link, rows)
    counted = [
        (earlier, match)
        for (earlier, match), row in zip(matches, rows, strict=True)
        if counts(row["state"], row["reasons"])
    ]
    case.known_to = _worker_of(counted)
    contacts = [Contact(found.id, found.received_at, found.decided_at, found.decided_level) for found, _ in counted]
    waiting = any(row["state"] == LinkState.POSSIBLE for row in rows)
    news = [(found.id, case.id) for found, match in matches if _is_news(found, match)]
    later = [found.id for found, _ in counted if found.received_at > case.received_at]
    others = {found.id for found, _ in matches}
    return Linked(history_of(contacts, case, (), possible_match_waiting=waiting), others, news, later)


async def hold_linked(session: AsyncSession, linked: Iterable[Linked]) -> None:
    """Lock the cases at the other ends of links that the caller made, in the order of their ids.

    Whoever works on a case locks it first and the directory after it. A link locks its ends too, so this comes before
    anybody looks for a place.
    """
    others = {case_id for one in linked for case_id in one.others}
    if others:
        await session.execute(_hold, {"ids": sorted(others)})


def _is_news(found: KnownCase, match: Match) -> bool:
    return found.status in AT_WORK and match.comparison.is_certain and _is_same_child(match)


def _link(case: Case, earlier: KnownCase, match: Match) -> dict[str, Any]:
    return {
        "id": new_id(),
        "case_id": case.id,
        "person": match.person.pointer,
        "other_case_id": earlier.id,
        "other_person": match.other.pointer,
        "relation": _relation(match),
        "state": LinkState.AUTOMATIC if match.comparison.is_certain else LinkState.POSSIBLE,
        "score": match.comparison.score,
        "reasons": list(match.comparison.reasons),
    }


def _relation(match: Match) -> Relation:
    member = match.other if match.person.is_child else match.person
    return relation_of(match.person.pointer, match.other.pointer, member.relationship)


def _worker_of(counted: Iterable[tuple[KnownCase, Match]]) -> str | None:
    """Return who had the newest earlier case about a child of this one."""
    return next((found.owner for found, match in counted if found.owner and _is_same_child(match)), None)


def _is_same_child(match: Match) -> bool:
    return match.person.is_child and match.other.is_child


async def follow_links(session: AsyncSession, desk: Desk, case: Case) -> Sequence[UUID]:
    """Tell the workers of open cases about the child, each once; returns the later cases whose history this case is."""
    links = await links_of(session, case.id)
    query = select(NewInformation.case_id).where(NewInformation.from_case_id == case.id)
    knowing = set((await session.scalars(query)).all())
    news = [
        (other.id, case.id)
        for link, other in links
        if link.state in TOLD and link.relation == Relation.CHILD and other.id not in knowing
    ]
    await tell_workers(session, desk, news)
    later = [
        other for link, other in links if counts(link.state, link.reasons) and other.received_at > case.received_at
    ]
    return sorted({other.id for other in later})


async def tell_workers(session: AsyncSession, desk: Desk, news: Iterable[News]) -> None:
    """Put what came in before the workers of the open cases. Locks these in the order of their ids."""
    for other_id, case_id in sorted(set(news)):
        other = await find_case(session, other_id, lock=True)
        if other.status in AT_WORK:
            await add_new_information(session, desk, other, NewInformationKind.LINKED_CASE, from_case_id=case_id)
