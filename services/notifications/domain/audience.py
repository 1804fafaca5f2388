"""Which agency sees which event, and what it is shown: a status and a path, never an outcome; for actions."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

PREFIX = "uk.frontdoor."


class Role(StrEnum):
    """What an agency of an event's audience is to its subject."""

    SUBMITTER = "submitter"
    PROVIDER = "provider"
    ASKED = "asked"
    OWNER = "owner"


UNCHANGED = ""
"""Shown instead: the status that the agency was shown last."""

SIGHT: Mapping[str, Mapping[Role, str]] = {
    PREFIX + "referral.submitted.v1": {Role.SUBMITTER: "received"},
    PREFIX + "referral.information_added.v1": {Role.SUBMITTER: UNCHANGED},
    PREFIX + "referral.withdrawn.v1": {Role.SUBMITTER: "withdrawn"},
    PREFIX + "case.opened.v1": {Role.SUBMITTER: "in_triage"},
    PREFIX + "case.acknowledged.v1": {Role.SUBMITTER: UNCHANGED},
    PREFIX + "case.advice_given.v1": {Role.SUBMITTER: UNCHANGED},
    PREFIX + "case.prioritised.v1": {Role.SUBMITTER: UNCHANGED},
    PREFIX + "case.routed.v1": {Role.SUBMITTER: "in_triage"},
    PREFIX + "case.decided.v1": {Role.SUBMITTER: "decided"},
    PREFIX + "case.reopened.v1": {Role.SUBMITTER: "in_triage"},
    PREFIX + "case.overdue.v1": {},
    PREFIX + "information.requested.v1": {Role.ASKED: "asked", Role.SUBMITTER: "information_requested"},
    PREFIX + "information.answered.v1": {Role.ASKED: "answered", Role.SUBMITTER: "in_triage"},
    PREFIX + "information.overdue.v1": {Role.ASKED: "overdue"},
    PREFIX + "early_help.offered.v1": {Role.PROVIDER: "offered"},
    PREFIX + "early_help.accepted.v1": {Role.PROVIDER: "accepted", Role.SUBMITTER: UNCHANGED},
    PREFIX + "early_help.started.v1": {Role.PROVIDER: "started", Role.SUBMITTER: UNCHANGED},
    PREFIX + "early_help.declined.v1": {Role.PROVIDER: "declined"},
    PREFIX + "early_help.bounced.v1": {Role.PROVIDER: "bounced"},
    PREFIX + "early_help.stepped_up.v1": {Role.PROVIDER: "stepped_up"},
    PREFIX + "early_help.closed.v1": {Role.PROVIDER: "closed", Role.SUBMITTER: UNCHANGED},
    PREFIX + "endpoint.disabled.v1": {Role.OWNER: "disabled"},
}
"""Event type -> who of its audience sees it, and as which status: the referral's, the offer's, the endpoint's."""

FEED_ONLY = frozenset({PREFIX + "endpoint.disabled.v1"})
"""What no webhook carries: an endpoint that is disabled can't be told so."""

WEBHOOK_TYPES = tuple(event_type for event_type, seen in SIGHT.items() if seen and event_type not in FEED_ONLY)

ADDRESSEES = {Role.PROVIDER: "early-help-offers", Role.ASKED: "information-requests"}
"""Roles of an agency to which a record of its own is addressed, and the collection that holds it."""

_FIRST_KNOWN_STATUS = "in_triage"
_WAIT_SECONDS = 10


def role_of(event_type: str, agency: str, addressee: str | None) -> Role | None:
    """Return what `agency`, of the audience, is to the event; None where it may not see one of this type.

    An agency that is both submitter and addressee sees what is addressed to it.
    """
    roles = SIGHT.get(event_type, {})
    if Role.OWNER in roles:
        return Role.OWNER
    addressed = next((role for role in ADDRESSEES if role in roles and agency == addressee), None)
    return addressed or (Role.SUBMITTER if Role.SUBMITTER in roles else None)


def status_shown(event_type: str, role: Role, shown_last: str | None, *, is_reminder: bool = False) -> str:
    """Return the status to show; a reminder of what is still to come shows that of a request as it was made."""
    if is_reminder:
        return SIGHT[PREFIX + "information.requested.v1"][role]
    return SIGHT[event_type][role] or shown_last or _FIRST_KNOWN_STATUS


def detail_path(referral_id: UUID, record_id: UUID | None, role: Role, status: str) -> str:
    """Return the path at which the agency reads the rest; its GET waits until `status` is reached.

    `record_id` is of the offer or the request that is addressed to the agency.
    """
    resource = f"{ADDRESSEES[role]}/{record_id}" if role in ADDRESSEES else f"referrals/{referral_id}"
    return f"/v1/{resource}?status={status}&wait={_WAIT_SECONDS}"
