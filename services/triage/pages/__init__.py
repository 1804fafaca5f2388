"""The staff pages: HTML from the same actions and queries as the API's. Served by whichever process serves triage."""

from fastapi import APIRouter

from services.triage.pages import queue, sign_in

router = APIRouter()
for room in (sign_in, queue):
    router.include_router(room.router)
