"""The routes of triage: parse, call one action or query, shape the reply."""

from fastapi import APIRouter, Depends

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
    register,
)

router = APIRouter(dependencies=[Depends(register.admit)])
for room in (
    queue,
    casework,
    challenges,
    claims,
    clocks,
    decisions,
    information,
    links,
    offers,
    directory,
    checks,
    register,
):
    router.include_router(room.router)
