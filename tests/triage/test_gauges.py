"""Cases and clocks as `/metrics` shows them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services.triage.clocks import ClockKind
from services.triage.queries.gauges import GAUGES
from services.triage.worker.stepping import step_clocks
from shared.db import transaction
from shared.telemetry.gauges import ServiceGauges
from tests.triage.conftest import Front, example
from tests.triage.test_case_clocks import desk_of


async def shown(front: Front) -> dict[str, dict[str, float]]:
    """Return each gauge's values by its one label."""
    read = await ServiceGauges("triage", front.db, GAUGES).read()
    return {
        family.name: {one.labels.get("status", one.labels.get("due", "")): one.value for one in family.samples}
        for family in read
        if family.name.startswith(("frontdoor_cases", "frontdoor_clocks"))
    }


async def test_an_empty_queue_shows_as_zeros(front: Front) -> None:
    """Every status and every kind of clock is there from the start, so that an alert has something to watch."""
    gauges = await shown(front)
    assert {value for values in gauges.values() for value in values.values()} == {0}
    assert len(gauges["frontdoor_cases"]) == 6
    assert gauges["frontdoor_clocks"].keys() == {"overdue", "within_hour", "later"}


async def test_cases_are_counted_by_status_and_open_ones_by_their_clock(front: Front) -> None:
    """An overdue case, one due within the hour and one due later, and a decided one whose clock has ended."""
    offsets = [timedelta(minutes=-1), timedelta(minutes=59), timedelta(hours=2), timedelta(minutes=-5)]
    for offset in offsets:
        referral_id = await front.submit(example("11"), fetched=offset != offsets[0])
        async with transaction(front.db) as session:
            await session.execute(
                text(
                    "UPDATE cases SET due_at = statement_timestamp() + CAST(:offset AS interval)"
                    " WHERE referral_id = :id"
                ),
                {"offset": offset, "id": referral_id},
            )
    async with transaction(front.db) as session:
        await session.execute(
            text("UPDATE cases SET status = 'decided' WHERE due_at < statement_timestamp() - interval '4 min'")
        )
    gauges = await shown(front)
    assert gauges["frontdoor_clocks"] == {"overdue": 1, "within_hour": 1, "later": 1}
    assert gauges["frontdoor_cases"]["decided"] == 1
    assert sum(gauges["frontdoor_cases"].values()) == 4
    assert gauges["frontdoor_cases_details_pending"] == {"": 1}


async def test_clocks_that_ran_out_are_counted_by_kind(front: Front) -> None:
    """Both clocks of a case of months ago are counted, whether the worker came or not, until they end."""
    months_ago = datetime(2026, 3, 3, 10, tzinfo=UTC)
    await front.submit(example("05"), received_at=months_ago)
    await front.submit(example("05"))
    for _ in range(2):
        shown_by_kind = await by_kind(front)
        assert {kind: number for kind, number in shown_by_kind.items() if number} == {"statutory": 1, "colour": 1}
        assert set(shown_by_kind) == set(ClockKind)
        await step_clocks(front.db, desk_of(front))
    async with transaction(front.db) as session:
        await session.execute(text("UPDATE clocks SET ended_at = now(), next_at = NULL"))
    assert set((await by_kind(front)).values()) == {0}


async def by_kind(front: Front) -> dict[str, float]:
    read = await ServiceGauges("triage", front.db, GAUGES).read()
    family = next(family for family in read if family.name == "frontdoor_clocks_overdue")
    return {sample.labels["kind"]: sample.value for sample in family.samples}
