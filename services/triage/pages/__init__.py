"""The staff pages: HTML from the same actions and queries as the API's. Served by whichever process serves triage."""

from fastapi import APIRouter

from services.triage.pages import call, case, live, oversight, queue, sign_in

router = APIRouter()
for room in (sign_in, queue, call, case, live, oversight):
    router.include_router(room.router)
