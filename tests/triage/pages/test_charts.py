"""Charts, their tables and their CSVs: the same numbers, and none of them small."""

import csv
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from services.triage.models import Case, HelpCapacity, Offer, Step, UnmetNeed
from services.triage.pages import early_help, oversight
from services.triage.pages.charts import Caption, Chart, Share, named
from services.triage.queries.contacts import (
    answers_by_week,
    contacts_by_day,
    days_before,
    decisions_by_week,
    outcomes_by_agency,
    outcomes_by_source,
    recent_contacts,
)
from services.triage.queries.early_help import offers_by_age, offers_by_provider, open_offers, places_this_week
from services.triage.queries.oversight import forecast
from services.triage.queries.tables import Table, exact_table, told_table
from services.triage.queries.unallocated import longest_unallocated, unallocated_by_age, unallocated_by_day
from services.triage.queries.unmet_needs import unmet_by_need, unmet_by_place
from shared.db import new_id, transaction
from tests.triage.conftest import Front, example
from tests.triage.pages.conftest import SignIn

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def add_cases(front: Front, number: int, **said: Any) -> list[UUID]:
    """Add so many cases that are alike in what is said of them, received an hour ago unless that is said."""
    at = said.pop("received_at", NOW - HOUR)
    usual = {
        "agency": "a-school",
        "source": "2A",
        "kind": "request",
        "status": "decided",
        "urgency": "no",
        "priority": "green",
        "queue_rank": 2,
        "details_pending": False,
        "received_at": at,
        "opened_at": at,
        "decision_due_at": at + DAY,
        "due_at": at + DAY,
    }
    rows = [{**usual, **said, "id": new_id(), "referral_id": new_id(), "reference": "FD-1"} for _ in range(number)]
    async with transaction(front.db) as session:
        await session.execute(insert(Case), rows)
    return [row["id"] for row in rows]


def shown(table: Table) -> dict[Any, list[int | None]]:
    return {row.key: list(row.numbers) for row in table.rows}


async def test_contacts_are_counted_by_day(front: Front) -> None:
    """Each falls on its day in the hub's time zone; what is older than 28 days, or was only four, is not told."""
    zone = front.hub.time_zone
    days = days_before(NOW, zone)
    await add_cases(front, 7)
    await add_cases(front, 9, received_at=NOW - 3 * DAY)
    await add_cases(front, 8, received_at=NOW - 27 * DAY)
    await add_cases(front, 4, received_at=NOW - 5 * DAY)
    await add_cases(front, 6, received_at=NOW - 40 * DAY)
    async with transaction(front.db) as session:
        counted = shown(contacts_by_day(await recent_contacts(session, NOW, zone), days))
    assert list(counted) == days
    assert [counted[days[place]] for place in (27, 24, 0, 22)] == [[None], [9], [8], [None]]
    assert sum(number == [0] for number in counted.values()) == 24


async def test_conversion_is_counted_by_source_and_agency(front: Front) -> None:
    """Decided at level 4, below it, or not yet: the largest first, a source that is not known under that name."""
    await add_cases(front, 20, decided_at=NOW, decided_level=4)
    await add_cases(front, 30, decided_at=NOW, decided_level=2)
    await add_cases(front, 10, status="claimed")
    await add_cases(front, 8, source=None, agency="a-police-force", decided_at=NOW, decided_level=3)
    await add_cases(front, 9, source="6", agency="a-police-force", decided_at=NOW, decided_level=4)
    async with transaction(front.db) as session:
        contacts = await recent_contacts(session, NOW, front.hub.time_zone)
    assert shown(outcomes_by_source(contacts)) == {"2A": [20, 30, 10], "6": [9, 0, 0], "not_known": [0, 8, 0]}
    assert shown(outcomes_by_agency(contacts)) == {"a-school": [20, 30, 10], "a-police-force": [9, 8, 0]}


