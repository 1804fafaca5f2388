"""Where a referrer begins, and what became of what their agency's people sent from these pages."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.triage.domain.staff import AgencyNotReferring
from services.triage.pages.page import Page, PageRoute, page_for
from shared import clock
from shared.calendar import is_open
from shared.http.client import ServiceClient
from shared.inbox import Transient
from shared.problems import Forbidden, Unavailable
from shared.security import GUEST_ROLE

PAGE = 20

router = APIRouter(route_class=PageRoute, include_in_schema=False)
ReferrersPage = Annotated[Page, page_for((GUEST_ROLE,))]


@router.get("/refer")
async def get_start(page: ReferrersPage) -> Response:
    """Say what this is for, and whom to ring instead."""
    return page.show("refer.html", is_open=is_open(clock.now(), page.desk.hub))


@router.get("/refer/sent")
async def get_sent(page: ReferrersPage, cursor: Annotated[str, Query(max_length=200)] = "") -> Response:
    """List what this agency's people sent, as the referrals service shows it to this one."""
    client: ServiceClient = page.request.state.triage_client
    asked = urlencode({"limit": PAGE, **({"cursor": cursor} if cursor else {})})
    try:
        sent = await client.get_detail(f"/internal/referrals?{asked}", person=page.caller)
    except Transient as away:
        raise Unavailable("What was sent cannot be shown at this moment. Try again.") from away
    except Forbidden:
        raise AgencyNotReferring("Your agency may not refer at present. Call the front door.") from None
    return page.show("sent.html", sent=sent)
