"""The morning's list: what came in or was done out of hours, the open and urgent first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from services.triage.models import Case, Step
from services.triage.queries.handover import hand_over
from shared.calendar import is_open, night_before
from shared.db import first_id, transaction
from shared.security import Role
from tests.fakes import as_staff
from tests.triage.conftest import MANAGER, Front, example

OUT_OF_HOURS = as_staff("out-of-hours", Role.OUT_OF_HOURS)


async def night(front: Front) -> dict[str, Any]:
    reply = await front.http.get("/v1/handover", headers=OUT_OF_HOURS)
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()
    return found


async def test_what_came_in_since_the_last_closing(front: Front) -> None:
    """A referral of the night is listed, one of the day before closing is not, and the span is told."""
    since, until = night_before(datetime.now(UTC), front.hub)
    inside = await front.submit(example("05"), received_at=since + (until - since) / 2)
    await front.submit(example("05"), received_at=since - timedelta(minutes=1))
    found = await night(front)
    assert [item["referral_id"] for item in found["items"]] == [str(inside)]
    assert found["items"][0]["came_in"] is True
    assert found["items"][0]["done"] == []
    assert datetime.fromisoformat(found["since"]) == since
    assert found["out_of_hours"] is not is_open(datetime.now(UTC), front.hub)
    assert "referral" not in found["items"][0]


async def test_what_was_done_on_older_cases(front: Front) -> None:
    """A case of days ago is listed with what the out-of-hours worker did on it, and not with what clocks said."""
    since, until = night_before(datetime.now(UTC), front.hub)
    at = since + (until - since) / 2
    case = await front.case_of(await front.submit(example("05"), received_at=since - timedelta(days=2)))
    assert (await night(front))["items"] == []
    reply = await front.post(case, "claim", {"reason": "A call."}, OUT_OF_HOURS)
    assert reply.status_code == 200
    async with transaction(front.db) as session:
        await session.execute(update(Step).values(at=at))
        await session.execute(update(Step).where(Step.what == "case.claimed").values(id=first_id(at)))
    (item,) = (await night(front))["items"]
    assert item["came_in"] is False
    assert [(step["who"], step["what"]) for step in item["done"]] == [("out-of-hours", "case.claimed")]


async def test_open_and_urgent_come_first(front: Front) -> None:
    """A red before an amber, and what is decided last; pages hold the order."""
    since, until = night_before(datetime.now(UTC), front.hub)
    at = since + (until - since) / 2
    red = example("02")
    red["concern"]["immediate_danger"] = "yes"
    decided = await front.submit(red, received_at=at)
    amber, urgent = await front.submit(example("07"), received_at=at), await front.submit(red, received_at=at)
    async with transaction(front.db) as session:
        await session.execute(update(Case).where(Case.referral_id == decided).values(status="decided"))
    items = (await night(front))["items"]
    assert [item["referral_id"] for item in items] == [str(urgent), str(amber), str(decided)]
    paged: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await front.http.get(f"/v1/handover?limit=1{cursor}", headers=MANAGER)).json()
        paged += [item["referral_id"] for item in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert paged == [item["referral_id"] for item in items]


async def test_in_the_morning_the_night_is_over(front: Front) -> None:
    """Asked on a Monday at noon, what came in on Saturday and before nine is listed, what came later is not."""
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    came_in = [monday + timedelta(hours=hours) for hours in (-57, -55, -40, 8.9, 9.1)]
    for at in came_in:
        await front.submit(example("05"), received_at=at)
    async with transaction(front.db) as session:
        found = await hand_over(session, front.hub, monday + timedelta(hours=12), 50, None)
    assert (found.out_of_hours, found.until) == (False, monday + timedelta(hours=9))
    assert sorted(item.received_at for item in found.items) == came_in[1:4]


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 403), (Role.ADMIN, 403), (Role.SCREENER, 200)])
async def test_who_takes_over(front: Front, role: Role, status: int) -> None:
    """Whoever works on cases; neither auditors nor administrators."""
    assert (await front.http.get("/v1/handover", headers=as_staff("somebody", role))).status_code == status


async def test_a_cursor_of_ones_own_making(front: Front) -> None:
    """It is refused and named."""
    for cursor in ("x", "WzEsMiwzXQ", "W251bGwsbnVsbCxudWxsLG51bGxd"):
        reply = await front.http.get(f"/v1/handover?cursor={cursor}", headers=MANAGER)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/cursor"
