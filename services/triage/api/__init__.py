"""The routes of triage: parse, call one action or query, shape the reply."""

from fastapi import APIRouter

from services.triage.api import casework, challenges, clocks, decisions, information, links, offers, queue

router = APIRouter()
for room in (queue, clocks, casework, decisions, challenges, information, links, offers):
    router.include_router(room.router)
