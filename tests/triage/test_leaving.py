"""Who leaves, or works on cases no more: nothing stays in their hands."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.triage.actions.drafts import keep_draft
from services.triage.actions.register import add_person, return_work
from services.triage.actions.sessions import Person, find_session, sign_in
from services.triage.api.register import watch_left
from services.triage.domain.staff import AccountUnknown, PersonHasLeft
from services.triage.models import Case, Draft, ParallelRoute
from shared.db import transaction
from shared.security import FRONT_DOOR, Caller, Role
from tests.fakes import STAFF_ISSUER, as_partner, as_staff, eventually, verifier
from tests.triage.asking import AGENCIES, questions
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, Front, example
from tests.triage.staffing import arrive, leave

KIM = Person(STAFF_ISSUER, "kim", "Kim Example", frozenset({Role.SOCIAL_WORKER}))


async def test_who_leaves_gives_everything_back(front: Front) -> None:
    """Claimed, assigned and waiting cases are on the queue at once with a line; a colleague's stays where it is."""
    await arrive(front, SCREENER, SCREENER_2)
    claimed, waiting, other, assigned = [await front.case_of(await front.submit(example("05"))) for _ in range(4)]
    for case in (claimed, waiting):
        case["etag"] = (await front.post(case, "claim", {}, SCREENER)).headers["ETag"]
    await front.post(assigned, "assignment", {"to": "screener"}, MANAGER)
    await front.post(other, "claim", {}, SCREENER_2)
    front.referrals.details["/internal/agencies/answering"] = {"agencies": AGENCIES}
    asked = await front.post(waiting, "information-requests", questions(), SCREENER)
    assert asked.status_code == 201

    assert await leave(front, "screener") == 3

    queue = (await front.http.get("/v1/cases?queue=unassigned", headers=SCREENER_2)).json()["items"]
    assert {item["id"] for item in queue} == {claimed["id"], waiting["id"], assigned["id"]}
    for case in (claimed, waiting, assigned):
        after = await front.case_of(case["referral_id"], SCREENER_2)
        assert (after["owner"], after["lease_until"]) == (None, None)
        assert after["timeline"][-1]["what"] == "case.owner_left"
    assert (await front.case_of(other["referral_id"], SCREENER_2))["owner"] == "screener-2"
    assert await leave(front, "screener") == 0


async def test_who_has_left_is_given_nothing(front: Front) -> None:
    """Neither a case nor a session, and their name is not among the spellings; until they are taken back."""
    async with transaction(front.db) as session:
        secret = await sign_in(session, KIM)
    case = await front.case_of(await front.submit(example("05")))
    await leave(front, "kim")

    refused = await front.post(case, "assignment", {"to": "kim"}, MANAGER)
    assert refused.json()["errors"][0]["detail"] == "Nobody who works on cases has this account."
    async with transaction(front.db) as session:
        assert await find_session(session, secret, active=True) is None
    with pytest.raises(PersonHasLeft):
        async with transaction(front.db) as session:
            await sign_in(session, KIM)
    reply = await front.http.get("/v1/cases", headers=as_staff("kim", Role.SOCIAL_WORKER))
    assert (reply.status_code, reply.json()["type"]) == (401, "/problems#person-has-left")

    async with transaction(front.db) as session:
        await add_person(session, "kim")
    assert (await front.post(case, "assignment", {"to": "kim"}, MANAGER)).status_code == 200


async def test_the_other_services_are_told_who_has_left(front: Front) -> None:
    """By issuer and account; triage keeps the same for its own process."""
    await arrive(front, SCREENER, SCREENER_2)
    await leave(front, "screener")
    reply = await front.http.get("/internal/staff/left", headers=as_partner("service-referrals", "internal:read"))
    verifying = verifier()
    watching = asyncio.create_task(watch_left(front.db, verifying))
    await eventually(lambda: asyncio.sleep(0, verifying.left))
    watching.cancel()

    assert reply.json() == {"left": [[STAFF_ISSUER, "screener"]]}
    assert verifying.left == {(STAFF_ISSUER, "screener")}


