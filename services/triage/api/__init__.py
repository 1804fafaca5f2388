"""The routes of triage: parse, call one action or query, shape the reply."""

from fastapi import APIRouter

from services.triage.api import (
    casework,
    challenges,
    checks,
    claims,
    clocks,
    decisions,
    directory,
    information,
    links,
    offers,
    queue,
)

router = APIRouter()
for room in (queue, casework, challenges, claims, clocks, decisions, information, links, offers, directory, checks):
    router.include_router(room.router)
