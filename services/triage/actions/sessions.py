"""Staff sign in and out of the pages; a session ends by itself after 15 idle minutes, or 10 hours."""

import hashlib
import secrets
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain.staff import IDLE, LONGEST, AgencyNotReferring, PersonHasLeft, SignInRefused
from services.triage.models import StaffMember, StaffSession
from shared.security import FRONT_DOOR, GUEST_ROLE, Caller, Role
from shared.settings.hub import Hub

TOUCH_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Person:
    """Somebody as an issuer names them; `agency` is the slug of a referrer's own, `front-door` for staff."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]
    agency: str = FRONT_DOOR


@dataclass(frozen=True)
class SignedIn:
    """Who holds a session: the caller of every action, the name that pages show, and the queue they looked at last."""

    caller: Caller
    name: str
    queue_asked: str


def staff_of(hub: Hub, issuer: str) -> list[Person]:
    """Return the staff whom the hub's data names; `issuer` is that of those of whom it names none."""
    return [Person(one.issuer or issuer, one.sub, one.name, roles_in(list(one.roles))) for one in hub.staff]


def roles_in(claim: object) -> frozenset[Role]:
    """Return the roles that a claim names, which may be a list or one text; others are passed over."""
    named: Iterable[object] = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    ours = set(Role)
    return frozenset(Role(one) for one in named if isinstance(one, str) and one in ours)


def agency_of(roles: frozenset[Role], named: object) -> str:
    """Return the agency of somebody with these roles, whose account names this one.

    Raises `AgencyNotReferring` for a referrer without one, and `SignInRefused` for one who is staff too: nobody reads
    cases and refers for a partner in one session.
    """
    if GUEST_ROLE not in roles:
        return FRONT_DOOR
    if len(roles) > 1:
        raise SignInRefused("This account is a partner's and staff's at once. Ask an administrator to take one away.")
    if not isinstance(named, str) or not named or named == FRONT_DOOR:
        raise AgencyNotReferring("Your account names no agency. Ask who keeps the accounts to add it.")
    return named


def check_refers(agency: str, referring: Container[str]) -> None:
    """Raise `AgencyNotReferring` where the agency is none of those that may refer."""
    if agency not in referring:
        raise AgencyNotReferring(
            "The agency that your account names is not known here, or may not refer at present. Ask the front door."
        )


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def sign_in(session: AsyncSession, person: Person) -> str:
    """Start a session and return its secret, for the cookie alone. Raises `SignInRefused` for a subject of another."""
    row = insert(StaffMember).values(
        subject=person.subject,
        issuer=person.issuer,
        name=person.name,
        roles=sorted(person.roles),
        agency=person.agency,
    )
    kept = row.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            **{name: row.excluded[name] for name in ("name", "roles", "agency")},
            "signed_in_at": func.clock_timestamp(),
        },
        where=StaffMember.issuer == row.excluded.issuer,
    )
    entered = (await session.execute(kept.returning(StaffMember.left_at))).first()
    if entered is None:
        raise SignInRefused("Another identity provider has signed in somebody of this name. Ask an administrator.")
    if entered.left_at is not None:
        raise PersonHasLeft("Ask an administrator.")
    secret = secrets.token_urlsafe(32)
    session.add(StaffSession(digest=digest_of(secret), subject=person.subject))
    return secret


_held = (
    select(
        StaffSession.seen_at,
        StaffSession.started_at,
        StaffSession.queue_asked,
        StaffMember.subject,
        StaffMember.issuer,
        StaffMember.name,
        StaffMember.roles,
        StaffMember.agency,
        func.clock_timestamp().label("now"),
    )
    .join(StaffMember, StaffMember.subject == StaffSession.subject)
    .where(StaffSession.digest == bindparam("digest"), StaffMember.left_at.is_(None))
)


async def find_session(session: AsyncSession, secret: str, *, active: bool) -> SignedIn | None:
    """Return who holds this session, None where it is over; `active` use starts the idle minutes anew."""
    digest = digest_of(secret)
    held = (await session.execute(_held, {"digest": digest})).one_or_none()
    if held is None or held.seen_at < held.now - IDLE or held.started_at < held.now - LONGEST:
        return None
    if active and held.seen_at < held.now - TOUCH_AFTER:
        touched = update(StaffSession).where(StaffSession.digest == digest)
        await session.execute(touched.values(seen_at=held.now))
    roles = frozenset(Role(role) for role in held.roles)
    return SignedIn(Caller(held.subject, held.agency, roles=roles, issuer=held.issuer), held.name, held.queue_asked)


async def remember_queue(session: AsyncSession, secret: str, asked: str) -> None:
    """Keep the address of the queue that this session looks at, until it ends."""
    await session.execute(
        update(StaffSession).where(StaffSession.digest == digest_of(secret)).values(queue_asked=asked)
    )


async def sign_out(session: AsyncSession, secret: str) -> None:
    await session.execute(delete(StaffSession).where(StaffSession.digest == digest_of(secret)))


async def sign_out_everywhere(session: AsyncSession, subject: str) -> None:
    await session.execute(delete(StaffSession).where(StaffSession.subject == subject))


async def forget_sessions(session: AsyncSession) -> None:
    """Delete the sessions that are over."""
    now = func.clock_timestamp()
    over = or_(StaffSession.seen_at < now - IDLE, StaffSession.started_at < now - LONGEST)
    await session.execute(delete(StaffSession).where(over))
