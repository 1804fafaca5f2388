"""An agency's list of its referrals: narrowed by what the URL says, and by nothing that it does not know."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select, update

from services.referrals.actions.tidy import index_references
from services.referrals.models import Referral
from shared.db import transaction
from tests.referrals.conftest import POLICE, SCHOOL, Front
from tests.referrals.documents import document
from tests.referrals.test_following import decided, opened

FIRST, SECOND = "PPN-26-1", "Ash/é 2"


async def listed(front: Front, query: str, headers: dict[str, str] = SCHOOL) -> list[str]:
    """Return the ids of a list that has to be given."""
    reply = await front.http.get(f"/v1/referrals?{query}", headers=headers)
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()["items"]]


async def refer(front: Front) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Send three referrals: two with a reference of the school's own, one of which has to be quoted."""
    one, two, three = [await front.submit(document(agency_reference=own)) for own in (FIRST, f" {SECOND}\u200b", None)]
    return one, two, three


async def test_a_list_is_narrowed_to_a_status(front: Front) -> None:
    """Each referral is in the list of where it stands, and in no other."""
    one, two, three = await refer(front)
    await front.hear(opened(one), opened(two), decided(front, two))

    assert await listed(front, "status=in_triage") == [one["id"]]
    assert await listed(front, "status=decided") == [two["id"]]
    assert await listed(front, "status=received") == [three["id"]]
    assert await listed(front, "status=withdrawn") == []


async def test_a_referral_is_found_by_either_reference(front: Front) -> None:
    """By ours, in whatever case, and by its sender's own, as an agency's alone; a part of one is none."""
    one, two, _ = await refer(front)
    theirs = await front.submit(document(agency_reference=FIRST), POLICE)

    assert await listed(front, f"reference={one['reference'].lower()}") == [one["id"]]
    assert await listed(front, f"agency_reference={FIRST}") == [one["id"]]
    assert await listed(front, f"agency_reference={quote(SECOND)}") == [two["id"]]
    assert await listed(front, f"agency_reference={FIRST}", POLICE) == [theirs["id"]]
    assert await listed(front, "agency_reference=PPN") == []
    assert await listed(front, f"agency_reference={FIRST}&status=decided") == []
    assert await listed(front, f"reference={theirs['reference']}") == []


async def test_a_list_begins_after_a_time(front: Front) -> None:
    """What came in at that very time is left out; the time may be written with any offset."""
    one, two, three = await refer(front)
    at = datetime.fromisoformat(two["received_at"])
    east = at.astimezone().isoformat()

    assert await listed(front, f"received_after={quote(two['received_at'])}") == [three["id"]]
    assert await listed(front, f"received_after={quote(east)}") == [three["id"]]
    assert await listed(front, f"received_after={quote((at - timedelta(microseconds=1)).isoformat())}") == [
        three["id"],
        two["id"],
    ]
    assert await listed(front, "received_after=9999-12-31T23:59:59Z") == []
    assert await listed(front, "received_after=1900-01-01T00:00:00Z") == [three["id"], two["id"], one["id"]]


async def test_a_narrowed_list_has_pages(front: Front) -> None:
    """The cursor goes on in the same list."""
    sent = [(await front.submit(document(agency_reference=FIRST)))["id"] for _ in range(3)]
    await front.submit(document())
    query = f"/v1/referrals?agency_reference={FIRST}&limit=2"

    first = (await front.http.get(query, headers=SCHOOL)).json()
    second = (await front.http.get(f"{query}&cursor={first['next_cursor']}", headers=SCHOOL)).json()

    assert [item["id"] for item in first["items"] + second["items"]] == sent[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=done", "/status"),
        ("status=", "/status"),
        ("reference=", "/reference"),
        ("agency_reference=", "/agency_reference"),
        (f"agency_reference={'x' * 201}", "/agency_reference"),
        ("received_after=2026-11-20", "/received_after"),
        ("received_after=2026-11-20T10:00:00", "/received_after"),
        ("received_before=2026-11-20T10:00:00Z", "/received_before"),
    ],
)
async def test_what_narrows_nothing_is_refused(front: Front, query: str, pointer: str) -> None:
    """422 at the name; the known names are told to whoever asked by another."""
    reply = await front.http.get(f"/v1/referrals?{query}", headers=SCHOOL)
    (error,) = reply.json()["errors"]

    assert (reply.status_code, error["pointer"]) == (422, pointer)
    known = "Known: status, reference, agency_reference, received_after, limit, cursor."
    assert (known in error["detail"]) == (pointer == "/received_before")


async def test_what_an_older_version_stored_is_found(front: Front) -> None:
    """Referrals whose reference was never looked at are looked at once; one without a reference stays without."""
    one, two, _ = await refer(front)
    async with transaction(front.db) as session:
        await session.execute(update(Referral).values(agency_reference=b""))
    assert await listed(front, f"agency_reference={FIRST}") == []

    await index_references(front.db, front.service.resources.vault)

    assert await listed(front, f"agency_reference={FIRST}") == [one["id"]]
    assert await listed(front, f"agency_reference={quote(SECOND)}") == [two["id"]]
    async with transaction(front.db) as session:
        without = select(func.count()).select_from(Referral).where(Referral.agency_reference.is_(None))
        assert await session.scalar(without) == 1
