"""A person decides, confirms an automatic route, or countersigns. Nothing here decides by itself."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_or_leave
from services.triage.actions.clocks import end_case_clocks
from services.triage.actions.desk import Desk, note, put_on_queue, tell
from services.triage.actions.information import withdraw_requests
from services.triage.actions.offers import (
    find_services,
    levels_helped,
    make_offer,
    take_back_unstarted,
    withdraw_offers,
)
from services.triage.domain import (
    LEVEL_OF_HELP,
    CaseAlreadyDecided,
    CaseNotRouted,
    CaseStatus,
    CountersignatureAwaited,
    CountersignatureNotAwaited,
    CountersignerMustDiffer,
    DecisionState,
    DetailsPending,
    Outcome,
    Unfinished,
    check_decision,
)
from services.triage.models import Case, Child, Decision
from services.triage.schemas import CountersignatureIn, DecisionIn, ReasonIn
from shared.db import new_id
from shared.events import CaseDecided
from shared.security import Caller, Policy, Relation, Role, may

COUNTERSIGNERS = Policy(roles=frozenset({Role.MANAGER}))


async def decide_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, decision: DecisionIn) -> bool:
    """Record the decision; returns whether it stands, or waits for another manager's countersignature.

    The caller holds the case's lock. Raises `Invalid` naming what the decision lacks.
    """
    _check_open(case)
    children = await _children(session, case)
    said = decision.model_dump(mode="json")
    needs_countersignature = check_decision(
        [child.receipt for child in children],
        said["children"],
        override_reason=decision.override_reason,
        strategy_discussion=said["strategy_discussion"],
        transfer=said["transfer"],
    )
    state = DecisionState.AWAITING if needs_countersignature else DecisionState.FINAL
    row = _decision(desk, case, caller, state, said["children"], said)
    session.add(row)
    if needs_countersignature:
        case.status = CaseStatus.AWAITING_COUNTERSIGNATURE
        await note(session, case, caller, "decision.awaits_countersignature")
        return False
    await _decide_for(session, desk, case, children, row.children)
    await _conclude(session, case)
    await note(session, case, caller, "case.decided")
    return True


def _check_open(case: Case) -> None:
    match CaseStatus(case.status):
        case CaseStatus.DECIDED:
            raise CaseAlreadyDecided("Read the decision that stands.")
        case CaseStatus.AWAITING_COUNTERSIGNATURE:
            raise CountersignatureAwaited("Another manager countersigns first, or refuses.")
        case _ if case.details_pending:
            raise DetailsPending("The referral is being fetched. Act by telephone where you must; decide in a moment.")
        case _:
            pass


async def confirm_route(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: ReasonIn) -> None:
    """Make the automatic route a person's decision, with the hub's feedback for it."""
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Read the decision that stands.")
    if case.status != CaseStatus.ROUTED:
        raise CaseNotRouted("Only an automatic route is confirmed; decide this case.")
    children = await _children(session, case)
    decided = [
        {"child": child.child, "level": child.receipt["level"], "outcome": child.receipt["route"]} for child in children
    ]
    feedback, next_step = (texts.get(decided[0]["outcome"]) for texts in (desk.hub.feedback, desk.hub.next_step))
    if feedback is None or next_step is None:
        raise CaseNotRouted("The hub no longer says what the referrer reads for this route. Decide this case.")
    said = {"feedback_to_referrer": feedback, "next_step": next_step, "reason": given.reason}
    row = _decision(desk, case, caller, DecisionState.FINAL, decided, said, automatic=True)
    session.add(row)
    _write_outcomes(case, children, decided)
    await _conclude(session, case)
    await note(session, case, caller, "route.confirmed")


async def countersign_decision(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: CountersignatureIn
) -> None:
    """Let another manager's agreement make the decision stand, or their refusal send the case back to work."""
    if case.status != CaseStatus.AWAITING_COUNTERSIGNATURE:
        raise CountersignatureNotAwaited("There is no decision that waits for a countersignature.")
    row = (
        await session.scalars(
            select(Decision).where(Decision.case_id == case.id, Decision.state == DecisionState.AWAITING)
        )
    ).one()
    if not may(caller, COUNTERSIGNERS, Relation(conflicted=frozenset({row.decided_by}))):
        raise CountersignerMustDiffer("Another manager has to countersign.")
    sealed = desk.vault.open("decisions", row.id, row.details)
    row.details = desk.vault.seal("decisions", row.id, {**sealed, "reason": given.reason})
    row.countersigned_by, row.countersigned_at = caller.subject, await session.scalar(select(func.clock_timestamp()))
    if given.agree:
        row.state = DecisionState.FINAL
        await _decide_for(session, desk, case, await _children(session, case), row.children)
        await _conclude(session, case)
        await note(session, case, caller, "case.decided")
    else:
        row.state = DecisionState.REFUSED
        put_on_queue(case)
        await note(session, case, caller, "countersignature.refused")


async def _children(session: AsyncSession, case: Case) -> Sequence[Child]:
    return (await session.scalars(select(Child).where(Child.case_id == case.id).order_by(Child.child))).all()


def _decision(
    desk: Desk,
    case: Case,
    caller: Caller,
    state: DecisionState,
    children: list[Any],
    said: Mapping[str, Any],
    *,
    automatic: bool = False,
) -> Decision:
    """Return the row, with everything that is narrative sealed."""
    row_id = new_id()
    sealed = {name: value for name, value in said.items() if name != "children"}
    return Decision(
        id=row_id,
        case_id=case.id,
        state=state,
        automatic=automatic,
        decided_by=caller.subject,
        children=children,
        details=desk.vault.seal("decisions", row_id, sealed),
    )


async def _decide_for(
    session: AsyncSession, desk: Desk, case: Case, children: Sequence[Child], decided: Sequence[Mapping[str, Any]]
) -> None:
    """Write what is decided, and offer the help of it; the decision stands where none can be looked for now."""
    _write_outcomes(case, children, decided)
    await attempt_or_leave(session, case, Unfinished.ROUTE, partial(offer_decided_help, session, desk, case))


def _write_outcomes(case: Case, children: Sequence[Child], decided: Sequence[Mapping[str, Any]]) -> None:
    by_child = {one["child"]: one for one in decided}
    for child in children:
        child.outcome = by_child[child.child]["outcome"]
        child.decided_level = by_child[child.child]["level"]
    case.decided_level = max(one["level"] for one in decided)


async def _conclude(session: AsyncSession, case: Case) -> None:
    """Close the case, end what waited for it, tell the submitter."""
    case.status = CaseStatus.DECIDED
    case.decided_at = await session.scalar(select(func.clock_timestamp()))
    case.lease_until = None
    await end_case_clocks(session, case)
    await withdraw_requests(session, case)
    await tell(session, case, CaseDecided, f"/internal/cases/{case.id}/feedback", case.agency)


async def offer_decided_help(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Take back offers to children who are to have no early help, and offer it to those who are and have none.

    Help that was accepted and not started in its time is none.
    """
    await take_back_unstarted(session, desk, case)
    children = await _children(session, case)
    levels = {child.child: LEVEL_OF_HELP.get(Outcome(child.outcome)) for child in children if child.outcome}
    helped = await levels_helped(session, case)
    await withdraw_offers(session, desk, case, [child for child, level in levels.items() if helped.get(child) != level])
    wanted = {child: level for child, level in levels.items() if level is not None and helped.get(child) != level}
    for choice in await find_services(session, desk, case, wanted):
        await make_offer(session, desk, case, choice)
