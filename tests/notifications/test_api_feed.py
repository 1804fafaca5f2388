"""The routes of deliveries, their replay and the event feed, as partners call them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.notifications.partners import Partners
from tests.notifications.receiver import Receiver, hang_until, status
from tests.notifications.telling import HUB, NOON, SCHOOL, Story, tell


async def feed(partners: Partners, agency: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await partners.call("GET", "/v1/events", agency=agency)).json()["items"]
    return items


async def until(partners: Partners, path: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the endpoint's newest delivery once it fits; a record follows its request by a moment."""
    async with asyncio.timeout(10):
        while True:
            newest = (await partners.call("GET", f"{path}/deliveries")).json()["items"][0]
            shown: dict[str, Any] = (await partners.call("GET", f"/v1/deliveries/{newest['id']}")).json()
            if fits(shown):
                return shown
            await asyncio.sleep(0.02)


async def test_a_delivery_and_its_replay(partners: Partners, receiver: Receiver) -> None:
    """A delivery shows every attempt; a replay sends the same id again."""
    made = await partners.register(f"{receiver.base}/school")
    receiver.answers["/school"] = [status(500, {"Server": "school"})]
    event = Story().submitted()
    await tell(partners.db, event)
    await receiver.until(1)
    shown = await until(partners, made.headers["Location"], lambda delivery: delivery["state"] == "retrying")
    assert shown["webhook_id"] == str(event.id)
    assert [(a["status"], a["failure"], a["head"]["Server"]) for a in shown["attempts"]] == [(500, None, "school")]
    path = f"/v1/deliveries/{shown['id']}"
    assert (await partners.call("POST", f"{path}/replay")).status_code == 202
    await receiver.until(2)
    shown = await until(partners, made.headers["Location"], lambda delivery: delivery["state"] == "delivered")
    assert (await partners.call("POST", f"{path}/replay")).status_code == 202
    await receiver.until(3)
    shown = await until(partners, made.headers["Location"], lambda delivery: len(delivery["attempts"]) == 3)
    assert shown["attempts_made"] == 1
    assert len({each.webhook_id for each in receiver.received}) == 1


async def test_a_delivery_under_way_is_not_replayed(partners: Partners, receiver: Receiver) -> None:
    """While an attempt runs, a replay is refused."""
    made = await partners.register(f"{receiver.base}/school")
    released = asyncio.Event()
    receiver.answers["/school"] = [hang_until(released)]
    await tell(partners.db, Story().submitted())
    await receiver.until(1)
    deliveries = await partners.call("GET", f"{made.headers['Location']}/deliveries")
    reply = await partners.call("POST", f"/v1/deliveries/{deliveries.json()['items'][0]['id']}/replay")
    released.set()
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems#delivery-under-way")


async def test_a_disabled_endpoint_is_enabled(partners: Partners, receiver: Receiver) -> None:
    """After 410 the owner sees it disabled, learns so in the feed, enables it, and gets what waited."""
    made = await partners.register(f"{receiver.base}/school")
    path = made.headers["Location"]
    receiver.answers["/school"] = [status(410)]
    await tell(partners.db, Story().submitted())
    feed = await partners.call("GET", "/v1/events", params={"wait": 1})
    feed = await partners.call("GET", "/v1/events", params={"wait": 10, "after": feed.json()["next_cursor"]})
    (told,) = feed.json()["items"]
    assert told["type"] == "uk.frontdoor.endpoint.disabled.v1"
    assert told["data"]["detail_url"] == path
    assert (await partners.call("GET", path)).json()["state"] == "disabled"
    enabled = await partners.call("POST", f"{path}/enablement")
    assert (enabled.status_code, enabled.json()["state"]) == (200, "active")
    shown = (await partners.call("GET", f"{path}/deliveries")).json()["items"][0]
    assert (await partners.call("POST", f"/v1/deliveries/{shown['id']}/replay")).status_code == 202
    await receiver.until(2)


