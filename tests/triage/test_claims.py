"""Claims: one case, one owner; the most urgent first; what lies idle is given back."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from services.triage.actions.claim_case import release_lapsed
from services.triage.models import Case
from shared.db import transaction
from tests.triage.conftest import SCREENER, SCREENER_2, Front, example


async def test_next_is_the_most_urgent(front: Front) -> None:
    """Red before amber, and of one colour what is due first; then 204."""
    now = datetime.now(UTC)
    amber = await front.submit(example("05"), received_at=now - timedelta(days=5))
    later = await front.submit(example("01"), received_at=now)
    first = await front.submit(example("06"), received_at=now - timedelta(days=2))
    claimed = [(await front.http.post("/v1/cases/next", headers=SCREENER)).json()["referral_id"] for _ in range(3)]
    assert claimed == [str(first), str(later), str(amber)]
    assert (await front.http.post("/v1/cases/next", headers=SCREENER)).status_code == 204


async def test_twenty_at_once_get_twenty_cases(front: Front) -> None:
    """No two callers are given the same case."""
    for _ in range(20):
        await front.submit(example("05"))
    replies = await asyncio.gather(*(front.http.post("/v1/cases/next", headers=SCREENER) for _ in range(20)))
    assert len({reply.json()["id"] for reply in replies}) == 20


async def test_a_case_claimed_by_another_is_refused(front: Front) -> None:
    """The second claim gets 409, the owner's own renews."""
    case = await front.case_of(await front.submit(example("05")))
    claimed = await front.post(case, "claim", {}, SCREENER)
    assert (claimed.json()["status"], claimed.json()["owner"]) == ("claimed", "screener")
    case["etag"] = claimed.headers["ETag"]
    refused = await front.post(case, "claim", {}, SCREENER_2)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#case-claimed-by-another")
    assert (await front.post(case, "claim", {}, SCREENER)).status_code == 200


async def test_an_idle_claim_is_given_back(front: Front) -> None:
    """After its lease a case is unassigned again, and another may have it."""
    case = await front.case_of(await front.submit(example("05")))
    await front.post(case, "claim", {}, SCREENER)
    async with transaction(front.db) as session:
        await session.execute(update(Case).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
        await release_lapsed(session)
    again = await front.http.post("/v1/cases/next", headers=SCREENER_2)
    assert (again.json()["id"], again.json()["owner"]) == (case["id"], "screener-2")


async def test_if_match_is_asked_for_and_checked(front: Front) -> None:
    """Without If-Match 428, with another version's 412; neither claims."""
    case = await front.case_of(await front.submit(example("05")))
    none = await front.http.post(f"/v1/cases/{case['id']}/claim", json={}, headers=SCREENER)
    stale = await front.post(case, "claim", {}, SCREENER, **{"If-Match": '"99"'})
    assert (none.status_code, stale.status_code) == (428, 412)
    assert (await front.case_of(case["referral_id"]))["owner"] is None