async def test_timeliness_is_counted_by_week(front: Front) -> None:
    """In time, late, still open in time and overdue by the statutory clock; a decision is a first answer too."""
    zone = front.hub.time_zone
    days = days_before(NOW, zone)
    at = NOW - 10 * DAY
    await add_cases(front, 5, received_at=at, decided_at=at + HOUR)
    await add_cases(front, 6, received_at=at, decided_at=at + 2 * DAY, acknowledged_at=at + HOUR)
    await add_cases(front, 7, received_at=at, status="claimed")
    await add_cases(front, 8, status="unassigned")
    async with transaction(front.db) as session:
        contacts = await recent_contacts(session, NOW, zone)
    decisions, answers = (shown(table(contacts, days)) for table in (decisions_by_week, answers_by_week))
    assert list(decisions) == days[::7]
    assert (decisions[days[14]], decisions[days[21]]) == ([5, 6, 0, 7], [0, 0, 8, 0])
    assert answers[days[14]] == [11, 0, 0, 7]


async def turn(front: Front, cases: Sequence[UUID], what: str, at: datetime) -> None:
    rows = [{"id": new_id(), "case_id": case, "at": at, "who": "somebody", "what": what} for case in cases]
    async with transaction(front.db) as session:
        await session.execute(insert(Step), rows)


async def test_unallocated_cases_are_counted_at_the_end_of_each_day(front: Front) -> None:
    """From opened, given back or reopened until taken, routed or decided; also what lay there before, or still lies."""
    zone = front.hub.time_zone
    days = days_before(NOW, zone)
    taken = await add_cases(front, 6, received_at=NOW - 6 * DAY, status="claimed")
    await turn(front, taken, "case.opened", NOW - 6 * DAY)
    await turn(front, taken, "case.claimed", NOW - 4 * DAY)
    await turn(front, taken, "case.lapsed", NOW - 4 * DAY + HOUR)
    await turn(front, taken, "case.claimed", NOW - 2 * DAY)
    quick = await add_cases(front, 40, received_at=NOW - 5 * DAY)
    await turn(front, quick, "case.opened", NOW - 5 * DAY)
    await turn(front, quick, "case.claimed", NOW - 5 * DAY + HOUR)
    lying = await add_cases(front, 11, received_at=NOW - 50 * DAY, status="unassigned")
    await turn(front, lying, "case.opened", NOW - 50 * DAY)
    back = await add_cases(front, 7, received_at=NOW - 60 * DAY, status="claimed")
    await turn(front, back, "case.opened", NOW - 60 * DAY)
    await turn(front, back, "case.decided", NOW - 59 * DAY)
    await turn(front, back, "case.reopened", NOW - 30 * DAY)
    await turn(front, back, "case.assigned", NOW - 20 * DAY)
    async with transaction(front.db) as session:
        counted = [number for (number,) in shown(await unallocated_by_day(session, days, zone)).values()]
    assert counted == [18] * 7 + [11] * 14 + [17] * 4 + [11] * 3


async def test_unallocated_cases_are_counted_by_age(front: Front) -> None:
    """By the time since their referral came in, and the first of them by name."""
    (oldest,) = await add_cases(front, 1, received_at=NOW - 9 * DAY, status="unassigned")
    await add_cases(front, 6, received_at=NOW - 8 * DAY, status="unassigned")
    await add_cases(front, 9, received_at=NOW - 2 * HOUR, status="unassigned")
    await add_cases(front, 3, received_at=NOW - 2 * DAY, status="unassigned")
    await add_cases(front, 12, received_at=NOW - 2 * DAY, status="claimed")
    async with transaction(front.db) as session:
        counted = shown(await unallocated_by_age(session, NOW))
        longest = await longest_unallocated(session)
    assert counted == {"hour": [0], "four_hours": [9], "day": [0], "three_days": [None], "longer": [None]}
    assert longest is not None
    assert longest.id == oldest


async def test_the_forecast_counts_what_falls_due(front: Front) -> None:
    """Eight working hours from Friday afternoon reach into Monday; the night stands in the hour that spans it."""
    friday = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    dues = (-HOUR, 0.5 * HOUR, 2 * HOUR, 40 * HOUR, 67 * HOUR, 9 * DAY)
    for number, after in enumerate(dues, 1):
        await add_cases(front, number, status="claimed", due_at=friday + after)
    await add_cases(front, 9, due_at=friday)
    async with transaction(front.db) as session:
        table = await forecast(session, friday, front.hub)
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    hours = [friday + HOUR, *(monday + hour * HOUR for hour in range(7))]
    assert [row.key for row in table.rows] == ["overdue", *hours, "later"]
    assert [row.total for row in table.rows] == [1, 2, 7, 5, 0, 0, 0, 0, 0, 6]