async def test_nobody_unknown_leaves(front: Front) -> None:
    with pytest.raises(AccountUnknown):
        await leave(front, "kim")


async def test_an_owner_that_nobody_is_loses_the_case(front: Front) -> None:
    """A case that was given to a name before names were held against the register is on the queue again."""
    await arrive(front, SCREENER)
    case = await front.case_of(await front.submit(example("05")))
    async with transaction(front.db) as session:
        await session.execute(update(Case).values(owner="socal-worker", status="waiting"))
        assert await return_work(session) == 1

    after = await front.case_of(case["referral_id"])
    assert (after["status"], after["owner"], after["owner_issuer"]) == ("unassigned", None, None)


async def test_a_case_role_lost_gives_the_work_back(front: Front) -> None:
    """The next token says so, and the same call brings the case back to the queue; another case role keeps it."""
    await arrive(front, SCREENER)
    case = await front.case_of(await front.submit(example("05")))
    case["etag"] = (await front.post(case, "claim", {}, as_staff("kim", Role.SCREENER))).headers["ETag"]
    await arrive(front, as_staff("kim", Role.MANAGER))
    still = (await front.case_of(case["referral_id"]))["owner"]
    await arrive(front, as_staff("kim", Role.AUDITOR))

    after = await front.case_of(case["referral_id"])
    assert (still, after["owner"], after["status"]) == ("kim", None, "unassigned")


async def test_duties_of_who_leaves_are_the_hubs(front: Front) -> None:
    """An open parallel route goes to the owner that the hub names for it, with a line; a completed one stays."""
    await arrive(front, SCREENER, SCREENER_2)
    case = await front.case_of(await front.submit(example("05")))
    bodies = [{"route": route, "owner": "screener"} for route in ("marac", "nrm")]
    *_, reply = [await front.post(case, "parallel-routes", body, SCREENER_2) for body in bodies]
    nrm = next(one["id"] for one in reply.json()["parallel_routes"] if one["route"] == "nrm")
    await front.post(case, f"parallel-routes/{nrm}/completion", {}, SCREENER_2)
    await leave(front, "screener")

    async with transaction(front.db) as session:
        owners = dict((await session.execute(select(ParallelRoute.route, ParallelRoute.owner))).all())
    assert owners == {"marac": "marac-coordinator", "nrm": "screener"}
    after = await front.case_of(case["referral_id"], SCREENER_2)
    assert after["timeline"][-1]["what"] == "parallel_route.owner_left.marac"


async def test_drafts_of_who_leaves_are_gone(front: Front) -> None:
    await arrive(front, SCREENER, SCREENER_2)
    case = await front.case_of(await front.submit(example("05")))
    vault = front.service.resources.vault
    async with transaction(front.db) as session:
        for subject in ("screener", "screener-2"):
            caller = Caller(subject, FRONT_DOOR)
            await keep_draft(session, vault, caller, UUID(case["id"]), "note", {"text": ["x"]})
    await leave(front, "screener")

    async with transaction(front.db) as session:
        assert (await session.scalars(select(Draft.subject))).all() == ["screener-2"]


async def test_a_child_is_not_kept_for_who_has_left(front: Front) -> None:
    """What a colleague knows is theirs for half an hour; of who has left, the next who asks gets it."""
    await arrive(front, SCREENER, SCREENER_2)
    await front.submit(example("05"))
    async with transaction(front.db) as session:
        await session.execute(update(Case).values(known_to="screener-2", queue_rank=2))
    waits = await front.http.post("/v1/cases/next", headers=SCREENER)
    await leave(front, "screener-2")
    comes = await front.http.post("/v1/cases/next", headers=SCREENER)

    assert (waits.status_code, comes.status_code) == (204, 200)
