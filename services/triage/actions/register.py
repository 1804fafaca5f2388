"""The register of people: they enter it by the hub's data, by signing in or by a good token, and leave it.

What lies with somebody who is not in it, or works on cases no more, goes back to where others find it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.triage.actions.attempt_step import attempt_step
from services.triage.actions.claim_case import RETURNED, return_case
from services.triage.actions.desk import TRIAGE, note
from services.triage.actions.sessions import Person, sign_out_everywhere
from services.triage.domain.staff import AccountUnknown, PersonHasLeft, who_is_meant
from services.triage.models import Case, Draft, ParallelRoute, StaffMember
from services.triage.queries.staff import is_colleague, people, works_on_cases
from shared.problems import BadRequest, Unauthorized
from shared.security import FRONT_DOOR, GUEST_ROLE, Caller, Role
from shared.settings.hub import Hub

LONGEST = 200
"""Characters of an account, as where cases are given to it."""

MOST_AT_ONCE = 100


def _with_nobody(owner: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    return ~select(StaffMember.subject).where(StaffMember.subject == owner, is_colleague).exists()


_stray_cases = (
    select(Case)
    .where(Case.owner.is_not(None), Case.status != literal_column("'decided'"), _with_nobody(Case.owner))
    .order_by(Case.id)
    .limit(MOST_AT_ONCE)
    .with_for_update(of=Case, skip_locked=True)
)
_stray_routes = (
    select(ParallelRoute, Case)
    .join(Case, Case.id == ParallelRoute.case_id)
    .where(ParallelRoute.completed_at.is_(None), _with_nobody(ParallelRoute.owner))
    .order_by(ParallelRoute.id)
    .limit(MOST_AT_ONCE)
    .with_for_update(of=Case, skip_locked=True)
)


async def enter_people(session: AsyncSession, persons: Iterable[Person]) -> None:
    """Add those whom the register has never had; of all others no more than the issuer is taken over."""
    rows = {
        one.subject: {
            "subject": one.subject,
            "issuer": one.issuer,
            "name": one.name,
            "roles": sorted(one.roles),
            "agency": one.agency,
        }
        for one in persons
    }
    if rows:
        row = insert(StaffMember).values(list(rows.values()))
        await session.execute(
            row.on_conflict_do_update(index_elements=["subject"], set_={"issuer": row.excluded.issuer})
        )


async def name_issuer(session: AsyncSession, issuer: str) -> None:
    """Take owners of whom no row says whose account it is for this issuer's."""
    nameless = update(Case).where(Case.owner.is_not(None), Case.owner_issuer.is_(None))
    await session.execute(nameless.values(owner_issuer=issuer))


async def admit_caller(session: AsyncSession, caller: Caller) -> bool:
    """Enter a member of staff with the roles of their token; returns whether they work on cases no more.

    Raises `PersonHasLeft`, and `Unauthorized` for somebody of another issuer: an account is one person's here.
    """
    member = await session.get(StaffMember, caller.subject)
    if member is None:
        await enter_people(session, [Person(caller.issuer, caller.subject, caller.subject, caller.roles)])
        return False
    if member.issuer != caller.issuer:
        raise Unauthorized("Somebody of another identity provider has this account here. Ask an administrator.")
    if member.left_at is not None:
        raise PersonHasLeft("Ask an administrator.")
    was_colleague = works_on_cases(member)
    if set(member.roles) != caller.roles:
        member.roles = sorted(caller.roles)
    return was_colleague and not works_on_cases(member)


async def take_roles(session: AsyncSession, person: Person) -> None:
    """Leave somebody whose provider gives them no role any more without a role and without a session."""
    mine = StaffMember.subject == person.subject, StaffMember.issuer == person.issuer
    stripping = update(StaffMember).where(*mine).values(roles=[]).returning(StaffMember.subject)
    if (await session.execute(stripping)).first() is not None:
        await sign_out_everywhere(session, person.subject)


async def leave_register(session: AsyncSession, subject: str) -> None:
    """Take a person out of the register, and end their sessions and drafts; `return_work` follows once committed.

    Nobody locks a case here: who assigns one locks the case first and the person then.
    """
    leaving = update(StaffMember).where(StaffMember.subject == subject)
    leaving = leaving.values(left_at=func.coalesce(StaffMember.left_at, func.clock_timestamp()))
    if (await session.execute(leaving.returning(StaffMember.subject))).first() is None:
        names = {one.subject: one.name for one in await people(session)}
        raise AccountUnknown(f"See `frontdoor staff list`.{who_is_meant(subject, names)}")
    await sign_out_everywhere(session, subject)
    await session.execute(delete(Draft).where(Draft.subject == subject))


async def add_person(
    session: AsyncSession,
    subject: str,
    *,
    issuer: str | None = None,
    name: str | None = None,
    roles: Collection[str] = (),
) -> None:
    """Take somebody in, or back, with what is known of them; what is not given stays as it was.

    Raises `AccountUnknown` for somebody new without an issuer or a role, `BadRequest` for what no provider can say.
    """
    _check_description(subject, issuer, name, roles)
    member = await session.get(StaffMember, subject, with_for_update=True)
    if member is None:
        if issuer is None or not roles:
            raise AccountUnknown("Give issuer and roles of somebody who was never here.")
        member = StaffMember(subject=subject, issuer=issuer, name=subject, roles=[], agency=FRONT_DOOR)
        session.add(member)
    member.left_at = None
    member.issuer, member.name, member.roles = (
        issuer or member.issuer,
        name or member.name,
        sorted(roles) or member.roles,
    )


def _check_description(subject: str, issuer: str | None, name: str | None, roles: Collection[str]) -> None:
    for what, text in (("account", subject), ("name", name), ("issuer", issuer)):
        if text is not None and (not text or not text.isprintable() or text != text.strip() or len(text) > LONGEST):
            raise BadRequest(f"Give the {what} in one line of at most {LONGEST} characters.")
    if issuer is not None and not issuer.startswith(("https://", "http://")):
        raise BadRequest("Give the issuer as the provider's tokens name it, such as https://login.example.")
    if set(roles) - (set(Role) - {GUEST_ROLE}):
        raise BadRequest(f"Give roles of staff: {', '.join(sorted(set(Role) - {GUEST_ROLE}))}.")


async def return_work(session: AsyncSession) -> int:
    """Give open cases that nobody of the register has back to the queue, at most 100; returns how many."""
    cases = (await session.scalars(_stray_cases)).all()
    return sum([await return_case(session, case, "case.owner_left") for case in cases])


async def return_duties(session: AsyncSession, hub: Hub) -> int:
    """Give parallel routes that nobody of the register sees to, to those of the hub, at most 100; returns how many."""
    query = _stray_routes.where(ParallelRoute.owner.not_in(sorted(hub.duty_owners)))
    strays = (await session.execute(query)).all()
    return sum([await _return_duty(session, hub, route, case) for route, case in strays])


async def _return_duty(session: AsyncSession, hub: Hub, route: ParallelRoute, case: Case) -> bool:
    name: Any = route.route

    async def give() -> None:
        route.owner = hub.parallel_routes[name].owner
        await note(session, case, TRIAGE, f"parallel_route.owner_left.{name}")

    return await attempt_step(session, case, RETURNED, give)
