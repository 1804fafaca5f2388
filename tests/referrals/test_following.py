"""Following a referral: only one's own, as far as triage has come, and every look is audited."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from services.referrals import queries
from services.referrals.domain import ReferralStatus
from shared.db import new_id, open_database, transaction
from shared.events import CaseAcknowledged, CaseAdviceGiven, CaseDecided, CaseOpened
from shared.inbox import inbox
from tests.conftest import owner_url
from tests.referrals.conftest import POLICE, SCHOOL, SCREENER, TRIAGE, Front
from tests.referrals.documents import document

DECIDED_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def opened(accepted: dict[str, Any]) -> CaseOpened:
    return CaseOpened(
        referral_id=accepted["id"], reference=accepted["reference"], detail_url="/v1/cases/c", case_id=new_id()
    )


def decided(front: Front, accepted: dict[str, Any], feedback: str = "Help was offered.") -> CaseDecided:
    """Return the news of a decision whose feedback triage will answer with."""
    case_id = new_id()
    url = f"/internal/cases/{case_id}/feedback"
    front.triage.details[url] = {
        "status": "decided",
        "feedback_to_referrer": feedback,
        "next_step": "Stay in touch.",
        "decided_at": DECIDED_AT.isoformat(),
    }
    return CaseDecided(referral_id=accepted["id"], reference=accepted["reference"], detail_url=url, case_id=case_id)


async def test_a_referral_follows_its_case(front: Front) -> None:
    """Received, in triage, decided with feedback; each move is audited under the event's correlation id."""
    accepted = await front.submit(document(agency_reference="PPN-26-1"))
    shown = await front.read(accepted["id"])
    assert (shown["status"], shown["agency_reference"], shown["feedback"]) == ("received", "PPN-26-1", None)
    await front.hear(opened(accepted))
    assert (await front.read(accepted["id"]))["status"] == "in_triage"
    await front.hear(decided(front, accepted))
    shown = await front.read(accepted["id"])
    assert shown["status"] == "decided"
    assert (shown["feedback"], shown["next_step"]) == ("Help was offered.", "Stay in touch.")
    assert datetime.fromisoformat(shown["decided_at"]) == DECIDED_AT
    trail = await front.audit(accepted["id"])
    assert [(who, action) for who, action, _ in trail] == [
        ("a-school", "referral.submitted"),
        ("a-school", "referral.read"),
        ("service-referrals", "referral.in_triage"),
        ("a-school", "referral.read"),
        ("service-referrals", "referral.decided"),
        ("a-school", "referral.read"),
    ]
    assert all(correlation for _, _, correlation in trail)


async def test_news_in_one_batch_moves_many(front: Front) -> None:
    """Several cases opened and decided in one batch each move their own referral."""
    accepted = [await front.submit(document()) for _ in range(3)]
    await front.hear(*map(opened, accepted))
    await front.hear(*(decided(front, one, one["reference"]) for one in accepted[:2]))
    shown = [await front.read(one["id"]) for one in accepted]
    assert [one["status"] for one in shown] == ["decided", "decided", "in_triage"]
    assert [one["feedback"] for one in shown] == [accepted[0]["reference"], accepted[1]["reference"], None]


async def test_a_person_has_it_and_says_what_to_do(front: Front) -> None:
    """The sender reads when it was acknowledged and the latest advice, asked for once; a decision leaves both."""
    accepted = await front.submit(document())
    shown = await front.read(accepted["id"])
    assert (shown["acknowledged_at"], shown["advice"]) == (None, [])
    case_id = new_id()
    url = f"/internal/cases/{case_id}/feedback"
    said = {"referral_id": accepted["id"], "reference": accepted["reference"], "case_id": case_id, "detail_url": url}
    for advice in (["keep_in_school"], ["send_home"]):
        at = "2026-11-23T10:00:00Z"
        front.triage.details[url] = {"status": "claimed", "acknowledged_at": at, "advice": advice, "decided_at": None}
        await front.hear(opened(accepted), CaseAcknowledged(**said), CaseAdviceGiven(**said))
        shown = await front.read(accepted["id"])
        assert (shown["status"], shown["acknowledged_at"], shown["advice"]) == ("in_triage", at, advice)
    assert front.triage.asked == [url, url]
    assert [action for who, action, _ in await front.audit(accepted["id"]) if who == "service-referrals"] == [
        "referral.in_triage", *["referral.acknowledged"] * 4
    ]  # fmt: skip
    await front.hear(decided(front, accepted))
    assert (await front.read(accepted["id"]))["advice"] == ["send_home"]


