"""From a referral submitted to a case on the queue, with a receipt for every child."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_or_leave, attempt_step
from services.triage.actions.clocks import correct_case_clocks, set_colour_clock, start_case_clocks
from services.triage.actions.desk import (
    TRIAGE,
    Desk,
    Verdict,
    apply_verdict,
    finish,
    judge,
    leave_unfinished,
    note,
    set_priority,
    tell,
)
from services.triage.actions.link_people import Linked, hold_linked, link_people, tell_workers
from services.triage.actions.parallel_routes import open_duties
from services.triage.actions.route_case import follow_verdict, withdraw_route
from services.triage.domain import CaseStatus, Unfinished, WhyUnfinished, is_large
from services.triage.matching import Allowance
from services.triage.models import Assessment, Case, Child
from services.triage.queries.cases import find_case, open_details
from services.triage.queries.directory import placed_postcodes
from services.triage.queries.history import history_of_case
from services.triage.queries.known_people import Profile, find_known, profile_of
from shared import clock
from shared.db import gathered, insert_rows, new_id
from shared.events import CaseOpened, Event, ReferralSubmitted
from shared.loop import give_way
from shared.telemetry import correlated
from shared.telemetry.traces import continued

_tables = Case.metadata.tables
_CASE = tuple(column.key for column in Case.__table__.columns if column.key != "opened_at")
_insert_case = insert(_tables[Case.__tablename__])
_insert_assessment = insert(_tables[Assessment.__tablename__])
_new_child = insert(_tables[Child.__tablename__])
_set_receipt = _new_child.on_conflict_do_update(
    index_elements=["case_id", "child"], set_={"receipt": _new_child.excluded.receipt}
)

OPENED = "opened"

Detail = Mapping[str, Any]
"""The answer of `GET /internal/referrals/{id}`."""


@dataclass(frozen=True)
class Opening:
    """A submitted referral, and its detail, or None where that could not be fetched in time."""

    event: Event
    detail: Detail | None


async def open_cases(session: AsyncSession, desk: Desk, openings: Sequence[Opening]) -> None:
    """Open one case for each, in order; contacts within the batch count for those after them.

    One of many people stands with its referral alone; triage's worker does the rest, so that no other waits for it.
    """
    profiles = await _profiles_of(desk, openings)
    known = await find_known(session, desk.vault, list(profiles.values()))
    referrals = [opening.detail["referral"] for opening in openings if opening.detail and opening.event.id in profiles]
    placed = await placed_postcodes(session, referrals) if referrals else {}
    cases: dict[UUID, Case] = {}
    linked: dict[UUID, Linked] = {}
    allowance = Allowance()
    async with gathered(session):
        for opening in openings:
            with correlated(opening.event.correlation_id), continued(opening.event.traceparent):
                case = cases[opening.event.id] = _new_case(opening.event)
                await tell(session, case, CaseOpened, f"/v1/cases/{case.id}", case.agency)
                await note(session, case, TRIAGE, "case.opened")
                if opening.detail is not None:
                    take_details(desk, case, opening.detail)
                    leave_what_is_large(case, opening.detail)
                if profile := profiles.get(opening.event.id):
                    linked[opening.event.id] = await link_people(session, case, profile, known, allowance)
                await give_way()
        await hold_linked(session, linked.values())
        for opening in openings:
            with correlated(opening.event.correlation_id), continued(opening.event.traceparent):
                case = cases[opening.event.id]
                if opening.detail is not None and opening.event.id in linked:
                    await _assess(session, desk, case, opening.detail, linked[opening.event.id], placed)
                await start_case_clocks(session, desk, case, case.received_at)
                await give_way()
        rows = [{name: getattr(case, name) for name in _CASE} for case in cases.values()]
        await session.execute(_insert_case, rows)
    if linked:
        await _follow_links(session, desk, linked.values())


async def _profiles_of(desk: Desk, openings: Sequence[Opening]) -> dict[UUID, Profile]:
    """Return by event the people of each referral that is not large."""
    profiles = {}
    for opening in openings:
        if opening.detail is not None and not is_large(opening.detail["referral"]):
            profiles[opening.event.id] = _profile(desk, opening.detail)
            await give_way()
    return profiles


def _profile(desk: Desk, detail: Detail) -> Profile:
    return profile_of(desk.vault, detail["referral"], datetime.fromisoformat(detail["received_at"]))


def leave_what_is_large(case: Case, detail: Detail) -> None:
    """Say what the case stands without: nothing, unless the referral is large."""
    if is_large(detail["referral"]):
        finish(case, Unfinished.DETAILS)
        leave_unfinished(case, Unfinished.PEOPLE, WhyUnfinished.LARGE)
    else:
        finish(case, *Unfinished)


def _new_case(event: Event) -> Case:
    submitted = event.fact
    if not isinstance(submitted, ReferralSubmitted):
        raise TypeError("a case opens from a submitted referral")
    case = Case(
        id=new_id(),
        referral_id=submitted.referral_id,
        reference=submitted.reference,
        agency=submitted.agency,
        kind=submitted.kind,
        status=CaseStatus.UNASSIGNED,
        urgency=event.urgency or "not_known",
        unfinished=dict.fromkeys(Unfinished, WhyUnfinished.PENDING),
        finish_at=clock.now(),
        finish_attempts=0,
        received_at=submitted.received_at,
        decision_due_at=submitted.decision_due_at,
        version=0,
    )
    set_priority(case, "amber" if event.urgency == "no" else "red")
    return case


async def complete_details(session: AsyncSession, desk: Desk, case: Case, detail: Detail) -> None:
    """Fill in a case that opened with details pending, or put its referral there alone. The caller holds its lock."""
    if not case.details_pending:
        return
    colour = case.priority
    take_details(desk, case, detail)
    leave_what_is_large(case, detail)
    if not is_large(detail["referral"]):
        profile = _profile(desk, detail)
        known = await find_known(session, desk.vault, [profile])
        placed = await placed_postcodes(session, [detail["referral"]])
        linked = await link_people(session, case, profile, known, Allowance())
        await hold_linked(session, [linked])
        await _assess(session, desk, case, detail, linked, placed)
        await correct_case_clocks(session, desk, case, colour)
        await _follow_links(session, desk, [linked])
    await note(session, case, TRIAGE, "case.details_completed")


async def _follow_links(session: AsyncSession, desk: Desk, linked: Collection[Linked]) -> None:
    """Tell the workers of open cases, and assess again those whose history turned out to be longer."""
    await tell_workers(session, desk, [news for one in linked for news in one.news])
    for case_id in sorted({case_id for one in linked for case_id in one.later}):
        await assess_again(session, desk, await find_case(session, case_id, lock=True), cause="earlier_case_known")


def take_details(desk: Desk, case: Case, detail: Detail) -> None:
    """Put the sealed referral on the case, with what is known by it alone."""
    referral = detail["referral"]
    needed_at = (referral.get("needed_by") or {}).get("at")
    case.details = desk.vault.seal("cases", case.id, referral)
    case.source = referral.get("source")
    case.needed_by = datetime.fromisoformat(needed_at) if needed_at else None


async def _assess(
    session: AsyncSession, desk: Desk, case: Case, detail: Detail, linked: Linked, placed: Mapping[str, str]
) -> None:
    """Assess every child for the first time, and route where that is allowed."""
    verdict = judge(desk, detail["referral"], case.received_at, linked.history, placed)
    await record_verdict(session, desk, case, verdict, cause=OPENED)
    await follow_verdict(session, desk, case, verdict)
    said = detail["referral"]["concern"].get("indicators") or ()
    await open_duties(session, desk, case, detail["referral"], said, case.received_at)


async def record_verdict(session: AsyncSession, desk: Desk, case: Case, verdict: Verdict, *, cause: str) -> None:
    """Make these the receipts that stand, and keep them beside the earlier ones; a new colour has a new clock."""
    colour = case.priority
    apply_verdict(case, verdict)
    if cause != OPENED and case.priority != colour:
        await set_colour_clock(session, desk, case)
    rows = [{"case_id": case.id, "child": child, "receipt": dict(r)} for child, r in enumerate(verdict.receipts)]
    await insert_rows(session, _insert_assessment, [{**row, "cause": cause} for row in rows])
    await insert_rows(session, _set_receipt, rows)


async def assess_again(session: AsyncSession, desk: Desk, case: Case, *, cause: str) -> None:
    """Assess an open case by what is known now, and take its route or take it back. The caller holds its lock.

    A case that is decided, or waits for a countersignature, keeps the receipts that were decided on.
    """
    referral = open_details(desk.vault, case)
    if referral is None or case.status in (CaseStatus.DECIDED, CaseStatus.AWAITING_COUNTERSIGNATURE):
        return

    async def assess() -> Verdict:
        verdict = await judge_again(session, desk, case, referral)
        await record_verdict(session, desk, case, verdict, cause=cause)
        await note(session, case, TRIAGE, "case.assessed_again")
        return verdict

    await follow_assessment(session, desk, case, assess)


async def follow_assessment(
    session: AsyncSession, desk: Desk, case: Case, assess: Callable[[], Awaitable[Verdict]]
) -> None:
    """Assess the case and follow the verdict; what fails is left to the worker, and whatever caused it stands.

    A case that could not be assessed is on no automatic route meanwhile.
    """
    verdicts: list[Verdict] = []

    async def keep() -> None:
        verdicts.append(await assess())

    if await attempt_or_leave(session, case, Unfinished.ASSESSMENT, keep):
        follow = partial(follow_verdict, session, desk, case, *verdicts)
        await attempt_or_leave(session, case, Unfinished.ROUTE, follow)
    else:
        leave_unfinished(case, Unfinished.ROUTE, WhyUnfinished.PENDING)
        await attempt_step(session, case, Unfinished.ROUTE, partial(withdraw_route, session, desk, case))


async def judge_again(session: AsyncSession, desk: Desk, case: Case, referral: Mapping[str, Any]) -> Verdict:
    """Assess the case with all that was coded since, and with what is known of its people."""
    history = await history_of_case(session, case)
    return judge(desk, referral, case.received_at, history, await placed_postcodes(session, [referral]))
