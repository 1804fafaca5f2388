"""What a partner is told before it sends anything, and how unmet need is counted."""

import csv
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Case, HelpService, UnmetNeed
from services.triage.queries import checks
from shared.audit import audit_rows
from shared.db import new_id, transaction
from shared.security import Role
from tests.fakes import as_partner, as_staff
from tests.triage.conftest import MANAGER, Front, example

SCHOOL = as_partner("towcester-primary", "thresholds:check")
ADMIN = as_staff("admin", Role.ADMIN)
PARTS = {"check_id", "level", "route", "reasons", "questions", "local_help", "note"}


async def check(front: Front, document: dict[str, Any], headers: dict[str, str] = SCHOOL) -> httpx.Response:
    return await front.http.post("/v1/threshold-checks", json=document, headers=headers)


@pytest.mark.parametrize(
    ("name", "level", "route", "help_found"),
    [
        ("03", 2, "family_hub", ["Towcester Family Hub"]),
        ("01", 4, "strategy_discussion", []),
        ("05", 3, "targeted_early_help", ["Trust Targeted Support"]),
    ],
)
async def test_a_referral_is_checked_as_it_would_be_assessed(
    front: Front, name: str, level: int, route: str, help_found: list[str]
) -> None:
    """Level, route, reasons and local help, in the shape that never tells a recipe, ending with what to do."""
    told = (await check(front, example(name))).json()
    assert told.keys() == PARTS
    assert (told["level"], told["route"]) == (level, route)
    assert [one["name"] for one in told["local_help"]] == help_found
    assert told["reasons"]
    assert all(question.keys() == {"fact", "ask"} for question in told["questions"])
    assert "Still worried? Refer, or call" in told["note"]
    assert told["note"].endswith(".")


async def test_facts_alone_are_checked(front: Front) -> None:
    """A few facts and a postcode are enough; what is missing comes back as questions."""
    facts = {"child_age_months": 4, "indicators": ["new_or_isolated_parent"]}
    told = (await check(front, {"facts": facts, "postcode": "NN12 6XX"})).json()
    assert (told["level"], told["route"]) == (2, "family_hub")
    assert "immediate_danger" in {question["fact"] for question in told["questions"]}
    assert [one["name"] for one in told["local_help"]] == ["Towcester Family Hub"]
    assert "call 999" in told["note"]


@pytest.mark.parametrize(
    ("breaking", "failing"),
    [
        (HelpService.fitting, None),
        (HelpService.listing, None),
        (None, "placed_postcodes"),
        (None, "load_directory"),
    ],
)  # fmt: skip
async def test_a_level_is_told_without_the_directory(
    front: Front, monkeypatch: pytest.MonkeyPatch, breaking: Any, failing: str | None
) -> None:
    """A directory that cannot be read takes the local help away, and says so; level, route and advice stay."""

    async def fail(session: AsyncSession, *_: Any) -> None:
        await session.execute(text("SELECT * FROM nowhere"))

    if failing is not None:
        monkeypatch.setattr(checks, failing, fail)
    else:
        async with transaction(front.db) as session:
            await session.execute(update(HelpService).values({breaking: {"level": "x"}}))
    facts = {"child_age_months": 4, "indicators": ["new_or_isolated_parent"]}
    for document in (example("03"), {"facts": facts, "postcode": "NN12 6XX"}):
        reply = await check(front, document)
        assert reply.status_code == 200
        told = reply.json()
        assert (told["level"], told["route"], told["local_help"]) == (2, "family_hub", [])
        assert "could not be looked up" in told["note"]
        assert "Still worried? Refer, or call" in told["note"]


async def test_a_check_is_read_as_leniently_as_a_referral(front: Front) -> None:
    """What does not fit refuses no child in danger, is named without its value, and counts as not known."""
    odd = example("03")
    odd["concern"] |= {"immediate_danger": "yes", "indicators": [{"code": "moon_sickness"}, {"code": "self_harm"}]}
    safe = example("03")
    safe["concern"]["indicators"] = [{"code": "moon_sickness"}]
    preferred = {**SCHOOL, "Prefer": 'respond-async, Handling="lenient"; x=1'}

    in_danger, refused, asked = await check(front, odd), await check(front, safe), await check(front, safe, preferred)
    facts = await check(front, {"facts": {"child_age_months": "four", "immediate_danger": True}}, preferred)
    nobody = await check(front, {"children": [{}]}, preferred)

    assert (in_danger.status_code, refused.status_code, asked.status_code) == (200, 422, 200)
    assert [one["pointer"] for one in in_danger.json()["warnings"]] == ["/concern/indicators/0"]
    assert (in_danger.json()["level"], "moon_sickness" in in_danger.text) == (4, False)
    assert asked.headers["Preference-Applied"] == "handling=lenient"
    assert [one["pointer"] for one in facts.json()["warnings"]] == ["/facts/child_age_months"]
    assert (facts.json()["level"], nobody.status_code) == (4, 422)


