"""The register: who is in it, and that nothing is given to anybody else."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from services.triage.actions.register import add_person, enter_people, name_issuer
from services.triage.actions.sessions import Person
from services.triage.api.register import Admitted
from services.triage.domain.staff import AccountUnknown, close_spellings
from services.triage.models import Case
from shared.db import transaction
from shared.problems import BadRequest, Problem
from shared.security import FRONT_DOOR, Caller, Role
from shared.settings.environment import Profile
from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.fakes import STAFF_ISSUER, as_staff
from tests.triage.asking import claimed_case, questions
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example, opened
from tests.triage.staffing import arrive, hub_naming, registered


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
    """A new role is the register's as soon as a token says it."""
    await arrive(front, SCREENER, as_staff("screener", Role.MANAGER))
    assert (await registered(front))["screener"].roles == ["manager"]


async def test_an_account_is_one_persons(front: Front) -> None:
    """Whom another issuer calls by the same account is somebody else, and does nothing in their name."""
    async with transaction(front.db) as session:
        await enter_people(session, [Person("https://elsewhere.example", "kim", "Kim", frozenset({Role.SCREENER}))])
    reply = await front.http.get("/v1/cases", headers=as_staff("kim", Role.MANAGER))

    assert (reply.status_code, (await registered(front))["kim"].roles) == (401, ["screener"])


async def test_the_demo_begins_with_its_personas(open_service: OpenDatabase, hub: Hub) -> None:
    async with opened(open_service, hub, profile=Profile.DEMO) as front:
        people = await registered(front)
    assert {"screener", "social-worker", "manager", "auditor", "referrer"} <= people.keys()
    assert people["social-worker"].issuer == STAFF_ISSUER


async def test_whom_the_hub_names_is_in_it_from_the_start(open_service: OpenDatabase, hub: Hub, tmp_path: Path) -> None:
    """With the issuer named, or else that of the settings."""
    folder = hub_naming(
        tmp_path,
        {"sub": "j.doe", "name": "Jo Doe", "roles": ["manager"]},
        {"sub": "x", "name": "X", "roles": ["auditor"], "issuer": "https://second.example"},
    )
    async with opened(open_service, hub, hub_dir=folder, oidc_issuer="https://first.example") as front:
        people = await registered(front)
    assert (people["j.doe"].issuer, people["j.doe"].name) == ("https://first.example", "Jo Doe")
    assert (people["x"].issuer, people["x"].roles) == ("https://second.example", ["auditor"])


async def test_an_administrator_adds_somebody(front: Front) -> None:
    """With issuer and roles, before they ever sign in; an account that moves to another provider keeps the rest."""
    async with transaction(front.db) as session:
        await add_person(session, "kim", issuer="https://first.example", name="Kim", roles=["manager", "screener"])
        await add_person(session, "kim", issuer="https://second.example")
    kim = (await registered(front))["kim"]

    assert (kim.issuer, kim.name, kim.roles) == ("https://second.example", "Kim", ["manager", "screener"])
    assert kim.agency == FRONT_DOOR


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        ({"issuer": "https://first.example"}, AccountUnknown),
        ({"roles": ["manager"]}, AccountUnknown),
        ({"issuer": "https://first.example", "roles": ["referrer"]}, BadRequest),
        ({"issuer": "https://first.example", "roles": ["king"]}, BadRequest),
        ({"issuer": "not an address", "roles": ["manager"]}, BadRequest),
        ({"issuer": "https://first.example", "roles": ["manager"], "name": "Kim\nB"}, BadRequest),
    ],
)
async def test_nobody_is_added_by_half(front: Front, known: Any, problem: type[Problem]) -> None:
    """Somebody new needs an issuer and a role, and only roles of staff."""
    with pytest.raises(problem):
        async with transaction(front.db) as session:
            await add_person(session, "kim", **known)
    assert await registered(front) == {}


