"""What a client may ask in what time: refused beyond it, save what was answered before and who is in danger."""

import asyncio
import json
from typing import Any

import httpx

from services.referrals.actions.agencies import limit_agency, register_agency
from services.referrals.domain.agencies import PARTNER_SCOPES
from shared.allowances import Allowance, Rate
from shared.db import open_database, transaction
from shared.telemetry.metrics import REGISTRY
from tests.conftest import owner_url
from tests.fakes import eventually
from tests.referrals.conftest import POLICE, SCHOOL, SCREENER, TRIAGE, Front
from tests.referrals.documents import document
from tests.shared.structured import parse_items

ORDINARY = document()
DANGER = document({"immediate_danger": "yes"})
NOT_KNOWN = document({"immediate_danger": "not_known"})


async def statuses(front: Front, sent: Any, times: int, headers: dict[str, str] = SCHOOL) -> list[int]:
    """Submit the document so often, one after another, under a new key each time."""
    return [(await front.post(sent, headers)).status_code for _ in range(times)]


async def test_a_burst_is_taken_and_what_is_beyond_it_refused(limited: Front) -> None:
    """The answer says when there is more, in seconds, and is a problem that says what to do; nothing is recorded."""
    replies = [await limited.post(ORDINARY) for _ in range(4)]

    assert [reply.status_code for reply in replies] == [202, 202, 202, 429]
    assert replies[-1].headers["Content-Type"] == "application/problem+json"
    assert replies[-1].json()["type"] == "/problems#too-many-requests"
    assert 900 <= int(replies[-1].headers["Retry-After"]) <= 1000
    assert len(await limited.events()) == 3


async def test_every_answer_says_what_is_left(limited: Front) -> None:
    """`RateLimit-Policy` and `RateLimit` are lists of strings with whole numbers, whatever the answer's status."""
    replies = [await limited.post(sent) for sent in (ORDINARY, {"no": "referral"}, ORDINARY, ORDINARY)]
    policies = [parse_items(reply.headers["RateLimit-Policy"]) for reply in replies]
    left = [parse_items(reply.headers["RateLimit"])["submissions"] for reply in replies]

    assert [reply.status_code for reply in replies] == [202, 422, 202, 429]
    assert policies == [{"submissions": {"q": 3, "w": 3000}}] * 4
    assert [each["r"] for each in left] == [2, 1, 0, 0]
    assert int(replies[-1].headers["Retry-After"]) == left[-1]["t"]


async def test_the_body_chooses_the_allowance(limited: Front) -> None:
    """Danger has one of its own, which others do not use up; what is not known to be one is no danger."""
    assert await statuses(limited, ORDINARY, 3) == [202] * 3
    assert await statuses(limited, NOT_KNOWN, 1) == [429]
    pasted = {**DANGER, "concern": {**DANGER["concern"], "immediate_danger": " yes\u200b"}}
    replies = [await limited.post(DANGER), await limited.post(pasted)]

    assert [reply.status_code for reply in replies] == [202, 202]
    assert [parse_items(reply.headers["RateLimit"])["danger"]["r"] for reply in replies] == [2, 1]


async def test_danger_falls_back_on_what_else_is_left(limited: Front) -> None:
    """An urgent referral is taken as long as anything is left, and only then refused."""
    assert await statuses(limited, DANGER, 7) == [202] * 6 + [429]
    assert await statuses(limited, ORDINARY, 1) == [429]


async def test_an_answer_that_is_given_again_costs_nothing(limited: Front) -> None:
    """However often, and also with nothing left; nor does it use up anything while something is."""
    first = await limited.post(ORDINARY, key="once")
    again = [await limited.post(ORDINARY, key="once") for _ in range(9)]
    assert await statuses(limited, ORDINARY, 3) == [202, 202, 429]
    again += [await limited.post(ORDINARY, key="once") for _ in range(9)]

    assert {reply.status_code for reply in again} == {202}
    assert {reply.json()["id"] for reply in again} == {first.json()["id"]}
    assert {reply.headers["Idempotent-Replayed"] for reply in again} == {"true"}


async def test_what_is_malformed_costs_nothing_and_what_is_invalid_does(limited: Front) -> None:
    """400 and 413 come before the allowance is asked, 422 after it; with nothing left, 429 comes before 422."""
    headers = {**SCHOOL, "Idempotency-Key": "k"}

    async def send(body: bytes) -> int:
        return (await limited.http.post("/v1/referrals", content=body, headers=headers)).status_code

    assert [await send(b"{") for _ in range(5)] == [400] * 5
    assert await send(b" " * (1024 * 1024 + 1)) == 413
    assert [await send(b"{}") for _ in range(4)] == [422, 422, 422, 429]
    assert await send(b"{") == 400


async def test_a_key_of_another_body_is_refused_after_the_limit(limited: Front) -> None:
    """It costs as any other; with nothing left it is 429 and not 422."""
    await limited.post(ORDINARY, key="once")
    reused = [await limited.post(DANGER | {"kind": "information"}, key="once") for _ in range(7)]

    assert [reply.status_code for reply in reused] == [422] * 5 + [429] * 2


async def test_the_allowance_of_one_agency_is_not_anothers(limited: Front) -> None:
    """A flood of a hundred at once from a school leaves the police all that is theirs."""
    flood = await asyncio.gather(*(limited.post(ORDINARY) for _ in range(100)))

    assert sorted(reply.status_code for reply in flood) == [202] * 3 + [429] * 97
    assert await statuses(limited, ORDINARY, 3, POLICE) == [202] * 3


