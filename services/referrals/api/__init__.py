"""Routes of the referrals service: parse, call one action or query, shape the reply."""

from fastapi import APIRouter

from services.referrals.api import amendments, code_lists, internal, referrals, tokens

ROOMS = (referrals, tokens, amendments, code_lists, internal)

# One flat list: each router within a router is searched again for every request.
router = APIRouter(routes=[route for room in ROOMS for route in room.router.routes])
