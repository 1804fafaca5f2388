"""A form of a case: who may fill it in, when it is offered, what it makes of the fields, and the action it calls."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk
from services.triage.models import Case
from services.triage.pages.form import Form
from services.triage.pages.page import Page
from services.triage.schemas import CaseOut
from shared.allowances import Allowance
from shared.http.validation import validated
from shared.problems import Problem
from shared.security import CASE_ROLES, Caller, Role

Document = dict[str, Any]
Act = Callable[[AsyncSession, Desk, Case, Caller, Form], Awaitable[Any]]
Offered = Callable[[CaseOut, Caller], bool]
Before = Callable[[Page], Awaitable[Mapping[str, Any]]]


def always(case: CaseOut, caller: Caller) -> bool:
    del case, caller
    return True


def is_open(case: CaseOut, caller: Caller) -> bool:
    del caller
    return case.status not in ("decided", "awaiting_countersignature")


async def nothing(page: Page) -> Mapping[str, Any]:
    del page
    return {}


@dataclass(frozen=True)
class CaseForm:
    """`slug` is its place below the case and the name of its template; `done` is said when it worked.

    `versioned` forms are refused where somebody changed the case since the page was read. `short` ones have no page of
    their own: a button on the case sends them. The case is `locked` before the action, unless that locks more than one.
    `main` ones stand first; `before` reads what the form needs before its transaction begins. `allowance` is what
    it costs, where that is no change's.
    """

    slug: str
    title: str
    done: str
    act: Act
    roles: tuple[Role, ...] = CASE_ROLES
    offered: Offered = is_open
    versioned: bool = True
    short: bool = False
    locked: bool = True
    main: bool = False
    before: Before = nothing
    allowance: Allowance | None = None

    def may(self, case: CaseOut, caller: Caller) -> bool:
        return bool(caller.roles & set(self.roles)) and self.offered(case, caller)


def acting(schema: type[BaseModel], read: Callable[[Form], Document], action: Callable[..., Awaitable[Any]]) -> Act:
    """Return what carries a form out by an action that takes `(session, desk, case, caller, given)`."""

    async def act(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> Any:
        return await action(session, desk, case, caller, validated(schema, read(form)))

    return act


def anchor(pointer: str) -> str:
    """Return the id of the field that a JSON pointer means: `/children/0/outcome` is `children-0-outcome`."""
    return pointer.strip("/").replace("/", "-")


def errors_of(problem: Problem | None) -> dict[str, str]:
    """Return what is wrong by the id of the field, in the order in which it was found."""
    return {anchor(error.pointer): error.detail for error in problem.errors} if problem else {}


def at_hub(typed: str | None, zone: ZoneInfo) -> str | None:
    """Return the moment that a field for date and time means at the hub; what is none stays, for the schema."""
    if typed is None:
        return None
    try:
        return moment_at_hub(typed, zone)
    except ValueError:
        return typed


def moment_at_hub(typed: str, zone: ZoneInfo) -> str:
    """Return a day and time as the hub's, unless it has an offset of its own; raises `ValueError` for what is none."""
    at = datetime.fromisoformat(typed)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()
