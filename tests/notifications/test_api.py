"""The routes of owners and their endpoints, as partners call them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import new_id, transaction
from tests.notifications.partners import Partners
from tests.notifications.receiver import Receiver, hang_until, return_challenge, status
from tests.notifications.telling import POLICE, Story, tell


async def test_an_endpoint_from_its_making_to_its_end(partners: Partners, receiver: Receiver) -> None:
    """Registered, read, listed, changed under If-Match and deleted; the secret is in the first answer alone."""
    made = await partners.register(f"{receiver.base}/school", description="School system")
    assert made.status_code == 201
    endpoint = made.json()
    assert endpoint.pop("secret").startswith("whsec_")
    assert endpoint["state"] == "active"
    path = made.headers["Location"]
    read = await partners.call("GET", path)
    assert (read.json(), read.headers["ETag"]) == (endpoint, made.headers["ETag"])
    listed = await partners.call("GET", "/v1/webhook-endpoints")
    assert listed.json() == {"items": [endpoint], "next_cursor": None}
    change = {"description": "New system", "event_types": ["uk.frontdoor.case.decided.v1"]}
    assert (await partners.call("PATCH", path, json=change)).status_code == 428
    stale = await partners.call("PATCH", path, json=change, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    changed = await partners.call("PATCH", path, json=change, headers={"If-Match": read.headers["ETag"]})
    assert changed.json() == {**endpoint, **change}
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert (await partners.call("DELETE", path)).status_code == 204
    assert (await partners.call("GET", path)).status_code == 404


async def test_registering_once(partners: Partners, receiver: Receiver) -> None:
    """A replay shows the same endpoint and secret; the key with another body is refused; without a key, 400."""
    first = await partners.register(f"{receiver.base}/a", key="one")
    again = await partners.register(f"{receiver.base}/a", key="one")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await partners.register(f"{receiver.base}/b", key="one")
    assert other.status_code == 422
    missing = await partners.call("POST", "/v1/webhook-endpoints", json={"url": f"{receiver.base}/a"})
    assert missing.status_code == 400
    assert len((await partners.call("GET", "/v1/webhook-endpoints")).json()["items"]) == 1


async def test_the_secret_is_sealed_at_rest(partners: Partners, receiver: Receiver) -> None:
    """Neither the endpoint's row nor the stored answer shows the secret."""
    secret = (await partners.register(f"{receiver.base}/a")).json()["secret"]
    async with transaction(partners.db) as session:
        rows = await session.execute(text("SELECT e::text, i::text FROM endpoints e, idempotent_answers i"))
        ((endpoint, answer),) = rows.all()
    for stored in (endpoint, answer):
        assert secret not in stored
        assert secret.encode().hex() not in stored


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/url"]),
        ({"url": 7}, ["/url"]),
        ({"url": "http://school.example/"}, ["/url"]),
        ({"url": "https://police.example/"}, ["/url"]),
        ({"url": "https://10.0.0.1/"}, ["/url"]),
        ({"url": "https://school.example/", "event_types": ["case.decided"]}, ["/event_types/0"]),
        ({"url": "https://school.example/", "event_types": ["uk.frontdoor.endpoint.disabled.v1"]}, ["/event_types/0"]),
        ({"url": "https://school.example/", "rate_limit_per_minute": 0}, ["/rate_limit_per_minute"]),
        ({"url": "https://school.example/", "rate_limit_per_minute": True}, ["/rate_limit_per_minute"]),
        ({"url": "https://school.example/", "description": "x" * 201}, ["/description"]),
    ],
)
async def test_what_does_not_fit_is_named(partners: Partners, body: dict[str, Any], pointers: list[str]) -> None:
    """A 422 names each place and repeats nothing of what was sent."""
    refused = await partners.call(
        "POST", "/v1/webhook-endpoints", json=body, headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
    )
    assert refused.status_code == 422
    problem = refused.json()
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert "10.0.0.1" not in refused.text
    assert "police.example" not in refused.text


async def test_an_approved_domain_is_taken(partners: Partners) -> None:
    """An https URL at the agency's own domain needs no demo."""
    assert (await partners.register("https://hooks.school.example/in")).status_code == 201
    elsewhere = await partners.register("https://hooks.school.example/in", agency=POLICE)
    assert elsewhere.status_code == 422


