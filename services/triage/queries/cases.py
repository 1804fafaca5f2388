"""Cases as lists and pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import CaseStatus, DecisionState, highest
from services.triage.models import Assessment, Case, Child, Decision, NewInformation, Offer, Step
from services.triage.queries.casework import casework_of
from services.triage.queries.challenges import show_challenges
from services.triage.queries.clocks import clocks_of
from services.triage.queries.history import links_of
from services.triage.queries.information import requests_of
from services.triage.queries.links import show_history, show_matches
from services.triage.queries.records import records_of
from services.triage.schemas import (
    AssessmentOut,
    CaseItem,
    CaseOut,
    CasePage,
    ChildOut,
    Clocks,
    DecisionOut,
    OfferOut,
    StepOut,
)
from shared.http.reading import encode_cursor
from shared.problems import NotFound
from shared.vault import Vault

Place = tuple[datetime, UUID]
"""Time and id of the last item of the page before."""

MOST_CHANGES = 20

PLAIN = (
    "id",
    "referral_id",
    "reference",
    "kind",
    "status",
    "level",
    "priority",
    "council",
    "owner",
    "owner_issuer",
    "lease_until",
    "agency",
    "received_at",
    "acknowledged_at",
    "details_pending",
    "unfinished",
)


class Queue(StrEnum):
    UNASSIGNED = "unassigned"
    MINE = "mine"
    ALL = "all"
    ROUTED = "routed"
    DECIDED = "decided"
    NEW_INFORMATION = "new_information"


class Due(StrEnum):
    OVERDUE = "overdue"
    WITHIN_HOUR = "within_hour"
    TODAY = "today"
    LATER = "later"


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None leaves that out. `today_ends_at` is the end of the hub's day, in UTC."""

    queue: Queue
    owner: str
    today_ends_at: datetime
    level: int | None = None
    priority: str | None = None
    council: str | None = None
    due: Due | None = None


async def find_case(session: AsyncSession, case_id: UUID, *, lock: bool = False) -> Case:
    """Return the case, locked until the transaction ends where asked; raises `NotFound`."""
    case = await session.get(Case, case_id, with_for_update=lock, populate_existing=lock)
    if case is None:
        raise NotFound("There is no such case.")
    return case


async def list_cases(session: AsyncSession, wanted: Filter, limit: int, after: Place | None) -> CasePage:
    """Return a page of cases, those due first before the others."""
    query = narrowed(select(Case), wanted).order_by(Case.due_at, Case.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Case.due_at, Case.id) > after)
    cases = (await session.scalars(query)).all()
    last = cases[limit - 1] if len(cases) > limit else None
    return CasePage(
        items=await case_items(session, cases[:limit]),
        next_cursor=encode_cursor([last.due_at.isoformat(), last.id]) if last else None,
    )


_new_information = exists().where(NewInformation.case_id == Case.id, NewInformation.acknowledged_at.is_(None))


def narrowed(query: Select[Case], wanted: Filter) -> Select[Case]:
    match wanted.queue:
        case Queue.UNASSIGNED:
            query = query.where(Case.status == CaseStatus.UNASSIGNED)
        case Queue.MINE:
            query = query.where(Case.owner == wanted.owner)
        case Queue.ROUTED:
            query = query.where(Case.status == CaseStatus.ROUTED)
        case Queue.DECIDED:
            query = query.where(Case.status == CaseStatus.DECIDED)
        case Queue.NEW_INFORMATION:
            query = query.where(_new_information)
        case Queue.ALL:
            pass
    equal = {Case.level: wanted.level, Case.priority: wanted.priority, Case.council: wanted.council}
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    return query if wanted.due is None else query.where(_due(wanted.due, wanted.today_ends_at))


def _due(due: Due, today_ends_at: datetime) -> ColumnElement[bool]:
    now = func.clock_timestamp()
    at, hour = Case.due_at, now + timedelta(hours=1)
    return {
        Due.OVERDUE: at < now,
        Due.WITHIN_HOUR: and_(at >= now, at < hour),
        Due.TODAY: and_(at >= hour, at < today_ends_at),
        Due.LATER: and_(at >= hour, at >= today_ends_at),
    }[due]


