"""The agencies that refer: who is registered, how their referrals and their endpoints do. For who answers for it all.

Triage asks the referrals service and notifications; what one of them cannot say for now is said to be missing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.triage.domain.partners import Quality, told_quality
from services.triage.pages.download import as_csv
from services.triage.pages.page import Page, PageRoute, page_for
from services.triage.pages.words import OVERSEERS, plain
from services.triage.queries.partners import Outcomes, outcomes_by_agency
from services.triage.schemas.partners import AgencySeen, EndpointSeen, EndpointsSeen, RegisterSeen
from shared import clock
from shared.db import transaction
from shared.http.client import ServiceClient
from shared.inbox import Transient
from shared.problems import NotFound, Unavailable

PATIENCE_SECONDS = 3.0
REFERRER = "/referrer"
NOTHING = Outcomes(0, 0, 0)

T = TypeVar("T", bound=BaseModel)

router = APIRouter(route_class=PageRoute, include_in_schema=False)
OverseersPage = Annotated[Page, page_for(OVERSEERS)]


@dataclass(frozen=True)
class Partner:
    """`agency` is None where the register has none of this slug, or cannot be asked; `quality` where it is not told."""

    slug: str
    agency: AgencySeen | None
    outcomes: Outcomes
    quality: Quality | None
    endpoints: Sequence[EndpointSeen]

    @property
    def name(self) -> str:
        return self.agency.name if self.agency else plain(self.slug)


@dataclass(frozen=True)
class Partners:
    """Every partner by slug, in the order of names; `register` and `endpoints` tell whether they could be asked."""

    by_slug: Mapping[str, Partner]
    register: bool
    endpoints: bool

    @property
    def senders(self) -> list[Partner]:
        """Who sent anything in that time."""
        return [one for one in self.by_slug.values() if one.outcomes.contacts != 0]


@router.get("/desk/partners")
async def get_partners(page: OverseersPage) -> Response:
    """Show who is registered, what came of their referrals in 28 days, and how their endpoints do."""
    return page.show("partners.html", partners=await _partners(page), now=clock.now(), referrer=REFERRER)


@router.get("/desk/partners/referrals.csv")
async def get_referrals(page: OverseersPage) -> Response:
    senders = (await _partners(page)).senders
    head = (
        "agency",
        "contacts",
        "decided_at_level_4",
        "share_of_decided",
        "score",
        "with_contact_details",
        "most_often_missing",
    )
    return as_csv(head, [_referrals_row(one) for one in senders])


@router.get("/desk/partners/endpoints.csv")
async def get_endpoints(page: OverseersPage) -> Response:
    endpoints = [one for partner in (await _partners(page)).by_slug.values() for one in partner.endpoints]
    head = ("agency", "host", "state", "succeeded_at", "failed_at", "failed_with", "waiting", "waiting_since")
    return as_csv(head, [_endpoint_row(one) for one in endpoints])


@router.get("/desk/partners/{slug}")
async def get_partner(page: OverseersPage, slug: str) -> Response:
    """Show one agency: what is most often missing in its referrals, and the last attempts at its endpoints."""
    partners = await _partners(page)
    partner = partners.by_slug.get(slug)
    if partner is None and not partners.register:
        raise Unavailable("The register of agencies cannot be asked now. Try again in a moment.")
    if partner is None:
        raise NotFound
    return page.show("partner.html", partner=partner, partners=partners, now=clock.now(), referrer=REFERRER)


async def _partners(page: Page) -> Partners:
    state = page.request.state
    register, seen = await asyncio.gather(
        _asked(state.triage_client, "/internal/agencies", RegisterSeen),
        _asked(state.triage_notifications, "/internal/endpoints", EndpointsSeen),
    )
    async with transaction(page.db) as session:
        outcomes = await outcomes_by_agency(session, clock.now(), page.desk.hub.time_zone)
    return partners_of(register, seen, outcomes)


def partners_of(
    register: RegisterSeen | None, seen: EndpointsSeen | None, outcomes: Mapping[str, Outcomes]
) -> Partners:
    """Put together what the services said of everybody whom one of them knows; None stands for one that is away."""
    agencies = {one.slug: one for one in register.agencies} if register else {}
    endpoints = seen.endpoints if seen else []
    found = [
        Partner(
            slug,
            agencies.get(slug),
            outcomes.get(slug, NOTHING),
            _quality(register, slug, outcomes.get(slug, NOTHING)),
            [one for one in endpoints if one.agency == slug],
        )
        for slug in {*agencies, *outcomes, *(one.agency for one in endpoints)}
    ]
    ordered = sorted(found, key=lambda one: (one.name.casefold(), one.slug))
    return Partners({one.slug: one for one in ordered}, register is not None, seen is not None)


async def _asked(client: ServiceClient, path: str, schema: type[T]) -> T | None:
    """Return what the other service says, None where it is away, too slow, or of a version that has no such path."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return schema.model_validate(await client.get_detail(path))
    except (Transient, NotFound, TimeoutError):
        return None


def _quality(register: RegisterSeen | None, slug: str, outcomes: Outcomes) -> Quality | None:
    """Return the quality where it may be told: not where how many contacts there were may not be."""
    seen = register.quality.get(slug) if register else None
    if seen is None or outcomes.contacts is None:
        return None
    return told_quality(seen.referrals, seen.mean_score, {(one.part, one.ask): one.referrals for one in seen.missing})


def _referrals_row(one: Partner) -> Sequence[object]:
    quality, outcomes = one.quality, one.outcomes
    told = (outcomes.contacts, outcomes.statutory, outcomes.share)
    counted = ["not told" if number is None else number for number in told]
    if quality is None:
        return (one.slug, *counted, "", "", "")
    return (
        one.slug,
        *counted,
        quality.score,
        quality.share_with(REFERRER),
        quality.worst.part if quality.worst else "",
    )


def _endpoint_row(one: EndpointSeen) -> Sequence[object]:
    failed = (one.failed.at, one.failed.ended) if one.failed else ("", "")
    return (one.agency, one.host, one.state, one.succeeded_at or "", *failed, one.waiting, one.waiting_since or "")
