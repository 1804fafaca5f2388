"""Row intake: `POST /v1/referrals` through everything, beside a bare FastAPI with one statement, both over sockets."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from uuid import uuid4

from joserfc.jwk import ECKey

from services.referrals.actions.agencies import register_agency
from services.referrals.domain.agencies import PARTNER_SCOPES
from shared.db import open_database, transaction
from shared.security import issue_token
from tests.bench.load import post, requests_per_second
from tests.bench.rows import Row, in_turns
from tests.bench.stage import Stage, sealing
from tests.conftest import EXAMPLES, ROOT
from tests.faults.front_door import free_port

AGENCY: Final = "towcester-primary"
ISSUER: Final = "http://localhost"
TURN_SECONDS: Final = 2.0
NOTE: Final = (
    "The referrals service alone in its process, with checks, idempotency, audit, sealing and outbox; the floor takes "
    "any JSON object and writes a referral and an outbox row in one statement. Same body, same load of 16 "
    "connections, each server in its own process, commits durable on both sides."
)


async def intake(stage: Stage) -> Row:
    way = stage.ways["referrals"].app
    await _register(way)
    key = ECKey.generate_key("P-256", auto_kid=True)
    said = {**sealing(way), "issuer": ISSUER, "signing_key": json.dumps(key.as_dict(private=True))}
    token = issue_token(key, ISSUER, ISSUER, {"sub": AGENCY, "scope": "referrals:write"})
    body = next(EXAMPLES.glob("03-*.json")).read_bytes()

    def request() -> bytes:
        return post("/v1/referrals", body, f"Authorization: Bearer {token}", f"Idempotency-Key: {uuid4()}")

    with (
        _serving(stage, "ours", said) as our_port,
        _serving(stage, "floor", {"database_url": stage.floor}) as floor_port,
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


@contextmanager
def _serving(stage: Stage, side: str, said: dict[str, Any]) -> Iterator[int]:
    """Run one server, its log in a file; yields its port once it takes connections."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.servers", side, str(port)]
    with (
        (stage.folder / f"{side}.log").open("ab") as log,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log) as process,
    ):
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(said).encode() + b"\n")
            process.stdin.flush()
            _await_open(port, process)
            yield port
        finally:
            process.kill()


def _await_open(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError("the server ended by itself")
