"""What is counted for charts: exact numbers, on a real database."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from services.triage.models import HelpCapacity
from services.triage.queries.contacts import (
    answers_by_week,
    contacts_by_day,
    days_before,
    decisions_by_week,
    outcomes_by_source,
    recent_contacts,
)
from services.triage.queries.early_help import offers_by_age, offers_by_provider, open_offers, places_this_week
from services.triage.queries.oversight import forecast
from services.triage.queries.tables import Table
from services.triage.queries.unallocated import longest_unallocated, unallocated_by_age, unallocated_by_day
from services.triage.queries.unmet_needs import unmet_by_need, unmet_by_place
from shared.db import transaction
from tests.triage.conftest import Front
from tests.triage.counting import DAY, HOUR, NOW, add_cases, add_offers, add_steps, add_unmet


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


async def test_a_day_cannot_be_worked_out_from_its_week(front: Front) -> None:
    """A small day takes another of its own week along, for the week's total is told with its decisions."""
    zone = front.hub.time_zone
    days = days_before(NOW, zone)
    for number, ago in ((3, 2 * DAY), (30, DAY), (6, 20 * DAY)):
        await add_cases(front, number, received_at=NOW - ago, decided_at=NOW - ago + HOUR)
    async with transaction(front.db) as session:
        contacts = await recent_contacts(session, NOW, zone)
    counted = shown(contacts_by_day(contacts, days))
    assert [counted[days[place]] for place in (25, 26, 7)] == [[None], [None], [6]]
    assert [row.total for row in decisions_by_week(contacts, days).rows] == [0, 6, 0, 33]


async def test_conversion_is_counted_by_source(front: Front) -> None:
    """Decided at level 4, or not: the largest first, a source that is not known under that name."""
    await add_cases(front, 20, decided_at=NOW, decided_level=4)
    await add_cases(front, 30, decided_at=NOW, decided_level=2)
    await add_cases(front, 10, status="claimed")
    await add_cases(front, 8, source=None, agency="a-police-force", decided_at=NOW, decided_level=3)
    await add_cases(front, 9, source="6", agency="a-police-force", decided_at=NOW, decided_level=4)
    async with transaction(front.db) as session:
        contacts = await recent_contacts(session, NOW, front.hub.time_zone)
    assert shown(outcomes_by_source(contacts)) == {"2A": [20, 40], "6": [9, 0], "not_known": [0, 8]}


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


async def test_unallocated_cases_are_counted_at_the_end_of_each_day(front: Front) -> None:
    """From opened, given back or reopened until taken, routed or decided; also what lay there before, or still lies."""
    zone = front.hub.time_zone
    days = days_before(NOW, zone)
    taken = await add_cases(front, 6, received_at=NOW - 6 * DAY, status="claimed")
    await add_steps(front, taken, "case.opened", NOW - 6 * DAY)
    await add_steps(front, taken, "case.claimed", NOW - 4 * DAY)
    await add_steps(front, taken, "case.lapsed", NOW - 4 * DAY + HOUR)
    await add_steps(front, taken, "case.claimed", NOW - 2 * DAY)
    quick = await add_cases(front, 40, received_at=NOW - 5 * DAY)
    await add_steps(front, quick, "case.opened", NOW - 5 * DAY)
    await add_steps(front, quick, "case.claimed", NOW - 5 * DAY + HOUR)
    lying = await add_cases(front, 11, received_at=NOW - 50 * DAY, status="unassigned")
    await add_steps(front, lying, "case.opened", NOW - 50 * DAY)
    back = await add_cases(front, 7, received_at=NOW - 60 * DAY, status="claimed")
    await add_steps(front, back, "case.opened", NOW - 60 * DAY)
    await add_steps(front, back, "case.decided", NOW - 59 * DAY)
    await add_steps(front, back, "case.reopened", NOW - 30 * DAY)
    await add_steps(front, back, "case.assigned", NOW - 20 * DAY)
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


async def test_offers_are_counted_by_state_and_by_age(front: Front) -> None:
    """Of the last 28 days by provider; of those that are open by when they were made, however long ago."""
    await add_offers(front, 9, "offered")
    await add_offers(front, 8, "bounced", ago=5 * DAY)
    await add_offers(front, 7, "started", "another-hub", 20 * DAY)
    await add_offers(front, 6, "started", "another-hub", 40 * DAY)
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
    await add_offers(front, 2, "accepted", slug)
    async with transaction(front.db) as session:
        service = await session.scalar(text("SELECT id FROM help_services WHERE slug = :slug"), {"slug": slug})
        await session.execute(text("DELETE FROM help_capacity"))
        session.add(
            HelpCapacity(service_id=service, band="72-239", week=datetime(2020, 1, 6, tzinfo=UTC).date(), places=5)
        )
        await session.flush()
        assert shown(await places_this_week(session)) == {(slug, "72-239"): [2, 3]}


async def test_unmet_need_is_counted_by_place_and_age(front: Front) -> None:
    """Ages in their order, only those there are; a small number takes others along, so that no total gives it away."""
    await add_unmet(front, 30, "NN17", "5-9")
    await add_unmet(front, 20, "NN17", "1-4")
    await add_unmet(front, 3, "NN18", "5-9")
    await add_unmet(front, 12, "NN18", "1-4")
    await add_unmet(front, 25, "NN14", "5-9")
    await add_unmet(front, 26, "NN14", "1-4")
    async with transaction(front.db) as session:
        table, needs = await unmet_by_place(session, front.hub), await unmet_by_need(session, front.hub)
    assert table.series == ("1-4", "5-9")
    by_district = {key[1]: numbers for key, numbers in shown(table).items()}
    assert by_district == {"NN14": [26, 25], "NN17": [None, None], "NN18": [None, None]}
    assert shown(needs) == {"bullying": [116]}
