"""What staff are told of every agency's endpoints: how they do, and nothing that a URL could give away."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from services.notifications.models import Attempt, Endpoint
from services.notifications.queries import ATTEMPTS_SEEN, SPAN, endpoints_seen
from shared import clock
from shared.db import Database, transaction
from shared.vault import Vault
from tests.notifications.conftest import NewCourier
from tests.notifications.partners import Partners
from tests.notifications.receiver import Receiver, reset, status
from tests.notifications.telling import HUB, POLICE, SCHOOL, Registered, Story, register, tell
from tests.notifications.test_courier import attempt_due, bring_retries_forward

PATH = "/internal/endpoints"


async def seen(db: Database, *, verification_required: bool = False) -> dict[str, dict[str, Any]]:
    """Return what is told of each agency's endpoint."""
    async with transaction(db) as session:
        found = await endpoints_seen(session, clock.now(), verification_required=verification_required)
    return {one.agency: one.model_dump() for one in found.endpoints}


async def place(db: Database, endpoint: Registered, url: str) -> None:
    async with transaction(db) as session:
        await session.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(url=url))


async def test_how_an_endpoint_does(db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier) -> None:
    """The last success, the last failure by its class, what waits and since when, and the last attempts."""
    school = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    police = await register(db, vault, POLICE, f"{receiver.base}/police")
    await register(db, vault, HUB, f"{receiver.base}/hub")
    receiver.answers[school.path] = [status(503)]
    receiver.answers[police.path] = [reset]
    await tell(db, Story().submitted(), Story(POLICE).submitted())
    courier = await new_courier()
    assert await attempt_due(courier) == 2
    found = await seen(db)
    assert (found[SCHOOL]["failed"]["ended"], found[POLICE]["failed"]["ended"]) == ("5xx", "connection_failed")
    assert (found[SCHOOL]["waiting"], found[SCHOOL]["succeeded_at"]) == (1, None)
    assert found[SCHOOL]["waiting_since"] is not None
    quiet: dict[str, Any] = {"waiting": 0, "waiting_since": None, "failed": None, "succeeded_at": None, "attempts": []}
    assert found[HUB] == {**found[HUB], **quiet}
    await bring_retries_forward(db)
    assert await attempt_due(courier) == 2
    found = await seen(db)
    assert (found[SCHOOL]["waiting"], found[SCHOOL]["waiting_since"]) == (0, None)
    assert found[SCHOOL]["succeeded_at"] > found[SCHOOL]["failed"]["at"]
    assert [one["ended"] for one in found[SCHOOL]["attempts"]] == ["2xx", "5xx"]


async def test_the_states(db: Database, vault: Vault, receiver: Receiver) -> None:
    """Active, disabled, and unverified where the hub asks for verification."""
    school = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await register(db, vault, POLICE, f"{receiver.base}/police", verified=False)
    async with transaction(db) as session:
        await session.execute(update(Endpoint).where(Endpoint.id == school.id).values(disabled_at=clock.now()))
    found = await seen(db, verification_required=True)
    assert (found[SCHOOL]["state"], found[POLICE]["state"]) == ("disabled", "unverified")
    assert (await seen(db))[POLICE]["state"] == "active"


async def test_the_host_alone_is_told(db: Database, vault: Vault, receiver: Receiver) -> None:
    """Neither path, query, port nor sign-in of a URL leaves the service, nor the secret."""
    school = await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await place(db, school, "https://user:hunter2@hooks.school.example:8443/t0ken?key=s3cret")
    (told,) = (await seen(db)).values()
    assert told["host"] == "hooks.school.example"
    for hidden in ("hunter2", "t0ken", "s3cret", "8443", school.secret):
        assert hidden not in str(told)


async def test_what_is_long_ago_is_left_out(
    db: Database, vault: Vault, receiver: Receiver, new_courier: NewCourier
) -> None:
    """Attempts older than 28 days are not told, and of later ones the last ten."""
    await register(db, vault, SCHOOL, f"{receiver.base}/school")
    await tell(db, *(Story().submitted() for _ in range(ATTEMPTS_SEEN + 2)))
    courier = await new_courier()
    while await attempt_due(courier):
        pass
    assert len((await seen(db))[SCHOOL]["attempts"]) == ATTEMPTS_SEEN
    async with transaction(db) as session:
        await session.execute(update(Attempt).values(started_at=clock.now() - SPAN - timedelta(minutes=1)))
    found = (await seen(db))[SCHOOL]
    assert (found["attempts"], found["succeeded_at"]) == ([], None)


async def test_endpoints_are_for_services_alone(partners: Partners, receiver: Receiver) -> None:
    """A service reads every agency's; a partner is refused, and the description of the API does not name the route."""
    await partners.register(f"{receiver.base}/school")
    allowed = await partners.call("GET", PATH, agency="service-triage", scope="internal:read")
    assert [one["agency"] for one in allowed.json()["endpoints"]] == [SCHOOL]
    assert (await partners.call("GET", PATH)).status_code == 403
    assert PATH not in (await partners.http.get("/openapi.json")).json()["paths"]