@pytest.mark.parametrize("subject", ["", " kim", "kim\nb", "k" * 201])
async def test_an_account_is_a_line_that_work_can_be_given_to(front: Front, subject: str) -> None:
    """What `to` of an assignment could not name is nobody's account."""
    with pytest.raises(BadRequest):
        async with transaction(front.db) as session:
            await add_person(session, subject, issuer="https://first.example", roles=["manager"])
    assert await registered(front) == {}


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


@pytest.mark.parametrize(
    ("owner", "detail"),
    [
        ("lado-team", "Nobody who works on cases has this account. Is it lado?"),
        ("screner", "Nobody who works on cases has this account. Is it screener?"),
        ("overseer", "Nobody who works on cases has this account."),
        ("auditor", "No case is assigned to this account."),
    ],
)
async def test_a_duty_goes_to_nobody_unknown(front: Front, owner: str, detail: str) -> None:
    """A parallel route belongs to a team of the hub or a colleague; teams are among the spellings."""
    await arrive(front, SCREENER, as_staff("overseer", Role.AUDITOR))
    case = await front.case_of(await front.submit(example("05")))
    refused = await front.post(case, "parallel-routes", {"route": "lado", "owner": owner}, SCREENER)
    taken = [
        await front.post(case, "parallel-routes", {"route": "lado", "owner": good}, SCREENER)
        for good in ("marac-coordinator", "screener")
    ]

    assert (refused.status_code, refused.json()["errors"]) == (422, [{"pointer": "/owner", "detail": detail}])
    assert [reply.status_code for reply in taken] == [200, 200]


async def test_no_agency_unknown_is_asked(front: Front) -> None:
    """Who may be meant is one of those that can answer."""
    case = await claimed_case(front)
    refused = await front.post(case, "information-requests", questions("a-hospitl"), SCREENER)
    detail = "No agency that answers requests is registered under this slug. Is it a-hospital?"

    assert (refused.status_code, refused.json()["errors"]) == (422, [{"pointer": "/agency", "detail": detail}])


async def test_a_case_says_whose_account_its_owner_is(front: Front) -> None:
    """Beside `owner` wherever a case is shown, claimed or assigned; with it, it goes."""
    await arrive(front, SOCIAL_WORKER)
    case = await front.case_of(await front.submit(example("05")))
    claimed = await front.post(case, "claim", {}, SCREENER)
    case["etag"] = claimed.headers["ETag"]
    assigned = await front.post(case, "assignment", {"to": "social-worker"}, SCREENER)
    case["etag"] = assigned.headers["ETag"]
    listed = (await front.http.get("/v1/cases?queue=mine", headers=SOCIAL_WORKER)).json()["items"]
    released = await front.post(case, "release", {}, SOCIAL_WORKER)

    assert [one.json()["owner"] for one in (claimed, assigned, released)] == ["screener", "social-worker", None]
    assert [one.json()["owner_issuer"] for one in (claimed, assigned, released)] == [STAFF_ISSUER, STAFF_ISSUER, None]
    assert [one["owner_issuer"] for one in listed] == [STAFF_ISSUER]


async def test_owners_of_old_are_of_the_issuer_of_the_settings(front: Front) -> None:
    """Whoever had a case before rows said whose account that is; no other row changes."""
    first, second = [await front.case_of(await front.submit(example("05"))) for _ in range(2)]
    await front.post(first, "claim", {}, SCREENER)
    await front.post(second, "claim", {}, SCREENER_2)
    async with transaction(front.db) as session:
        await session.execute(update(Case).where(Case.owner == "screener").values(owner_issuer=None))
        await name_issuer(session, "https://provider.example")

    shown = [(await front.case_of(one["referral_id"]))["owner_issuer"] for one in (first, second)]
    assert shown == ["https://provider.example", STAFF_ISSUER]


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
    monkeypatch.setattr("services.triage.api.register.time.monotonic", lambda: admitted.until["", caller])
    assert not admitted.has(caller)
