"""The register: who is in it, who is out of it, and that no case lies with somebody who is not there."""

import pytest
from sqlalchemy import event

from services.triage.actions.register import enter_people, rejoin_register
from services.triage.actions.sessions import Person, find_session, sign_in
from services.triage.api.register import Admitted
from services.triage.domain.staff import AccountUnknown, PersonHasLeft, close_spellings
from shared.db import transaction
from shared.security import Caller, Role
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import ISSUER, STAFF_ISSUER, as_staff
from tests.triage.asking import AGENCIES, questions
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example, opened
from tests.triage.staffing import arrive, leave, registered

KIM = Person(STAFF_ISSUER, "kim", "Kim Example", frozenset({Role.SOCIAL_WORKER}))


async def test_a_good_token_enters_once(front: Front) -> None:
    """The first call writes the person with issuer and roles; the second asks the register nothing."""
    await arrive(front, SCREENER)
    member = (await registered(front))["screener"]
    statements: list[str] = []
    event.listen(front.db.engine.sync_engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    await arrive(front, SCREENER)

    assert (member.issuer, member.roles, member.left_at) == (STAFF_ISSUER, ["screener"], None)
    assert statements
    assert not [statement for statement in statements if "staff_members" in statement]


async def test_a_refused_token_enters_nobody(front: Front) -> None:
    assert (await front.http.get("/v1/cases", headers={"Authorization": "Bearer nothing"})).status_code == 401
    assert await registered(front) == {}


async def test_roles_follow_the_token(front: Front) -> None:
    """A new role is the register's as soon as a token says it, not another issuer's account of the same name."""
    async with transaction(front.db) as session:
        await enter_people(session, [Person("https://elsewhere.example", "kim", "Kim", frozenset({Role.SCREENER}))])
    await arrive(front, SCREENER, as_staff("kim", Role.MANAGER), as_staff("screener", Role.MANAGER))

    people = await registered(front)
    assert (people["screener"].roles, people["kim"].roles) == (["manager"], ["screener"])


async def test_the_demo_begins_with_its_personas(open_service: OpenDatabase, hub: Hub) -> None:
    async with opened(open_service, hub, profile=Profile.DEMO, issuer=ISSUER) as front:
        people = await registered(front)
    assert {"screener", "social-worker", "manager", "auditor", "referrer"} <= people.keys()
    assert people["social-worker"].issuer == STAFF_ISSUER


@pytest.mark.parametrize(
    ("account", "detail"),
    [
        ("socal-worker", "Nobody who works on cases has this account. Is it social-worker?"),
        ("Social Worker", "Nobody who works on cases has this account. Is it social-worker?"),
        ("zzz", "Nobody who works on cases has this account."),
        ("overseer", "Nobody who works on cases has this account."),
    ],
)
async def test_a_case_goes_to_nobody_unknown(front: Front, account: str, detail: str) -> None:
    """A name that nobody has, or somebody without a case role, is refused at `/to`; the case stays as it was."""
    await arrive(front, SOCIAL_WORKER, as_staff("overseer", Role.AUDITOR))
    case = await front.case_of(await front.submit(example("05")))
    refused = await front.post(case, "assignment", {"to": account, "reason": "typo"}, MANAGER)

    assert (refused.status_code, refused.json()["errors"]) == (422, [{"pointer": "/to", "detail": detail}])
    after = await front.case_of(case["referral_id"])
    assert (after["etag"], after["owner"], after["notes"]) == (case["etag"], None, [])


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
        await rejoin_register(session, "kim")
    assert (await front.post(case, "assignment", {"to": "kim"}, MANAGER)).status_code == 200


async def test_nobody_unknown_leaves(front: Front) -> None:
    with pytest.raises(AccountUnknown):
        await leave(front, "kim")


def test_close_spellings_name_accounts_once() -> None:
    """By account or by name, whatever the case of the letters, the closest first."""
    names = {"s-patel": "Sunita Patel", "s-pate": "Simon Pate", "jones": "Jo Jones"}
    assert close_spellings("Sunita Patl", names) == ["s-patel"]
    assert close_spellings("S-PATEL", names) == ["s-patel", "s-pate"]
    assert close_spellings("nobody", names) == []


def test_admission_is_good_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    caller, admitted = Caller("kim", "front-door"), Admitted()
    admitted.add(caller)
    assert admitted.has(caller)
    monkeypatch.setattr("services.triage.api.register.time.monotonic", lambda: admitted.until[caller])
    assert not admitted.has(caller)