async def test_a_decision_that_was_set_aside_is_not_told(front: Front) -> None:
    """Reopened before its feedback was read, it leaves the referral in triage."""
    accepted = await front.submit(document())
    fact = decided(front, accepted)
    front.triage.details[fact.detail_url] |= {"feedback_to_referrer": None, "decided_at": None}
    await front.hear(opened(accepted), fact)
    assert (await front.read(accepted["id"]))["status"] == "in_triage"


async def test_the_feedback_is_sealed(front: Front) -> None:
    """What triage wrote stands in no column in the open."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted, "Quillfeather"))
    async with transaction(front.db) as session:
        connection = await session.connection()
        for table in ("decisions", "referrals", "audit_rows", "inbox"):
            found = await connection.exec_driver_sql(f"SELECT t::text FROM {table} t")
            assert not any("Quillfeather" in row[0] or b"Quillfeather".hex() in row[0] for row in found)


async def test_states_move_only_legally(front: Front) -> None:
    """A second decision is refused and changes nothing, and a late opening does not bring a referral back."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted, "First."))
    await front.hear(decided(front, accepted, "Second."))
    await front.hear(opened(accepted))
    shown = await front.read(accepted["id"])
    assert (shown["status"], shown["feedback"]) == ("decided", "First.")
    async with transaction(front.db) as session:
        outcomes = (await session.scalars(select(inbox.c.outcome))).all()
    assert sorted(outcomes) == ["applied", "applied", "applied", "refused: illegal-move"]


async def test_a_decision_without_its_opening_is_still_told(front: Front) -> None:
    """Where the opening was lost, the decision still reaches the sender."""
    accepted = await front.submit(document())
    await front.hear(decided(front, accepted))
    assert (await front.read(accepted["id"]))["status"] == "decided"


async def test_news_of_another_hubs_referral_is_refused(front: Front) -> None:
    """News of a referral that was never submitted here moves nothing and is no dead letter."""
    stranger = {"id": str(new_id()), "reference": "FD-2611-0000-0000"}
    await front.hear(opened(stranger), decided(front, stranger))
    async with transaction(front.db) as session:
        outcomes = (await session.scalars(select(inbox.c.outcome))).all()
    assert sorted(outcomes) == ["applied", "refused: not-found"]


async def test_triage_that_is_away_is_waited_for(front: Front) -> None:
    """A decision whose feedback cannot be read yet is applied once it can."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted))
    front.triage.away = True
    hearing = asyncio.create_task(front.hear(decided(front, accepted)))
    assert (await front.read(accepted["id"], "?status=decided&wait=1"))["status"] == "in_triage"
    front.triage.away = False
    await hearing
    assert (await front.read(accepted["id"]))["status"] == "decided"


@pytest.mark.parametrize(
    ("query", "ends_as"),
    [("?status=in_triage&wait=30", "in_triage"), ("?wait=30", "in_triage"), ("?status=decided&wait=1", "in_triage")],
)
async def test_waiting_ends_when_the_status_is_reached_or_the_time_over(
    query: str, ends_as: str, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who waits hears of the move as it happens; without one, the state at the end of the time."""
    looked = asyncio.Event()
    look = queries.status_of

    async def status_of(*asked: Any) -> ReferralStatus:
        found = await look(*asked)
        looked.set()
        return found

    monkeypatch.setattr(queries, "status_of", status_of)
    accepted = await front.submit(document())
    reading = asyncio.create_task(front.read(accepted["id"], query))
    await looked.wait()
    await front.hear(opened(accepted))
    async with asyncio.timeout(10):
        assert (await reading)["status"] == ends_as