async def test_tokens_and_scopes(partners: Partners) -> None:
    """Without a token 401; each route asks for its own scope, 403 without."""
    assert (await partners.http.get("/v1/events")).status_code == 401
    assert (await partners.call("GET", "/v1/events", scope="webhooks:manage")).status_code == 403
    for method, path in (
        ("GET", "/v1/webhook-endpoints"),
        ("POST", "/v1/webhook-endpoints"),
        ("GET", f"/v1/webhook-endpoints/{new_id()}"),
        ("PATCH", f"/v1/webhook-endpoints/{new_id()}"),
        ("DELETE", f"/v1/webhook-endpoints/{new_id()}"),
        ("POST", f"/v1/webhook-endpoints/{new_id()}/verification"),
        ("POST", f"/v1/webhook-endpoints/{new_id()}/enablement"),
        ("GET", f"/v1/webhook-endpoints/{new_id()}/deliveries"),
        ("GET", f"/v1/deliveries/{new_id()}"),
        ("POST", f"/v1/deliveries/{new_id()}/replay"),
    ):
        assert (await partners.call(method, path, scope="events:read")).status_code == 403, path


async def test_another_agencys_things_are_not_there(partners: Partners, receiver: Receiver) -> None:
    """Every route answers 404 for what belongs to another agency, before it reads a body or a precondition."""
    made = await partners.register(f"{receiver.base}/school")
    path = made.headers["Location"]
    await tell(partners.db, Story().submitted())
    await receiver.until(1)
    delivery = (await partners.call("GET", f"{path}/deliveries")).json()["items"][0]
    for method, target in (
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/verification"),
        ("POST", f"{path}/enablement"),
        ("GET", f"{path}/deliveries"),
        ("GET", f"/v1/deliveries/{delivery['id']}"),
        ("POST", f"/v1/deliveries/{delivery['id']}/replay"),
    ):
        reply = await partners.call(method, target, agency=POLICE, content=b"{not json")
        assert reply.status_code == 404, target
    assert (await partners.call("GET", "/v1/webhook-endpoints", agency=POLICE)).json()["items"] == []
    assert (await partners.call("GET", "/v1/events", agency=POLICE)).json()["items"] == []
    assert (await partners.call("GET", path)).status_code == 200


async def test_lists_go_on_by_cursor(partners: Partners, receiver: Receiver) -> None:
    """Pages of one follow each other newest first, and a cursor of one's own making is a 422."""
    made = [(await partners.register(f"{receiver.base}/{n}")).json()["id"] for n in range(3)]
    seen, cursor = [], None
    while True:
        params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await partners.call("GET", "/v1/webhook-endpoints", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    for bad in ("x", "WzFd", "WyJ4Il0", "W10"):
        assert (await partners.call("GET", "/v1/webhook-endpoints", params={"cursor": bad})).status_code == 422


async def test_verification(strict: Partners, receiver: Receiver) -> None:
    """An endpoint delivers once its receiver has returned the challenge; a changed URL has to do so again."""
    made = await strict.register(f"{receiver.base}/school")
    path, secret = made.headers["Location"], made.json()["secret"]
    assert made.json()["state"] == "unverified"
    refused = await strict.call("POST", f"{path}/verification")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#challenge-not-returned")
    receiver.answers["/school"] = [return_challenge]
    verified = await strict.call("POST", f"{path}/verification")
    assert (verified.status_code, verified.json()["state"]) == (200, "active")
    asked = receiver.received[-1].verified_by(secret)
    assert asked.keys() == {"type", "challenge"}
    assert asked["type"] == "endpoint.verification"
    await tell(strict.db, Story().submitted(), verification_required=True)
    await receiver.until(3)
    etag = {"If-Match": verified.headers["ETag"]}
    moved = await strict.call("PATCH", path, json={"url": f"{receiver.base}/other"}, headers=etag)
    assert moved.json()["state"] == "unverified"


async def test_a_challenge_needs_success(strict: Partners, receiver: Receiver) -> None:
    """A receiver that fails, or returns something else, is not verified."""
    made = await strict.register(f"{receiver.base}/school")
    for answer in (status(500), status(302, {"Location": "/x"}), hang_until(asyncio.Event())):
        receiver.answers["/school"] = [answer]
        refused = await strict.call("POST", f"{made.headers['Location']}/verification")
        assert refused.status_code == 409
    assert (await strict.call("GET", made.headers["Location"])).json()["verified_at"] is None
