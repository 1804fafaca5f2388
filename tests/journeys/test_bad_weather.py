"""Bad weather on a running front door: what cannot be kept is not acknowledged, and nothing is lost."""

import json
import os
import signal

from tests.conftest import EXAMPLES
from tests.factories import another_family
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually

SCHOOL = "towcester-primary"


def test_without_its_database_nothing_is_acknowledged(world: World) -> None:
    """PostgreSQL gone is 503 with Retry-After for writers and readers, who go on once it is back; nothing was lost."""
    document = json.loads((EXAMPLES / "03-attendance-and-routines.json").read_text())
    referral = another_family(document, "Tempest", born="2018-01-30")
    before = world.submit(SCHOOL, referral, key="before")
    assert before.status_code == 202
    staff = world.staff("screener")
    postmaster = int((world.door.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    refused = eventually(lambda: _if_refused(world, referral))
    assert refused["type"] == "/problems#unavailable"
    listed = world.http.get("/v1/cases", headers=staff)
    assert (listed.status_code, int(listed.headers["Retry-After"]) > 0) == (503, True)
    assert world.http.get("/health/ready").status_code == 503
    assert world.http.get("/health/live").status_code == 200
    world.door.mend()
    assert eventually(lambda: _if_accepted(world, referral))["id"] != before.json()["id"]
    assert world.submit(SCHOOL, referral, key="before").json() == before.json()
    assert eventually(lambda: world.http.get("/health/ready").status_code == 200)


def _if_accepted(world: World, referral: object) -> dict[str, str] | None:
    reply = world.submit(SCHOOL, referral, key="after")
    accepted: dict[str, str] | None = reply.json() if reply.status_code == 202 else None
    return accepted


def _if_refused(world: World, referral: object) -> dict[str, str] | None:
    reply = world.submit(SCHOOL, referral, key="after")
    if reply.status_code != 503:
        return None
    assert int(reply.headers["Retry-After"]) > 0
    problem: dict[str, str] = reply.json()
    return problem