async def offers(front: Front, number: int, status: str, provider: str = "a-hub", ago: timedelta = HOUR) -> None:
    case_ids = await add_cases(front, number)
    usual = {"child": 0, "provider": provider, "service": provider, "band": "72-239", "offered_at": NOW - ago}
    async with transaction(front.db) as session:
        rows = [{**usual, "id": new_id(), "case_id": case, "status": status} for case in case_ids]
        await session.execute(insert(Offer), rows)


async def test_offers_are_counted_by_state_and_by_age(front: Front) -> None:
    """Of the last 28 days by provider; of those that are open by when they were made, however long ago."""
    await offers(front, 9, "offered")
    await offers(front, 8, "bounced", ago=5 * DAY)
    await offers(front, 7, "started", "another-hub", 20 * DAY)
    await offers(front, 6, "started", "another-hub", 40 * DAY)
    async with transaction(front.db) as session:
        by_provider, by_age = await offers_by_provider(session, NOW), await offers_by_age(session, NOW)
        listed = await open_offers(session)
    assert shown(by_provider) == {"a-hub": [9, 0, 0, 0, 8, 0, 0], "another-hub": [0, 0, 7, 0, 0, 0, 0]}
    assert {age: numbers for age, numbers in shown(by_age).items() if any(numbers)} == {
        "day": [9, 0, 0],
        "four_weeks": [0, 0, 7],
        "longer": [0, 0, 6],
    }
    assert [one.status for one in listed] == ["started"] * 13 + ["offered"] * 9


async def test_places_of_this_week_are_counted(front: Front) -> None:
    """What is taken and what is free, by service and age, as the public directory says it."""
    slug = "towcester-family-hub"
    await offers(front, 2, "accepted", slug)
    async with transaction(front.db) as session:
        service = await session.scalar(text("SELECT id FROM help_services WHERE slug = :slug"), {"slug": slug})
        await session.execute(text("DELETE FROM help_capacity"))
        session.add(
            HelpCapacity(service_id=service, band="72-239", week=datetime(2020, 1, 6, tzinfo=UTC).date(), places=5)
        )
        await session.flush()
        assert shown(await places_this_week(session)) == {(slug, "72-239"): [2, 3]}


async def unmet(front: Front, number: int, district: str, band: str) -> None:
    case_ids = await add_cases(front, number)
    usual = {"child": 0, "council": "E06000061", "district": district, "age_band": band, "level": 2, "why": "area"}
    async with transaction(front.db) as session:
        await session.execute(
            insert(UnmetNeed), [{**usual, "case_id": case, "needs": ["bullying"]} for case in case_ids]
        )


async def test_unmet_need_is_counted_by_place_and_age(front: Front) -> None:
    """Ages in their order, only those there are; a small number takes others along, so that no total gives it away."""
    await unmet(front, 30, "NN17", "5-9")
    await unmet(front, 20, "NN17", "1-4")
    await unmet(front, 3, "NN18", "5-9")
    await unmet(front, 12, "NN18", "1-4")
    await unmet(front, 25, "NN14", "5-9")
    await unmet(front, 26, "NN14", "1-4")
    async with transaction(front.db) as session:
        table, needs = await unmet_by_place(session, front.hub), await unmet_by_need(session, front.hub)
    assert table.series == ("1-4", "5-9")
    by_district = {key[1]: numbers for key, numbers in shown(table).items()}
    assert by_district == {"NN14": [26, 25], "NN17": [None, None], "NN18": [None, None]}
    assert shown(needs) == {"bullying": [116]}


@pytest.mark.parametrize(
    ("numbers", "share"), [((5, 15), "25 %"), ((None, 15), "not told"), ((0, 9), "0 %"), ((0, 0), "none")]
)
def test_a_share_is_of_numbers_that_are_told(numbers: tuple[int | None, int], share: str) -> None:
    """It is in whole percent, and there is none of nothing."""
    assert Share("Share", ("a",), ("a", "b")).of(dict(zip("ab", numbers, strict=True))) == share


