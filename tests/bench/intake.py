"""Row intake: `POST /v1/referrals` through everything, beside a bare FastAPI with one statement, both over sockets."""

import json
from functools import partial
from typing import Final
from uuid import uuid4

from joserfc.jwk import ECKey

from services.referrals.actions.agencies import register_agency
from services.referrals.domain.agencies import PARTNER_SCOPES
from shared.db import open_database, transaction
from shared.security import issue_token
from tests.bench.load import post, requests_per_second
from tests.bench.processes import serving
from tests.bench.rows import Row, in_turns
from tests.bench.stage import Stage, sealing
from tests.conftest import EXAMPLES

SERVERS: Final = "tests.bench.servers"
AGENCY: Final = "towcester-primary"
ISSUER: Final = "http://localhost"
TURN_SECONDS: Final = 2.0
NOTE: Final = (
    "The referrals service alone in its process, with token, checks, idempotency, audit, sealing, outbox and log; the "
    "floor takes any JSON object and writes a referral and an outbox row in one statement. Same body, same load of 16 "
    "connections, each server in its own process, commits durable on both sides."
)


async def intake(stage: Stage) -> Row:
    way = stage.ways["referrals"].app
    await _register(way)
    key = ECKey.generate_key("P-256", auto_kid=True)
    said = {**sealing(way), "issuer": ISSUER, "signing_key": json.dumps(key.as_dict(private=True))}
    floor_said = {"database_url": stage.floor}
    token = issue_token(key, ISSUER, ISSUER, {"sub": AGENCY, "scope": "referrals:write"})
    body = next(EXAMPLES.glob("03-*.json")).read_bytes()

    def request() -> bytes:
        return post("/v1/referrals", body, f"Authorization: Bearer {token}", f"Idempotency-Key: {uuid4()}")

    with (
        serving(stage.folder / "ours.log", SERVERS, "ours", told=json.dumps(said).encode()) as our_port,
        serving(stage.folder / "floor.log", SERVERS, "floor", told=json.dumps(floor_said).encode()) as floor_port,
    ):
        ours, floor = await in_turns(
            partial(requests_per_second, our_port, TURN_SECONDS, request),
            partial(requests_per_second, floor_port, TURN_SECONDS, request),
        )
    return Row("intake", "referrals/s", ours, floor, 0.5, NOTE)


async def _register(way: str) -> None:
    db = open_database(way, pool_size=1)
    async with transaction(db) as session:
        await register_agency(session, AGENCY, AGENCY, source="2A", scopes=sorted(PARTNER_SCOPES))
    await db.close()
