"""Who may do what: one pure function that every route and every rule about a person asks."""

from dataclasses import dataclass, field
from enum import StrEnum

FRONT_DOOR = "front-door"
"""The agency slug under which staff record calls and the public's contacts."""

INTERNAL = "internal:"
"""What every scope begins with that services alone have."""


class Role(StrEnum):
    SCREENER = "screener"
    SOCIAL_WORKER = "social_worker"
    MANAGER = "manager"
    OUT_OF_HOURS = "out_of_hours"
    AUDITOR = "auditor"
    ADMIN = "admin"
    REFERRER = "referrer"


GUEST_ROLE = Role.REFERRER
"""Held by people of partner agencies, on the pages for referring alone; whoever holds it holds nothing else."""

STAFF_ROLES = tuple(role for role in Role if role is not GUEST_ROLE)
CASE_ROLES = (Role.SCREENER, Role.SOCIAL_WORKER, Role.MANAGER, Role.OUT_OF_HOURS)


class Purpose(StrEnum):
    """Why a member of staff says that they look at a record, where the route alone does not tell."""

    CASEWORK = "casework"
    SUPERVISION = "supervision"
    QUALITY_AUDIT = "quality_audit"
    COMPLAINT = "complaint"
    COURT = "court"
    SUBJECT_ACCESS = "subject_access"
    REVIEW_OF_HARM = "review_of_harm"


@dataclass(frozen=True)
class Caller:
    """A verified caller: an agency, one of its people, a service or a member of staff.

    `agency` is a slug, `front-door` for staff.
    `purpose` is what a member of staff named for this request; None leaves it to the route. `issuer` is who says that a
    member of staff is this one.
    """

    subject: str
    agency: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    purpose: Purpose | None = None
    issuer: str = field(default="", compare=False)

    @property
    def is_staff(self) -> bool:
        return not self.roles.isdisjoint(STAFF_ROLES)

    @property
    def is_service(self) -> bool:
        """Tell whether a service of the front door calls: nobody else is ever given such a scope."""
        return any(scope.startswith(INTERNAL) for scope in self.scopes)

    @property
    def role_shown(self) -> str:
        """What the audit row says: the roles, or `partner`."""
        return " ".join(sorted(self.roles)) if self.roles else "partner"


@dataclass(frozen=True)
class Policy:
    """Whom a route is for: partners with the scope, staff with one of the roles, or whoever has a good token.

    `public` is the reason why nobody has to prove who they are; it goes with nothing else.
    """

    scope: str | None = None
    roles: frozenset[Role] = frozenset()
    anybody: bool = False
    public: str = ""


@dataclass(frozen=True)
class Relation:
    """What a caller is to one record, as the service that keeps it knows.

    `agencies` are those that the record belongs or is addressed to, None for every one; `conflicted` are people who
    may not judge it, since they would judge themselves; `sealed` records open to those in `granted` alone.
    """

    agencies: frozenset[str] | None = None
    conflicted: frozenset[str] = frozenset()
    sealed: bool = False
    granted: frozenset[str] = frozenset()


NO_RECORD = Relation()


def may(caller: Caller | None, policy: Policy, relation: Relation = NO_RECORD) -> bool:
    """Tell whether the caller (None: nobody proven) has the role, the agency, no conflict, and a way past the seal."""
    if caller is None or policy.public:
        return bool(policy.public)
    return (
        _has_role(caller, policy)
        and (relation.agencies is None or caller.agency in relation.agencies)
        and caller.subject not in relation.conflicted
        and (not relation.sealed or caller.subject in relation.granted)
    )


def _has_role(caller: Caller, policy: Policy) -> bool:
    return policy.anybody or policy.scope in caller.scopes or bool(caller.roles & policy.roles)
