"""The staff pages: HTML from the same actions and queries as the API's. Served by whichever process serves triage."""

from fastapi import APIRouter

from services.triage.pages import (
    assignment,
    call,
    case,
    early_help,
    live,
    oversight,
    partners,
    policy_check,
    queue,
    refer,
    sign_in,
)

router = APIRouter()
for room in (sign_in, queue, assignment, call, case, live, oversight, early_help, partners, policy_check, refer):
    router.include_router(room.router)
