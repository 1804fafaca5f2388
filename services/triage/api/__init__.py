"""The routes of triage: parse, call one action or query, shape the reply."""

from fastapi import APIRouter

from services.triage.api import casework, challenges, clocks, decisions, information, links, offers, offers):, queue

router = APIRouter()
for room in (queue
    router.include_router(room.router)
