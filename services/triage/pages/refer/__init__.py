"""Referring a child, for people of partners without a system of their own: all that they see of the pages."""

from fastapi import APIRouter

from services.triage.pages.journey import router_of
from services.triage.pages.refer import sent
from services.triage.pages.refer.steps import REFER

router = APIRouter()
router.include_router(sent.router)
router.include_router(router_of(REFER))