async def test_the_feed(partners: Partners) -> None:
    """Structured CloudEvents without audience, page after page; the last cursor waits for what is new."""
    story = Story()
    events = [story.submitted(), story.opened(), story.offered()]
    await tell(partners.db, *events)
    first = (await partners.call("GET", "/v1/events", params={"limit": 1})).json()
    assert first["items"] == [
        {
            "specversion": "1.0",
            "id": str(events[0].id),
            "source": "referrals",
            "type": "uk.frontdoor.referral.submitted.v1",
            "subject": str(story.id),
            "time": "2026-11-22T12:00:00Z",
            "datacontenttype": "application/json",
            "correlationid": f"story-{story.id}",
            "urgency": "no",
            "data": {
                "referral_id": str(story.id),
                "reference": "FD-2611-0000-0000",
                "sequence": 1,
                "status": "received",
                "detail_url": f"/v1/referrals/{story.id}?status=received&wait=10",
            },
        }
    ]
    second = (await partners.call("GET", "/v1/events", params={"after": first["next_cursor"]})).json()
    assert [UUID(item["id"]) for item in second["items"]] == [events[1].id]
    end = (await partners.call("GET", "/v1/events", params={"after": second["next_cursor"]})).json()
    assert end == {"items": [], "next_cursor": second["next_cursor"]}
    waiting = asyncio.create_task(partners.call("GET", "/v1/events", params={"after": end["next_cursor"], "wait": 20}))
    await tell(partners.db, story.decided())
    assert [item["data"]["status"] for item in (await waiting).json()["items"]] == ["decided"]
    assert [item["data"]["status"] for item in await feed(partners, HUB)] == ["offered"]


@pytest.mark.parametrize("after", ["x", "W10", "Wy0xXQ", "WyJ4Il0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0"])
async def test_a_cursor_of_ones_own_making(partners: Partners, after: str) -> None:
    """A cursor that was not given is a 422 at /after."""
    refused = await partners.call("GET", "/v1/events", params={"after": after})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/after"


async def test_the_document_describes_every_route(partners: Partners) -> None:
    """The OpenAPI document has the bodies that are read strictly, and can be rendered."""
    document = (await partners.http.get("/openapi.json")).json()
    assert "EndpointIn" in json.dumps(document["paths"]["/v1/webhook-endpoints"]["post"]["requestBody"])
    assert set(document["paths"]) >= {"/v1/events", "/v1/deliveries/{delivery_id}/replay"}


async def test_a_feed_begins_at_a_time_or_now(partners: Partners) -> None:
    """From the first event of that time on, or with what comes; from there on by the cursor."""
    before, after = Story(), Story()
    await tell(partners.db, before.submitted(), replace(after.submitted(), time=NOON + timedelta(microseconds=1)))
    first, second = await feed(partners, SCHOOL)

    async def asked(query: str) -> dict[str, Any]:
        page: dict[str, Any] = (await partners.call("GET", f"/v1/events?{query}")).json()
        return page

    everything, late, coming = await asked(f"since={first['time']}"), await asked(f"since={second['time']}"), None
    for query in ("after=now", "since=9999-12-31T23:59:59Z"):
        coming = await asked(query)
        assert coming["items"] == []
    assert coming is not None
    await tell(partners.db, before.opened())
    third = (await asked(f"after={coming['next_cursor']}"))["items"]

    assert [item["id"] for item in everything["items"]] == [first["id"], second["id"]]
    assert [item["id"] for item in late["items"]] == [second["id"]]
    assert [(item["type"], item["subject"]) for item in third] == [("uk.frontdoor.case.opened.v1", first["subject"])]


@pytest.mark.parametrize("query", ["since=2026-11-20", "since=now", "since=2026-11-20T10:00:00Z&after=now"])
async def test_what_is_no_time_begins_no_feed(partners: Partners, query: str) -> None:
    """422 at `since`; beside `after` it is refused too."""
    reply = await partners.call("GET", f"/v1/events?{query}")
    assert (reply.status_code, [error["pointer"] for error in reply.json()["errors"]]) == (422, ["/since"])