async def test_waiting_for_what_is_past_answers_at_once(front: Front) -> None:
    """A status that was passed already is no reason to wait."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted))
    async with asyncio.timeout(10):
        assert (await front.read(accepted["id"], "?status=in_triage&wait=30"))["status"] == "decided"


async def test_waiting_holds_no_connection(front: Front) -> None:
    """More readers may wait than there are connections, and a submission gets through meanwhile."""
    accepted = await front.submit(document())
    waiting = [asyncio.create_task(front.read(accepted["id"], "?status=in_triage&wait=30")) for _ in range(40)]
    other = await front.submit(document())
    assert other["id"] != accepted["id"]
    await front.hear(opened(accepted))
    assert {shown["status"] for shown in await asyncio.gather(*waiting)} == {"in_triage"}


async def test_bad_waiting_is_refused(front: Front) -> None:
    """The longest wait is 30 seconds, for a status that there is."""
    accepted = await front.submit(document())
    for query in ("?wait=31", "?wait=-1", "?wait=x", "?status=lost&wait=1"):
        reply = await front.http.get(f"/v1/referrals/{accepted['id']}{query}", headers=SCHOOL)
        assert reply.status_code == 422


async def test_referrals_of_others_are_not_there(front: Front) -> None:
    """Another agency's referral, one that never was, and what is no id are all the same 404, waiting or not."""
    accepted = await front.submit(document())
    for path in (accepted["id"], str(new_id()), "x", f"{accepted['id']}?wait=5&status=decided"):
        reply = await front.http.get(f"/v1/referrals/{path}", headers=POLICE)
        assert reply.status_code == 404
    assert (await front.http.get("/v1/referrals", headers=POLICE)).json() == {"items": [], "next_cursor": None}
    assert (await front.http.get("/v1/referrals", headers=SCREENER)).json()["items"] == []
    assert [who for who, _, _ in await front.audit(accepted["id"])] == ["a-school"]


async def test_the_list_goes_back_page_by_page(front: Front) -> None:
    """The latest comes first, each once, and every referral shown is audited."""
    ids = [(await front.submit(document()))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await front.http.get(f"/v1/referrals?limit=2{cursor}", headers=SCHOOL)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    assert ("a-school", "referral.listed") in [row[:2] for row in await front.audit(ids[0])]


async def test_bad_pages_are_refused(front: Front) -> None:
    """A limit out of bounds, or a cursor of somebody's own making."""
    for query in ("?limit=0", "?limit=201", "?cursor=x", "?cursor=WzFd", "?cursor=WyJ4Il0"):
        assert (await front.http.get(f"/v1/referrals{query}", headers=SCHOOL)).status_code == 422


async def test_only_services_read_a_referral_whole(front: Front) -> None:
    """The internal detail is for the scope that only services have, and its read is audited."""
    accepted = await front.submit(document())
    path = f"/internal/referrals/{accepted['id']}"
    for headers, status in (({}, 401), (SCHOOL, 403), (SCREENER, 403)):
        assert (await front.http.get(path, headers=headers)).status_code == status
    assert [who for who, _, _ in await front.audit(accepted["id"])] == ["a-school"]
    detail = (await front.http.get(path, headers=TRIAGE)).json()
    assert ("service-triage", "referral.read") in [row[:2] for row in await front.audit(accepted["id"])]
    lists = {"known_as": [], "disabilities": [], "location_protected": False}
    assert detail["referral"] == {
        **document(),
        "restricted": False,
        "household": [],
        "children": [{**document()["children"][0], **lists}],
        "concern": {**document()["concern"], "indicators": []},
    }
    assert detail["quality"] == accepted["quality"]


async def test_what_cannot_be_audited_is_not_shown(front: Front, server: str) -> None:
    """Where the audit row cannot be written, neither a referral nor a list leaves the service."""
    accepted = await front.submit(document())
    owner = open_database(owner_url(server, front.db))
    async with owner.engine.begin() as connection:
        await connection.exec_driver_sql("REVOKE INSERT ON audit_rows FROM referrals_app")
    await owner.close()
    for path, headers in (
        (f"/v1/referrals/{accepted['id']}", SCHOOL),
        ("/v1/referrals", SCHOOL),
        (f"/internal/referrals/{accepted['id']}", TRIAGE),
    ):
        reply = await front.http.get(path, headers=headers)
        assert reply.status_code == 500
        assert accepted["reference"] not in reply.text
    assert (await front.post(document())).status_code == 500


async def test_code_lists_are_published(front: Front) -> None:
    """Every code list can be found and read with any good token; others are not there."""
    names = [item["name"] for item in (await front.http.get("/v1/code-lists", headers=POLICE)).json()["items"]]
    assert {"indicators", "ethnicity", "referral_source"} <= set(names)
    for name in names:
        listed = (await front.http.get(f"/v1/code-lists/{name}", headers=TRIAGE)).json()
        assert listed["name"] == name
        assert listed["items"]
    first = (await front.http.get("/v1/code-lists?limit=3", headers=POLICE)).json()
    rest = (await front.http.get(f"/v1/code-lists?cursor={first['next_cursor']}", headers=POLICE)).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == names
    assert (len(first["items"]), rest["next_cursor"]) == (3, None)
    assert (await front.http.get("/v1/code-lists/none", headers=POLICE)).status_code == 404
    assert (await front.http.get("/v1/code-lists")).status_code == 401
