"""The queue: a screener's own work first."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.triage.pages.page import Page, PageRoute, page_for
from shared.security import CASE_ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)
StaffPage = Annotated[Page, page_for(CASE_ROLES)]


@router.get("/desk")
async def get_queue(page: StaffPage) -> Response:
    return page.show("queue.html")
