"""Everybody who may knock, and whose each record is: what the matrix of routes and relations is generated from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.security import FRONT_DOOR, Role

PARTNER_SCOPES = (
    "referrals:write", "referrals:read", "referrals:restricted", "thresholds:check", "information:respond",
    "early-help:respond", "webhooks:manage", "events:read",
)  # fmt: skip

SUBMITTER, OTHER, ASKED = "a-school", "a-police-force", "a-hospital"
PROVIDER, FORMER, NEVER = "towcester-family-hub", "northampton-family-hub", "kettering-family-hub"
SERVICE = "service-triage"
AGENCIES = (SUBMITTER, OTHER, ASKED, PROVIDER, FORMER, NEVER)


@dataclass(frozen=True)
class Party:
    """Somebody with a token; `name` is an agency's slug, or a role of staff."""

    name: str
    scopes: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    proven: bool = True

    @property
    def agency(self) -> str:
        return FRONT_DOOR if self.roles else self.name


NOBODY = Party("nobody", proven=False)
PARTIES = (
    NOBODY,
    *(Party(role.value, roles=(role,)) for role in Role),
    *(Party(slug, PARTNER_SCOPES) for slug in AGENCIES),
    Party("an-agency-without-scopes"),
    Party(SERVICE, ("internal:read",)),
)


@dataclass(frozen=True)
class Owners:
    """Whose the record is that a name in a path stands for: these agencies', or every caller's whom the policy fits."""

    agencies: frozenset[str] = frozenset()
    everybody: bool = False
    sample: str = ""
    """Stands in the path where no record is made for it; a caller who gets that far is told 404, or not even that."""


def _of(*agencies: str) -> Owners:
    return Owners(frozenset(agencies))


_OF_STAFF = Owners(everybody=True)
_UNMADE = Owners(everybody=True, sample="0199a000-0000-7000-8000-000000000000")

OWNERS: Mapping[str, Owners] = {
    "referral_id": _of(SUBMITTER),
    "case_id": _OF_STAFF,
    "challenge_id": _OF_STAFF,
    "request_id": _of(ASKED),
    "offer_id": _of(PROVIDER),
    "endpoint_id": _of(SUBMITTER),
    "delivery_id": _of(SUBMITTER),
    "name": Owners(everybody=True, sample="sex"),
    "slug": _OF_STAFF,
    "oversight_chart": Owners(everybody=True, sample="contacts"),
    "help_chart": Owners(everybody=True, sample="offers"),
    "amendment_id": _UNMADE,
    "link_id": _UNMADE,
    "route_id": _UNMADE,
    "information_id": _UNMADE,
    "service_id": _UNMADE,
    "at_id": _UNMADE,
    "taxonomy_id": _UNMADE,
    "term_id": _UNMADE,
}
"""Every name in a path of ours; a route with another name has to say here whose its record is."""


@dataclass
class Ids:
    """The records that were made: by their name in a path, and the offer that a provider no longer has."""

    by_name: dict[str, str] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    former_offer: str = ""
