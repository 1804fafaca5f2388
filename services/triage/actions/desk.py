"""What every action of triage decides with: the policy, the hub, the vault, and how they judge a referral."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import (
    PRIORITIES,
    CaseStatus,
    History,
    Unfinished,
    WhyUnfinished,
    council_of,
    facts_of,
    highest,
)
from services.triage.models import Case, Step
from services.triage.routing import Seeker, seeker_of
from services.triage.thresholds import ASSESSMENT_ERROR, Policy, assess
from shared import clock
from shared.audit import record_access
from shared.db import CHANGED, insert_rows
from shared.events import CaseFact, Event
from shared.outbox import emit
from shared.security import Caller
from shared.settings.hub import Hub
from shared.telemetry import log
from shared.vault import Vault

LEASE = timedelta(minutes=15)
TRIAGE = Caller("service-triage", "service-triage")
CASEWORK = "casework"

_insert_step = insert(Step.metadata.tables[Step.__tablename__])


@dataclass(frozen=True)
class Desk:
    """The partnership's policy, the hub, and the vault of this service."""

    policy: Policy
    hub: Hub
    vault: Vault


@dataclass(frozen=True)
class Verdict:
    """What the policy says of a referral: a receipt per child, as JSON, and what help each looks for."""

    council: str | None
    receipts: Sequence[Mapping[str, Any]]
    seekers: Sequence[Seeker]

    @property
    def may_route(self) -> bool:
        """Tell whether every child's receipt allows the automatic route."""
        return all(receipt["auto_route"] for receipt in self.receipts)


def judge(
    desk: Desk, referral: Mapping[str, Any], received_at: datetime, history: History, placed: Mapping[str, str]
) -> Verdict:
    """Assess every child of a referral document by the policy in force; `placed` are councils by postcode."""
    children = range(len(referral["children"]))
    councils = [council_of(referral, child, desk.hub.districts, placed) for child in children]
    facts = [facts_of(referral, child, received_at, history) for child in children]
    receipts = [assess(desk.policy, child_facts).model_dump(mode="json") for child_facts in facts]
    seekers = [seeker_of(referral, child, councils[child], receipts[child]) for child in children]
    return Verdict(next((council for council in councils if council), None), receipts, seekers)


def apply_verdict(case: Case, verdict: Verdict) -> None:
    """Show the highest child's level on the case, and the most urgent colour of any child, which is its queue place."""
    case.level, case.council = highest(verdict.receipts)["level"], verdict.council
    colours = [receipt["priority"] for receipt in verdict.receipts]
    # Once a person has set the colour, an assessment may raise it; only a person lowers it.
    set_priority(case, max([*colours, case.priority] if case.prioritised_by else colours, key=PRIORITIES.index))
    for receipt in verdict.receipts:
        if ASSESSMENT_ERROR in receipt["review_required"]:
            log.error("a rule or a fact is in error", case_id=str(case.id), rule=receipt["policy"]["id"])


def set_priority(case: Case, priority: str) -> None:
    case.priority = priority
    case.queue_rank = len(PRIORITIES) - 1 - PRIORITIES.index(priority)


def leave_unfinished(case: Case, step: Unfinished, why: WhyUnfinished) -> None:
    """Let the case stand without this step; triage's worker makes up for it, unless there is too much for good."""
    _set_unfinished(case, {**case.unfinished, step: why})


def finish(case: Case, *steps: Unfinished) -> None:
    _set_unfinished(case, {step: why for step, why in case.unfinished.items() if step not in steps})


def _set_unfinished(case: Case, steps: dict[str, str]) -> None:
    case.unfinished = steps
    if set(steps.values()) <= {WhyUnfinished.TOO_LARGE}:
        case.finish_at, case.finish_attempts = None, 0
    else:
        case.finish_at = case.finish_at or clock.now()


def put_on_queue(case: Case) -> None:
    case.status = CaseStatus.UNASSIGNED
    take_from_owner(case)


def take_from_owner(case: Case) -> None:
    case.owner = case.owner_issuer = case.lease_until = None


async def note(session: AsyncSession, case: Case, caller: Caller, what: str) -> None:
    """Write a line of the timeline and an audit row, and make this a new version of the case.

    Whatever its owner does starts the 15 minutes of the claim anew.
    """
    case.version = (case.version or 0) + 1
    if case.owner == caller.subject and case.status == CaseStatus.CLAIMED:
        await extend_lease(session, case)
    await mark(session, case, caller, what)


async def mark(session: AsyncSession, case: Case, caller: Caller, what: str) -> None:
    """Write a line of the timeline and an audit row of what leaves the case itself as it is."""
    session.info[CHANGED] = True
    await insert_rows(session, _insert_step, [{"case_id": case.id, "who": caller.subject, "what": what}])
    await record_access(session, caller, what, "case", [case.id], purpose=CASEWORK)


async def extend_lease(session: AsyncSession, case: Case) -> None:
    case.lease_until = await now(session) + LEASE


async def now(session: AsyncSession) -> datetime:
    """Return the database's time, which all processes share."""
    at: datetime = (await session.scalars(select(func.clock_timestamp()))).one()
    return at


async def tell(session: AsyncSession, case: Case, fact: type[CaseFact], detail_url: str, *audience: str,
               **said: Any) -> None:  # fmt: skip
    """Emit a fact about a case to these agencies."""
    pointer = fact(
        referral_id=case.referral_id, reference=case.reference, case_id=case.id, detail_url=detail_url, **said
    )
    urgency: Any = case.urgency
    await emit(session, Event(pointer, audience, council=case.council, urgency=urgency))