def chart_of(table: Table) -> Chart:
    series = {name: name for name in table.series}
    return Chart("some", Caption("Some", "Row", series, named({})), table, None)  # type: ignore[arg-type]


def test_bars_are_drawn_to_one_scale() -> None:
    """The longest fills the width; what is not told is the rest of a told total, or as wide as any other."""
    told = chart_of(exact_table(("a", "b"), {"x": [10, 30], "y": [20, 0]}))
    assert [[(part.begins, part.width) for part in parts] for _, _, parts in told.bars()] == [
        [(0.0, 25.0), (25.0, 75.0)],
        [(0.0, 50.0)],
    ]
    hidden = chart_of(told_table(("a", "b"), {"x": [3, 197], "y": [40, 60], "z": [2, 0]}))
    assert [[(part.begins, part.width, part.number) for part in parts] for _, _, parts in hidden.bars()] == [
        [(0.0, 100.0, None)],
        [(0.0, 4.0, None)],
        [(0.0, 4.0, None)],
    ]


def table_of(page: str, title: str) -> list[list[str]]:
    """Return the rows of the table with this caption as a reader sees them."""
    _, _, after = page.partition(f'<caption class="govuk-visually-hidden">{title}</caption>')
    inside, _, _ = after.partition("</table>")
    rows = re.findall(r"<tr.*?</tr>", inside, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize(("path", "room"), [("/desk/oversight", oversight), ("/desk/early-help", early_help)])
async def test_every_csv_equals_its_table(front: Front, as_persona: SignIn, path: str, room: Any) -> None:
    """Headings, names and numbers are the same, and neither has a number under five that is counted of children."""
    await add_cases(front, 9, decided_at=NOW, decided_level=4)
    late = await add_cases(front, 3, source="6", received_at=NOW - 9 * DAY, status="unassigned")
    await turn(front, late, "case.opened", NOW - 9 * DAY)
    await offers(front, 8, "offered")
    await offers(front, 2, "declined", "another-hub")
    await unmet(front, 4, "NN17", "5-9")
    await unmet(front, 7, "NN18", "1-4")
    browser = await as_persona("manager")
    page = (await browser.open(path)).text
    for place, caption in room.CAPTIONS.items():
        rows = list(csv.reader((await browser.open(f"{path}/{place}.csv")).text.splitlines()))
        table = table_of(page, caption.title)
        assert [row[1:] for row in rows] == [row[1:] for row in table], place
        assert len(rows) > 1, place
        if caption.name is not early_help.service and place != "forecast":
            told = {cell for row in rows[1:] for cell in row[1:] if cell.isdigit()}
            assert not told & {"1", "2", "3", "4"}, place
    assert (await browser.open(f"{path}/nothing.csv")).status_code == 404


async def test_open_offers_lead_to_cases_only_those_who_work_on_them(front: Front, as_persona: SignIn) -> None:
    """A screener finds the case of each open offer; an auditor finds the counts alone."""
    await offers(front, 6, "offered")
    screener = (await (await as_persona("screener")).open("/desk/early-help")).text
    auditor = (await (await as_persona("auditor")).open("/desk/early-help")).text
    assert (screener.count('href="/desk/cases/'), auditor.count('href="/desk/cases/')) == (6, 0)
    assert "A hub" in auditor


async def test_where_nothing_was_counted_nothing_is_drawn(as_persona: SignIn) -> None:
    """An empty front door says so in words, with no chart but of the places that there are."""
    browser = await as_persona("manager")
    page = (await browser.open("/desk/oversight")).text
    assert page.count('role="img"') == 0
    for words in ("No case is open.", "Somebody has every case.", "Nothing came in."):
        assert words in page
    page = (await browser.open("/desk/early-help")).text
    assert page.count('role="img"') == 1
    for words in ("Nothing was offered.", "No offer is open.", "Nobody was without."):
        assert words in page


async def test_the_source_of_a_referral_is_counted(front: Front, as_persona: SignIn) -> None:
    """A case bears the code of who referred in the open, so that sources can be counted without opening records."""
    for _ in range(5):
        await front.submit({**example("10"), "source": "3B"})
    browser = await as_persona("manager")
    table = (await browser.open("/desk/oversight/sources.csv")).text
    assert "Health: health visitor,0,0,5,5,none" in table
