"""What a case still stands without is made up for, a step at a time, each in a transaction of its own.

Run by triage's worker. Nothing optional stands in the way of a case: whatever of its opening is too much for a batch,
or fails, is named on the case and tried here until it works.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import correct_case_clocks
from services.triage.actions.decide_case import offer_decided_help
from services.triage.actions.desk import TRIAGE, Desk, Verdict, leave_unfinished, note
from services.triage.actions.link_people import follow_links, hold_linked, keep_people, link_matches
from services.triage.actions.open_case import (
    OPENED,
    Detail,
    assess_again,
    judge_again,
    record_verdict,
    take_details,
)
from services.triage.actions.parallel_routes import open_duties
from services.triage.actions.route_case import NEEDED_TO_ROUTE, follow_verdict
from services.triage.domain import CaseStatus, Unfinished, WhyUnfinished
from services.triage.matching import ALONE, CHUNK, Match, best_of, compare, effort_of, is_same_by_number_or_birth
from services.triage.models import Case, Child
from services.triage.queries.cases import find_case, open_details
from services.triage.queries.history import codings_of, links_of
from services.triage.queries.known_people import (
    Candidates,
    KnownCase,
    Profile,
    candidates_of,
    find_known,
    lock_matching,
    profile_of,
)
from services.triage.thresholds import assess
from shared.loop import give_way

CASES_AT_ONCE = 20
MOST_DOUBLINGS = 5
LARGE = Case.unfinished[Unfinished.PEOPLE].astext == WhyUnfinished.LARGE
IN_ERROR = {"referral": None}
"""No vocabulary has this fact, so that the policy asks for a person, at the top."""

SETTLED = (CaseStatus.DECIDED, CaseStatus.AWAITING_COUNTERSIGNATURE)

Found = tuple[Sequence[tuple[KnownCase, Match]], bool]
"""The matches of a case, and whether everybody was compared."""

Waiting = Row[UUID, UUID, dict[str, str]]
"""Id, referral and unfinished steps of a case."""


async def claim_unfinished(session: AsyncSession, retry_after: timedelta, *, large: bool) -> Sequence[Waiting]:
    """Return the cases whose time it is, those with much to compare or the others; each is the caller's until its next.

    The pause doubles with each failure.
    """
    due = (
        select(Case.id)
        .where(Case.finish_at <= func.clock_timestamp(), LARGE if large else LARGE.is_not(True))
        .order_by(Case.queue_rank, Case.finish_at)
        .limit(1 if large else CASES_AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    pause = retry_after * func.power(2, func.least(Case.finish_attempts, MOST_DOUBLINGS))
    claimed = update(Case).where(Case.id.in_(due.scalar_subquery())).values(finish_at=func.clock_timestamp() + pause)
    rows = await session.execute(claimed.returning(Case.id, Case.referral_id, Case.unfinished))
    return rows.all()


async def take_details_alone(session: AsyncSession, desk: Desk, case: Case, detail: Detail) -> None:
    """Put the referral on a case that cannot be filled in at once. The caller holds its lock."""
    take_details(desk, case, detail)
    await note(session, case, TRIAGE, "case.details_completed")


async def keep_people_of(session: AsyncSession, desk: Desk, case_id: UUID) -> Profile:
    """Keep the people of a case, so that whoever searches from now on finds them: comparing then needs no lock."""
    case = await find_case(session, case_id)
    profile = profile_of(desk.vault, open_details(desk.vault, case) or {}, case.received_at)
    await lock_matching(session)
    await keep_people(session, case, profile)
    return profile


async def seek_people(session: AsyncSession, desk: Desk, case_id: UUID, profile: Profile) -> Candidates:
    """Return whom these people are to be compared with: those of cases that are not linked already."""
    known = await find_known(session, desk.vault, [profile], alone=True)
    linked = {other.id for _, other in await links_of(session, case_id)}
    return candidates_of(profile, known, {case_id, *linked})


async def compare_people(candidates: Candidates) -> Found:
    """Compare those with a number or a birth date in common, and then the others until it is enough.

    With no transaction open; others have their turn after each chunk.
    """
    pairs = [(earlier, *pair) for earlier, pairs in candidates.pairs for pair in pairs]
    pairs.sort(key=lambda found: not is_same_by_number_or_birth(*found[1:]))
    compared: dict[UUID, list[Match]] = defaultdict(list)
    is_whole, effort, turn = candidates.is_whole, 0, 0
    for earlier, mine, theirs in pairs:
        one, other, units = mine, theirs, effort_of(mine, theirs)
        if effort + units > ALONE:
            is_whole = False
            if not is_same_by_number_or_birth(mine, theirs):
                break
            one, other, units = mine.by_name_proper, theirs.by_name_proper, 2
        if turn + units > CHUNK:
            await give_way()
            turn = 0
        effort, turn = effort + units, turn + units
        compared[earlier.id].append(Match(one, other, compare(one, other, candidates.crowded)))
    matches = [(earlier, match) for earlier, _ in candidates.pairs for match in best_of(compared[earlier.id])]
    return matches, is_whole


async def link_found(session: AsyncSession, desk: Desk, case: Case, found: Found) -> None:  # noqa: ARG001
    """Link the people of a case; what hangs on them is done anew. The caller holds its lock."""
    matches, is_whole = found
    linked = await link_matches(session, case, matches)
    await hold_linked(session, [linked])
    if not is_whole:
        leave_unfinished(case, Unfinished.PEOPLE, WhyUnfinished.TOO_LARGE)
    for step in (Unfinished.ASSESSMENT, Unfinished.ROUTE, Unfinished.NEWS):
        leave_unfinished(case, step, WhyUnfinished.PENDING)
    await note(session, case, TRIAGE, "case.people_compared")


async def assess_case(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Assess a case for the first time, or by what is known of its people now."""
    if case.status not in SETTLED:
        colour, referral = case.priority, open_details(desk.vault, case) or {}
        is_first = await session.scalar(select(Child.case_id).where(Child.case_id == case.id).limit(1)) is None
        verdict = await judge_again(session, desk, case, referral)
        await record_verdict(session, desk, case, verdict, cause=OPENED if is_first else "finished")
        if is_first:
            await correct_case_clocks(session, desk, case, colour)
        await note(session, case, TRIAGE, "case.assessed" if is_first else "case.assessed_again")


