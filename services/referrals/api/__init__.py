"""Routes of the referrals service: parse, call one action or query, shape the reply."""

from fastapi import APIRouter

from services.referrals.api import amendments, code_lists, internal, referrals, tokens

router = APIRouter()
for room in (tokens, referrals, amendments, code_lists, internal):
    router.include_router(room.router)
