"""Claims: one case, one owner; the most urgent first; what lies idle is given back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from services.triage.actions.claim_case import release_lapsed
from services.triage.models import Case
from shared.db import transaction
from shared.security import Role
from tests.fakes import as_staff
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example
from tests.triage.staffing import arrive


async def test_next_is_the_most_urgent(front: Front) -> None:
    """Red before amber, and of one colour what is due first; then 204."""
    now = datetime.now(UTC)
    amber = await front.submit(example("05"), received_at=now - timedelta(days=5))
    later = await front.submit(example("01"), received_at=now)
    first = await front.submit(example("06"), received_at=now - timedelta(days=2))
    claimed = [(await front.http.post("/v1/cases/next", headers=SCREENER)).json()["referral_id"] for _ in range(3)]
    assert claimed == [str(first), str(later), str(amber)]
    assert (await front.http.post("/v1/cases/next", headers=SCREENER)).status_code == 204


async def test_fifty_at_once_never_get_the_same_case(front: Front) -> None:
    """Fifty workers, forty cases: forty owners, each of one case, and ten who are told that there is none.

    As many at a time as the service has connections, so that none waits for one longer than it may.
    """
    for _ in range(40):
        await front.submit(example("05"))
    places = asyncio.Semaphore(12)

    async def ask(worker: dict[str, str]) -> httpx.Response:
        async with places:
            return await front.http.post("/v1/cases/next", headers=worker)

    workers = [as_staff(f"worker-{number}", Role.SCREENER) for number in range(50)]
    replies = await asyncio.gather(*(ask(worker) for worker in workers))
    given = [reply.json() for reply in replies if reply.status_code == 200]
    assert (len(given), sum(reply.status_code == 204 for reply in replies)) == (40, 10)
    assert len({case["id"] for case in given}) == len({case["owner"] for case in given}) == 40


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
    assert "case.lapsed" in [step["what"] for step in again.json()["timeline"]]


async def test_if_match_is_asked_for_and_checked(front: Front) -> None:
    """Without If-Match 428, with another version's 412; neither claims."""
    case = await front.case_of(await front.submit(example("05")))
    none = await front.http.post(f"/v1/cases/{case['id']}/claim", json={}, headers=SCREENER)
    stale = await front.post(case, "claim", {}, SCREENER, **{"If-Match": '"99"'})
    assert (none.status_code, stale.status_code) == (428, 412)
    assert (await front.case_of(case["referral_id"]))["owner"] is None


async def set_case(front: Front, referral_id: UUID, **values: Any) -> None:
    async with transaction(front.db) as session:
        await session.execute(update(Case).where(Case.referral_id == referral_id).values(**values))


async def test_whatever_its_owner_does_extends_the_lease(front: Front) -> None:
    """A note of the owner's starts the 15 minutes anew; another's does not."""
    referral_id = await front.submit(example("05"))
    case = await front.case_of(referral_id)
    claimed = (await front.post(case, "claim", {}, SCREENER)).json()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    for worker, extended in ((SCREENER_2, False), (SCREENER, True)):
        await set_case(front, referral_id, lease_until=soon)
        shown = (await front.post(case, "notes", {"text": "Rang the school."}, worker)).json()
        assert (datetime.fromisoformat(shown["lease_until"]) > soon) is extended
    assert datetime.fromisoformat(claimed["lease_until"]) > soon


async def test_a_case_is_released_by_its_owner_or_a_manager(front: Front) -> None:
    """Back on the queue with the reason; another worker may not, and what nobody has cannot be given back."""
    case = await front.case_of(await front.submit(example("05")))
    none = await front.post(case, "release", {}, SCREENER)
    assert (none.status_code, none.json()["type"]) == (409, "/problems#case-not-claimed")
    for releasing in (SCREENER, MANAGER):
        case["etag"] = (await front.post(case, "claim", {}, SCREENER)).headers["ETag"]
        assert (await front.post(case, "release", {}, SCREENER_2)).status_code == 409
        reply = await front.post(case, "release", {"reason": "I know the family."}, releasing)
        shown, case["etag"] = reply.json(), reply.headers["ETag"]
        assert (shown["status"], shown["owner"], shown["lease_until"]) == ("unassigned", None, None)
        assert (shown["notes"][-1]["about"], shown["notes"][-1]["text"]) == ("case.released", "I know the family.")


async def test_a_case_is_handed_on(front: Front) -> None:
    """By its owner, or by a manager out of anybody's hands; never to an account that may not see cases."""
    case = await front.case_of(await front.submit(example("05")))
    await arrive(front, SOCIAL_WORKER, SCREENER_2)
    body = {"to": "social-worker", "reason": "She knows the school."}
    handed = await front.post(case, "assignment", body, SCREENER)
    shown, case["etag"] = handed.json(), handed.headers["ETag"]
    assert (shown["status"], shown["owner"], shown["notes"][0]["text"]) == ("claimed", "social-worker", body["reason"])
    assert shown["lease_until"] is not None
    assert (await front.post(case, "assignment", {"to": "screener"}, SCREENER)).status_code == 409
    refused = await front.post(case, "assignment", {"to": "auditor"}, MANAGER)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/to")
    taken = await front.post(case, "assignment", {"to": "screener-2", "reason": "She is ill."}, MANAGER)
    assert taken.json()["owner"] == "screener-2"
    case["etag"] = taken.headers["ETag"]
    assert (await front.post(case, "release", {}, SOCIAL_WORKER)).status_code == 409


async def test_who_knows_the_child_is_offered_it_first(front: Front) -> None:
    """Before older cases of no more urgency, and for a while to nobody else; red goes before it, and to anybody."""
    now = datetime.now(UTC)
    await arrive(front, SCREENER_2, SOCIAL_WORKER)
    older = await front.submit(example("05"), received_at=now - timedelta(days=3))
    known = await front.submit(example("05"), received_at=now)
    await set_case(front, known, known_to="screener-2")
    red = await front.submit(example("06"), received_at=now)
    await set_case(front, red, known_to="social-worker")

    async def offered(worker: dict[str, str]) -> str | None:
        reply = await front.http.post("/v1/cases/next", headers=worker)
        return reply.json()["referral_id"] if reply.status_code == 200 else None

    assert [await offered(SCREENER) for _ in range(3)] == [str(red), str(older), None]
    await set_case(front, older, status="unassigned", owner=None)
    assert [await offered(SCREENER_2) for _ in range(2)] == [str(known), str(older)]


async def test_what_is_kept_for_a_worker_goes_to_all_after_a_while(front: Front) -> None:
    """Once the hub's minutes are over, the most urgent is anybody's."""
    known = await front.submit(example("05"))
    minutes = front.hub.kept_for_known_worker_minutes
    await set_case(front, known, known_to="screener-2", opened_at=datetime.now(UTC) - timedelta(minutes=minutes + 1))
    reply = await front.http.post("/v1/cases/next", headers=SCREENER)
    assert reply.json()["referral_id"] == str(known)


async def test_a_re_referral_is_offered_to_the_worker_of_the_case_before(front: Front) -> None:
    """Whoever has the child's earlier case gets the new one; another worker is told that there is none."""
    first = await front.case_of(await front.submit(example("05")))
    await front.post(first, "claim", {}, SCREENER_2)
    again = await front.submit(example("05"))
    assert (await front.http.post("/v1/cases/next", headers=SCREENER)).status_code == 204
    offered = await front.http.post("/v1/cases/next", headers=SCREENER_2)
    assert offered.json()["referral_id"] == str(again)