async def open_case_duties(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Open what the referral calls for, and what was coded since."""
    referral = open_details(desk.vault, case) or {}
    await open_duties(session, desk, case, referral, referral["concern"].get("indicators") or (), case.received_at)
    for coding in await codings_of(session, case.id):
        await open_duties(session, desk, case, referral, coding.indicators, coding.coded_at)


async def take_route(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Take the automatic route where it may be taken; not before all is there that could speak against it.

    A decided case has the help that was decided on.
    """
    if case.status == CaseStatus.DECIDED:
        await offer_decided_help(session, desk, case)
        return
    if NEEDED_TO_ROUTE & case.unfinished.keys():
        if case.finish_at is not None:
            leave_unfinished(case, Unfinished.ROUTE, WhyUnfinished.PENDING)
        return
    verdict = await judge_again(session, desk, case, open_details(desk.vault, case) or {})
    await follow_verdict(session, desk, case, verdict)


async def tell_news(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Tell the workers of open cases about the child, and assess again those whose history this is."""
    later = await follow_links(session, desk, case)
    for case_id in later:
        await assess_again(session, desk, await find_case(session, case_id, lock=True), cause="earlier_case_known")


STEPS: Mapping[Unfinished, Callable[[AsyncSession, Desk, Case], Awaitable[None]]] = {
    Unfinished.ASSESSMENT: assess_case,
    Unfinished.DUTIES: open_case_duties,
    Unfinished.ROUTE: take_route,
    Unfinished.NEWS: tell_news,
}
"""What is left once the details are there and the people are looked for; each is called with the case's lock held."""


async def leave_failed(session: AsyncSession, case_id: UUID, step: Unfinished) -> None:
    """Say on the case that a step failed; it is tried again after a pause that grows."""
    case = await find_case(session, case_id, lock=True)
    case.finish_attempts += 1
    if case.unfinished.get(step) != WhyUnfinished.FAILED:
        leave_unfinished(case, step, WhyUnfinished.FAILED)
        await note(session, case, TRIAGE, f"case.{step}_failed")


async def ask_for_a_person(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Give each child the receipt of facts in error, so that a person can decide on a case that cannot be assessed."""
    is_assessed = await session.scalar(select(Child.case_id).where(Child.case_id == case.id).limit(1)) is not None
    referral = open_details(desk.vault, case)
    if is_assessed or referral is None:
        return
    receipt = assess(desk.policy, IN_ERROR).model_dump(mode="json")
    colour, verdict = case.priority, Verdict(case.council, [receipt for _ in referral["children"]], ())
    await record_verdict(session, desk, case, verdict, cause=OPENED)
    await correct_case_clocks(session, desk, case, colour)
