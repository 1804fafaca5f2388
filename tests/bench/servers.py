"""The two servers of the intake row, each in a process of its own: `python -m tests.bench.servers ours|floor ...`."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import asyncpg
import uuid_utils.compat
from fastapi import FastAPI
from joserfc.jwk import ECKey, KeySet

from services.front_door.server import serve, taken_socket
from services.front_door.settings import Patience
from services.referrals.app import build
from services.referrals.settings import Settings
from shared.allowances import Allowance, Rate
from shared.http.buckets import Buckets
from shared.http.client import ServiceClient
from shared.http.limits import Limits
from shared.http.service import new_application
from shared.security import FailedProofs, Issuer, KnownKeys, Verifier
from shared.settings.hub import load_hub
from shared.telemetry import configure_logging

UNLIMITED = Rate(1_000_000, 1_000_000)
SUBMIT = """
WITH referral AS (INSERT INTO referrals (id, body) VALUES ($1, $2))
INSERT INTO outbox (id, payload) VALUES ($1, $3)
"""


def ours(said: dict[str, Any]) -> FastAPI:
    """Return the referrals service as it is, without the other services' work in its process."""
    settings = Settings.model_validate(said)
    key = ECKey.import_key(json.loads(settings.signing_key.get_secret_value()))
    # Nothing is decided here, so that triage is never asked.
    service = build(settings, load_hub(settings.hub_dir), cast("ServiceClient", None))
    verifier = Verifier(settings.issuer, (Issuer(settings.issuer, KnownKeys(KeySet([key]))),))
    buckets, proofs = Buckets(service.resources.db), FailedProofs(UNLIMITED)
    limits = Limits(dict.fromkeys(Allowance, UNLIMITED), buckets, proofs=proofs)
    return new_application("Referrals", "bench", verifier, service.router, limits=limits)


def floor(said: dict[str, Any]) -> FastAPI:
    """Return what FastAPI and asyncpg can do at least: a JSON object in, one statement, a short answer."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(said["database_url"], min_size=8, max_size=12) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/referrals", status_code=202)
    async def post_referral(document: dict[str, Any]) -> dict[str, str]:
        referral_id: UUID = uuid_utils.compat.uuid7()
        pointer = json.dumps({"referral_id": str(referral_id)})
        await app.state.pool.execute(SUBMIT, referral_id, json.dumps(document), pointer)
        return {"id": str(referral_id), "status": "received"}

    return app


def main() -> None:
    side, port, said = sys.argv[1], int(sys.argv[2]), json.loads(sys.stdin.readline())
    app = {"ours": ours, "floor": floor}[side](said)
    configure_logging()
    serve(app, taken_socket(port), lambda: None, Patience())


if __name__ == "__main__":
    main()
