"""A submitted referral becomes one case, with what is known of its people counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select, text

from services.triage.models import Case
from shared.audit import audit_rows
from shared.db import transaction
from shared.events import CaseOpened, CaseRouted, EarlyHelpOffered
from tests.conftest import EXAMPLES
from tests.fakes import eventually
from tests.triage.conftest import SCREENER, Front, example

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text())


@pytest.mark.parametrize("name", EXPECTED)
async def test_each_example_becomes_the_case_expected(front: Front, name: str) -> None:
    """Submitted alone, each example has the level, priority, route, council and offers that were written down."""
    expected = EXPECTED[name]
    referral = example(name[:2])
    case = await front.case_of(await front.submit(referral))
    receipt = case["receipt"]
    for field in ("level", "priority", "route", "auto_route"):
        assert receipt[field] == expected[field]
    assert (case["level"], case["priority"]) == (expected["level"], expected["priority"])
    assert case["council"] == expected["council"]
    offers = [offer["provider"] for offer in case["offers"]]
    assert offers == ([expected["offer"]] if "offer" in expected else [])
    assert case["status"] == ("routed" if offers else "unassigned")
    assert set(expected.get("review", "").split()) <= set(receipt["review_required"])
    assert len(case["children"]) == len(referral["children"])
    assert case["referral"] == referral


async def test_an_event_twice_is_one_case(front: Front) -> None:
    """The same event delivered again opens nothing."""
    await front.submit(example("05"))
    event = next(e for e in await front.events() if isinstance(e.fact, CaseOpened))
    assert event.audience == ("a-school",)
    async with transaction(front.db) as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 1
        assert await session.scalar(select(func.count()).select_from(audit_rows)) == 1


async def test_the_third_contact_in_90_days_is_seen(front: Front) -> None:
    """Two earlier contacts about the same child raise a level 3 to 4; a contact 91 days ago does not count."""
    now = datetime.now(UTC)
    for days in (91, 60, 30):
        await front.submit(example("07"), received_at=now - timedelta(days=days))
    before = await front.case_of(await front.submit(example("05")))
    case = await front.case_of(await front.submit(example("07"), received_at=now))
    assert before["receipt"]["facts"]["previous_contacts_90_days"] == 0
    assert case["receipt"]["facts"]["previous_contacts_90_days"] == 2
    assert (case["level"], case["receipt"]["route"]) == (4, "section_17_assessment")


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_a_third_contact_that_overtook_the_others_is_raised(front: Front, *, together: bool) -> None:
    """Two earlier contacts about the same child that open after the urgent one count for it as if they had not."""
    now = datetime.now(UTC)
    earlier = [front.announce(example("07"), received_at=now - timedelta(minutes=minutes)) for minutes in (2, 1)]
    danger = {**example("07"), "concern": {**example("07")["concern"], "immediate_danger": "yes"}}
    urgent = await front.submit(danger, received_at=now)
    assert (await front.case_of(urgent))["receipt"]["facts"]["previous_contacts_90_days"] == 0
    for batch in [earlier] if together else [[event] for event in earlier]:
        await front.consume(*batch)

    case = await front.case_of(urgent)
    assert case["receipt"]["facts"]["previous_contacts_90_days"] == 2
    assert len(case["history"]) == 2
    assert "CONT-02" in [fired["id"] for fired in case["receipt"]["fired"]]
    assert case["assessments"][-1]["cause"] == "earlier_case_known"


async def test_a_mistyped_number_joins_nobody(front: Front) -> None:
    """Two children who share only an NHS number that failed its check are strangers."""
    first, second = example("12"), example("12")
    second["children"][0] |= {"given_name": "Another", "date_of_birth": "2023-01-01"}
    second["household"] = []
    del second["openness"]["agreement"]["by"]
    wrong = ("/children/0/nhs_number", "/children/0/upn")
    await front.submit(first, warnings=wrong)
    case = await front.case_of(await front.submit(second, warnings=wrong))
    assert case["receipt"]["facts"]["previous_contacts_90_days"] == 0


async def test_a_referral_that_cannot_be_fetched_is_on_the_queue_all_the_same(front: Front) -> None:
    """The case opens red with details pending, and is filled in once the referral can be read."""
    front.referrals.away = True
    referral_id = await front.submit(example("02"))
    case = await front.case_of(referral_id)
    assert case["details_pending"]
    assert case["receipt"] is None
    assert (case["status"], case["priority"]) == ("unassigned", "red")
    front.answer(referral_id, example("02"), datetime.now(UTC))
    front.referrals.away = False

    async def completed() -> dict[str, Any] | None:
        found = await front.case_of(referral_id)
        return None if found["details_pending"] else found

    case = await eventually(completed)
    assert case["receipt"]["level"] == 4
    assert [event.type for event in await front.events()] == [CaseOpened.type]


async def test_a_route_tells_submitter_and_provider(front: Front) -> None:
    """The submitter hears opened and routed, the provider alone hears of the offer, in this order."""
    await front.submit(example("03"))
    told = [(event.type, event.audience) for event in await front.events()]
    assert told == [
        (CaseOpened.type, ("a-school",)),
        (CaseRouted.type, ("a-school",)),
        (EarlyHelpOffered.type, ("towcester-family-hub",)),
    ]


async def test_no_name_stands_in_the_open(front: Front) -> None:
    """A dump of every table holds neither names nor what happened."""
    await front.submit(example("03"))
    async with front.db.engine.connect() as connection:
        tables = (
            await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).scalars()
        rows = [(await connection.execute(text(f'SELECT t::text FROM "{table}" t'))).all() for table in tables]
    dump = str(rows)
    assert "attendance_slipping" in dump
    assert not [word for word in ("Oscar", "Pell", "Gemma", "Sponne", "sofa", "2018-05-23") if word in dump]


async def test_a_read_is_audited_before_the_body_leaves(front: Front) -> None:
    """Reading a case leaves a row with who, role, purpose and correlation id."""
    case = await front.case_of(await front.submit(example("05")))
    await front.http.get(f"/v1/cases/{case['id']}", headers={**SCREENER, "X-Correlation-Id": "read-1"})
    async with transaction(front.db) as session:
        row = (await session.execute(select(audit_rows).where(audit_rows.c.correlation_id == "read-1"))).one()
    assert (row.who, row.role, row.action, str(row.record_id)) == ("screener", "screener", "read", case["id"])