async def test_staff_are_counted_each_and_apart_from_agencies(limited: Front) -> None:
    """A screener who takes a call has an allowance of their own."""
    assert await statuses(limited, ORDINARY, 4, SCREENER) == [202, 202, 202, 429]
    assert await statuses(limited, ORDINARY, 1) == [202]


async def test_services_of_the_front_door_are_not_limited(limited: Front) -> None:
    """Details are fetched however many events there are, and no header speaks of limits."""
    accepted = await limited.submit(ORDINARY)
    place = f"/internal/referrals/{accepted['id']}"
    replies = [await limited.http.get(place, headers=TRIAGE) for _ in range(10)]

    assert {reply.status_code for reply in replies} == {200}
    assert "RateLimit" not in replies[0].headers


async def test_reads_are_limited(limited: Front) -> None:
    """A list before anything is read, a record once it is known to be there: 404 comes before 429."""
    accepted = await limited.submit(ORDINARY)
    paths = ["/v1/referrals", f"/v1/referrals/{accepted['id']}", "/v1/referrals/01935b3e-7a00-7000-8000-000000000000"]
    replies = [await limited.http.get(path, headers=SCHOOL) for path in (*paths, *paths)]

    assert [reply.status_code for reply in replies] == [200, 200, 404, 429, 429, 404]
    assert parse_items(replies[0].headers["RateLimit-Policy"]) == {"partner_reads": {"q": 3, "w": 3000}}


async def test_so_many_reads_of_one_client_wait(front: Front) -> None:
    """One more is told to come again, and one that need not wait is answered, as is another agency's."""
    accepted, others = await front.submit(ORDINARY), await front.submit(ORDINARY, POLICE)
    front.limits.waits.most = 3
    path = f"/v1/referrals/{accepted['id']}?wait=30&status="
    waiting = [asyncio.create_task(front.http.get(f"{path}decided", headers=SCHOOL)) for _ in range(3)]
    await eventually(lambda: is_counted(front, "a-school", 3))

    refused = await front.http.get(f"{path}decided", headers=SCHOOL)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert (await front.http.get(f"{path}received", headers=SCHOOL)).status_code == 200
    of_others = f"/v1/referrals/{others['id']}?wait=1&status=decided"
    assert (await front.http.get(of_others, headers=POLICE)).status_code == 200

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await eventually(lambda: is_counted(front, "a-school", 0))


async def is_counted(front: Front, client: str, count: int) -> bool:
    return front.limits.waits.of(client) == count


async def test_changes_are_limited_after_what_cannot_be_found(limited: Front) -> None:
    """404 and 400 come before 429, a replay too; a withdrawal of what was withdrawn, which would be 409, after it."""
    accepted = await limited.submit(ORDINARY)

    async def withdraw(referral_id: str, key: str, body: bytes = b'{"reason": "By mistake."}') -> httpx.Response:
        headers = {**SCHOOL, "Idempotency-Key": key}
        return await limited.http.post(f"/v1/referrals/{referral_id}/withdrawal", content=body, headers=headers)

    first = await withdraw(accepted["id"], "first")
    later = [(await withdraw(accepted["id"], f"later-{number}")).status_code for number in range(3)]
    assert (first.status_code, later) == (202, [409, 409, 429])
    assert (await withdraw("01935b3e-7a00-7000-8000-000000000000", "k")).status_code == 404
    assert (await withdraw(accepted["id"], "k", b"{")).status_code == 400
    assert (await withdraw(accepted["id"], "first")).json() == first.json()


async def test_an_agency_may_have_rates_of_its_own(limited: Front) -> None:
    """They hold without a restart, for the allowance that they name alone, and can be taken back."""
    async with transaction(limited.db) as session:
        await register_agency(session, "a-police-force", "Police", source="6", scopes=PARTNER_SCOPES)
        await limit_agency(session, "a-police-force", Allowance.SUBMISSIONS, Rate(5, 0.001))

    async def shows(quota: int) -> bool:
        reply = await limited.post({}, POLICE)
        return parse_items(reply.headers["RateLimit-Policy"])["submissions"]["q"] == quota

    await eventually(lambda: shows(5))
    assert (await limited.http.get("/v1/referrals", headers=POLICE)).headers["RateLimit-Policy"].endswith("q=3;w=3000")
    async with transaction(limited.db) as session:
        await limit_agency(session, "a-police-force", Allowance.SUBMISSIONS, None)
    await eventually(lambda: shows(3))


async def test_refusals_are_counted_without_naming_anybody(limited: Front) -> None:
    """One for each request that was answered 429; the label is the allowance."""

    def refused() -> float:
        return REGISTRY.get_sample_value("frontdoor_requests_refused_total", {"allowance": "submissions"}) or 0.0

    before = refused()
    await statuses(limited, ORDINARY, 5)

    assert refused() - before == 2


async def test_an_urgent_referral_is_taken_though_its_allowance_cannot_be_looked_up(
    limited: Front, server: str
) -> None:
    """The table of buckets gone, referrals are taken still: a limit is no reason to lose a child in danger."""
    owner = open_database(owner_url(server, limited.db))
    async with owner.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE rate_buckets")
    await owner.close()

    assert await statuses(limited, DANGER, 20) == [202] * 20


def test_the_documents_of_these_tests_are_what_they_say() -> None:
    """They differ in the danger alone."""
    assert {json.dumps(each["concern"]["immediate_danger"]) for each in (ORDINARY, DANGER, NOT_KNOWN)} == {
        '"no"', '"yes"', '"not_known"',
    }  # fmt: skip
