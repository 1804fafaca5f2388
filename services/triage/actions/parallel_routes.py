"""Duties that run beside the decision, such as the LADO's: a person opens one, or what was said calls for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import end_clocks, start_clock
from services.triage.actions.colleagues import check_owner
from services.triage.actions.desk import TRIAGE, Desk, note, now
from services.triage.clocks import ClockKind
from services.triage.domain import ParallelRouteCompleted, duties_of
from services.triage.models import Case, Child, ParallelRoute
from services.triage.queries.casework import part_of_case
from services.triage.schemas import CompletionIn, ParallelRouteIn
from shared.calendar import term_ends_at
from shared.db import insert_rows, new_id
from shared.problems import FieldError, Invalid
from shared.security import Caller

_insert = insert(ParallelRoute.metadata.tables[ParallelRoute.__tablename__])


async def open_parallel_route(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: ParallelRouteIn
) -> None:
    """Open a route with its owner, due when the hub's term ends unless a time is given. The caller holds the lock."""
    children = await session.scalar(select(func.count()).select_from(Child).where(Child.case_id == case.id))
    if given.child is not None and not case.details_pending and given.child >= (children or 0):
        error = FieldError("/child", "There is no such child. Count from 0.")
        raise Invalid("Correct the fields named.", errors=(error,))
    await check_owner(session, desk, given.owner)
    opened_at = await now(session)
    values = {
        "route": given.route,
        "child": given.child,
        "owner": given.owner,
        "due_at": given.due_at or _due_at(desk, given.route, opened_at),
    }
    await _open(session, desk, case, caller, opened_at, values, given.reason)


async def open_duties(
    session: AsyncSession, desk: Desk, case: Case, referral: Mapping[str, Any], indicators: Sequence[Mapping[str, Any]],
    since: datetime,
) -> None:  # fmt: skip
    """Open the routes that a referral, and these indicators, call for by themselves, each once for a child."""
    called_for = {name: duty.indicators for name, duty in desk.hub.parallel_routes.items()}
    duties = duties_of(indicators, referral.get("household") or (), called_for)
    if not duties:
        return
    query = select(ParallelRoute.route, ParallelRoute.child).where(ParallelRoute.case_id == case.id)
    opened = {(route, child) for route, child in (await session.execute(query)).all()}
    for route, child in sorted(duties - opened, key=str):
        owner = desk.hub.parallel_routes[route].owner
        values = {"route": route, "child": child, "owner": owner, "due_at": _due_at(desk, route, since)}
        await _open(session, desk, case, TRIAGE, since, values, None)


def _due_at(desk: Desk, route: Any, since: datetime) -> datetime:
    return term_ends_at(since, desk.hub.clocks.parallel_routes[route], desk.hub)


async def _open(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, since: datetime, values: Mapping[str, Any],
    reason: str | None,
) -> None:  # fmt: skip
    row_id = new_id()
    sealed = desk.vault.seal(ParallelRoute.__tablename__, row_id, {"reason": reason})
    row = {**values, "id": row_id, "case_id": case.id, "opened_by": caller.subject, "details": sealed}
    await insert_rows(session, _insert, [row])
    await start_clock(session, desk, case, ClockKind.PARALLEL_ROUTE, since, values["due_at"], about=row_id)
    await note(session, case, caller, f"parallel_route.opened.{values['route']}")


async def complete_parallel_route(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, route_id: UUID, given: CompletionIn
) -> None:
    """Record that the duty is done, and end its clock. The caller holds the case's lock."""
    row = await part_of_case(session, ParallelRoute, case.id, route_id)
    if row.completed_at is not None:
        raise ParallelRouteCompleted("Open another where there is more to do.")
    opened = desk.vault.open(ParallelRoute.__tablename__, row.id, row.details)
    row.details = desk.vault.seal(ParallelRoute.__tablename__, row.id, {**opened, "result": given.result})
    row.completed_by, row.completed_at = caller.subject, await now(session)
    await end_clocks(session, case, ClockKind.PARALLEL_ROUTE, about=row.id)
    await note(session, case, caller, f"parallel_route.completed.{row.route}")