async def case_items(session: AsyncSession, cases: Sequence[Case]) -> list[CaseItem]:
    """Return what lists show of these cases, in their order."""
    clocks = await clocks_of(session, cases)
    return [CaseItem(**_shown(case, clocks[case.id])) for case in cases]


def _shown(case: Case, clocks: Clocks) -> dict[str, Any]:
    return {name: getattr(case, name) for name in PLAIN} | {"clocks": clocks}


async def show_case(session: AsyncSession, vault: Vault, case: Case) -> CaseOut:
    """Return all that those see who work on the case; the caller records the read."""
    children = await records_of(session, Child, case.id, "child")
    offers = await records_of(session, Offer, case.id, "offered_at", "id")
    decisions = await records_of(session, Decision, case.id, "decided_at")
    assessments = await records_of(session, Assessment, case.id, "assessed_at", "child")
    steps = await records_of(session, Step, case.id, "at", "id")
    links = await links_of(session, case.id)
    return CaseOut(
        **_shown(case, (await clocks_of(session, [case]))[case.id]),
        receipt=highest([child.receipt for child in children]) if children else None,
        children=[_child(child) for child in children],
        referral=open_details(vault, case),
        matches=show_matches(case, links),
        history=await show_history(session, case, links),
        offers=[_offer(vault, offer) for offer in offers],
        information_requests=await requests_of(session, vault, case.id),
        decisions=[_decision(vault, decision) for decision in decisions],
        **await casework_of(session, vault, case.id),
        assessments=[AssessmentOut.model_validate(one, from_attributes=True) for one in assessments],
        challenges=await show_challenges(session, vault, case),
        timeline=[StepOut.model_validate(step, from_attributes=True) for step in steps],
    )


async def changes_since(session: AsyncSession, case: Case, version: int) -> list[StepOut]:
    """Return what was done to the case since it had this version, oldest first; every step makes a new version."""
    count = min(max(case.version - version, 1), MOST_CHANGES)
    query = select(Step).where(Step.case_id == case.id).order_by(Step.at.desc(), Step.id.desc()).limit(count)
    steps = (await session.scalars(query)).all()
    return [StepOut.model_validate(step, from_attributes=True) for step in reversed(steps)]


def _offer(vault: Vault, offer: Offer) -> OfferOut:
    plain = [name for name in OfferOut.model_fields if name != "reason"]
    sealed = vault.open(Offer.__tablename__, offer.id, offer.details) if offer.details is not None else {}
    return OfferOut(**{name: getattr(offer, name) for name in plain}, reason=sealed.get("reason"))


def open_details(vault: Vault, case: Case) -> dict[str, Any] | None:
    """Return the referral document that the case holds, or None while it is pending."""
    if case.details is None:
        return None
    document: dict[str, Any] = vault.open("cases", case.id, case.details)
    return document


def _child(child: Child) -> ChildOut:
    return ChildOut(
        child=child.child,
        level=child.decided_level or child.receipt["level"],
        priority=child.receipt["priority"],
        outcome=child.outcome,
        receipt=child.receipt,
    )


NARRATIVE = (
    "rationale",
    "feedback_to_referrer",
    "next_step",
    "override_reason",
    "strategy_discussion",
    "transfer",
    "reason",
)


def _decision(vault: Vault, decision: Decision) -> DecisionOut:
    sealed = vault.open("decisions", decision.id, decision.details)
    plain = ["id", "state", "automatic", "decided_by", "decided_at", "countersigned_by", "countersigned_at", "children"]
    return DecisionOut(
        **{name: getattr(decision, name) for name in plain}, **{name: sealed.get(name) for name in NARRATIVE}
    )


async def standing_decision(session: AsyncSession, case_id: UUID) -> Decision | None:
    """Return the decision that stands, or None before there is one and after it was set aside."""
    query = select(Decision).where(Decision.case_id == case_id, Decision.state == DecisionState.FINAL)
    return (await session.scalars(query.order_by(Decision.decided_at.desc()).limit(1))).first()