async def test_prose_alone_is_no_reassurance(front: Front) -> None:
    """Where no indicator was named the note says that nobody read the words."""
    prose = example("03")
    prose["concern"]["indicators"] = []
    told = (await check(front, prose)).json()
    assert told["level"] == 1
    assert "was not read" in told["note"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/children"),
        ({"facts": {"shoe_size": 3}}, "/facts"),
        ({"facts": {"child_age_months": "canary"}}, "/facts/child_age_months"),
        ({"facts": {}, "canary": 1}, "/canary"),
        (
            {"children": [{}], "concern": {"immediate_danger": "no", "indicators": [{"code": "canary"}]}},
            "/concern/indicators/0/code",
        ),
        (
            {
                "children": [{}],
                "concern": {"immediate_danger": "no", "indicators": [{"code": "bullying", "child": 3}]},
            },
            "/concern/indicators/0/child",
        ),
    ],
)
async def test_what_cannot_be_checked_is_named(front: Front, document: dict[str, Any], pointer: str) -> None:
    """The places that do not fit, and never what stood there."""
    reply = await check(front, document)
    assert reply.status_code == 422
    assert pointer in {error["pointer"] for error in reply.json()["errors"]}
    assert "canary" not in reply.text.replace("/canary", "")


async def test_a_check_reads_no_case_and_keeps_nothing(front: Front) -> None:
    """Two earlier contacts about the child change nothing, no case opens, and the audit holds the check's id alone."""
    before = (await check(front, example("07"))).json()
    for _ in range(2):
        await front.submit(example("07"))
    after = (await check(front, example("07"))).json()
    assert {**before, "check_id": None} == {**after, "check_id": None}
    async with transaction(front.db) as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 2
        query = select(audit_rows.c.who, audit_rows.c.action).where(audit_rows.c.record == "threshold_check")
        assert (await session.execute(query)).all() == [("towcester-primary", "threshold.checked")] * 2
    assert (await check(front, example("03"), as_partner("a-school", "referrals:write"))).status_code == 403


async def unmet(front: Front, district: str, number: int, **more: Any) -> None:
    """Record so many children without a service, each in a case of its own."""
    await front.submit(example("06"))
    async with transaction(front.db) as session:
        pattern = (await session.scalars(select(Case).limit(1))).one()
        plain = {column.key: getattr(pattern, column.key) for column in Case.__table__.columns}
        for _ in range(number):
            case = Case(**{**plain, "id": new_id(), "referral_id": new_id()})
            session.add(case)
            await session.flush()
            needs = ["bullying", "warm_steady_care"]
            row = {"age_band": "5-9", "level": 2, "needs": needs, "why": "area", "district": district, **more}
            session.add(UnmetNeed(case_id=case.id, child=0, council="E06000061", **row))


async def test_unmet_need_is_counted_and_small_numbers_are_not_told(front: Front) -> None:
    """Of nine, six and four children of as many places, the four are not told, nor the six that would tell of them."""
    for district, number in (("NN15", 9), ("NN17", 6), ("NN18", 4)):
        await unmet(front, district, number)
    counted = (await front.http.get("/v1/unmet-needs", headers=MANAGER)).json()
    assert [(one["district"], one["need"], one["children"]) for one in counted["items"]] == [
        ("NN15", "bullying", 9),
        ("NN17", "bullying", None),
        ("NN18", "bullying", None),
    ]
    reply = await front.http.get("/v1/unmet-needs?format=csv", headers=ADMIN)
    assert reply.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(reply.text.splitlines()))
    assert [row["children"] for row in rows] == ["9", "not told", "not told"]
    assert (await front.http.get("/v1/unmet-needs?until=2020-01-01", headers=MANAGER)).json()["items"] == []
    assert (await front.http.get("/v1/unmet-needs", headers=SCHOOL)).status_code == 403


async def test_a_district_without_a_service_is_an_unmet_need(front: Front) -> None:
    """A child who may be routed where no hub is waits for a person, and is counted."""
    far = example("03")
    far["children"][0]["address"]["postcode"] = "NN17 1AA"
    case = await front.case_of(await front.submit(far))
    assert (case["status"], case["offers"]) == ("unassigned", [])
    (one,) = (await front.http.get("/v1/unmet-needs", headers=MANAGER)).json()["items"][:1]
    assert (one["district"], one["age_band"], one["level"], one["children"]) == ("NN17", "5-9", 2, None)
