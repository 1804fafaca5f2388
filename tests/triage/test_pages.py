"""A page goes to the line of duty once, again where it did not go out, and never once the case is acknowledged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from services.triage.actions.clocks import end_clocks
from services.triage.clocks import ClockKind
from services.triage.models import Case, Clock, Page
from services.triage.queries.gauges import GAUGES
from services.triage.worker import send_pages
from services.triage.worker.pagers import NotSent
from services.triage.worker.stepping import step_clocks
from shared.db import transaction
from shared.events import ReferralSubmitted, encode
from shared.inbox import Entries, consume, dead_letters, mark_dead_letter, replay_dead_letters
from shared.outbox import Message
from shared.security import Role
from shared.telemetry.gauges import ServiceGauges
from tests.fakes import as_staff, eventually
from tests.triage.conftest import MANAGER, SCREENER, Front, example
from tests.triage.test_case_clocks import desk_of

DOOR = "http://front-door.test"


@dataclass
class Pigeon:
    """A pager that keeps what it carried, and fails for as long as `failures` are left."""

    failures: int = 0
    carried: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, to: str, text: str) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise NotSent("452")
        self.carried.append((to, text))


NO_CASE = f"A referral has no case: it is a dead letter at the front door, {DOOR}. Please see its runbook."


async def test_a_referral_that_cannot_be_read_calls_the_line_of_duty(front: Front) -> None:
    """Poison of a submitted referral is a dead letter and a page at once, which goes out once and is listed."""
    headers, payload = encode(front.announce(example("02")))
    poison = Message(headers, payload.replace(b'"reference"', b'"nickname"'))
    for _ in range(2):
        await consume(front.db, "triage", front.service.entries["referrals"], [poison])
    assert (await dead_submissions(front), await unsent(front)) == (1, 1)

    pigeon = Pigeon(failures=1)
    for _ in range(3):
        await send_pages(front.db, desk_of(front), pigeon, DOOR)
        await make_due(front)
    assert pigeon.carried == [("duty@front-door.example", NO_CASE)]
    assert (await dead_submissions(front), await unsent(front)) == (1, 0)
    (item,) = (await front.http.get("/v1/pages", headers=MANAGER)).json()["items"]
    assert (item["case_id"], item["reference"], item["line"]) == (None, None, 0)


async def test_a_replayed_referral_is_a_case_and_calls_nobody(front: Front) -> None:
    """A fault that outlasts patience is a dead letter and a page; replayed with success it is a case, and no page."""
    event = front.announce(example("02"))
    entries = front.service.entries["referrals"]
    failing = replace(entries[event.type], apply=fail, otherwise=None)
    await consume(front.db, "triage", {event.type: failing}, [Message(*encode(event))])
    assert await unsent(front) == 0
    await replay_until(front, {event.type: failing}, ["dead"])
    assert (await dead_submissions(front), await unsent(front)) == (1, 1)

    async with transaction(front.db) as session:
        assert await mark_dead_letter(session, (await session.scalars(select(dead_letters.c.id))).one(), "replay")
    await replay_until(front, entries, [])
    pigeon = Pigeon()
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    assert pigeon.carried == []
    assert (await dead_submissions(front), await unsent(front)) == (None, 0)
    assert (await front.case_of(event.fact.subject))["priority"]


async def fail(*_: object) -> None:
    raise ZeroDivisionError


async def replay_until(front: Front, entries: Entries, states: list[str]) -> None:
    """Try again what was set aside, with no patience, until the letters are in these states."""

    async def are_there() -> bool:
        async with transaction(front.db) as session:
            return list(await session.scalars(select(dead_letters.c.state))) == states

    async with transaction(front.db) as session:
        await session.execute(dead_letters.update().values(next_at=func.now()))
    replay = replay_dead_letters(front.db, "triage", entries, every_seconds=0.01, patience_seconds=0)
    task = asyncio.create_task(replay)
    try:
        await eventually(are_there)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def dead_submissions(front: Front) -> float | None:
    """Return what the gauge of dead letters says of submitted referrals."""
    read = await ServiceGauges("triage", front.db, ()).read()
    labels = {"service": "triage", "state": "dead", "type": ReferralSubmitted.type}
    samples = next(family.samples for family in read if family.name == "frontdoor_dead_letters")
    return next((sample.value for sample in samples if sample.labels == labels), None)


@pytest.fixture
async def danger(front: Front) -> Case:
    """Give a case of a danger that nobody acknowledged for sixteen minutes, whose first page is made."""
    referral = example("02")
    referral["concern"]["immediate_danger"] = "yes"
    referral_id = await front.submit(referral, received_at=datetime.now(UTC) - timedelta(minutes=16))
    await step_clocks(front.db, desk_of(front))
    async with transaction(front.db) as session:
        return (await session.scalars(select(Case).where(Case.referral_id == referral_id))).one()


async def pages(front: Front) -> Sequence[Page]:
    async with transaction(front.db) as session:
        return (await session.scalars(select(Page).order_by(Page.line))).all()


async def make_due(front: Front) -> None:
    async with transaction(front.db) as session:
        await session.execute(update(Page).where(Page.next_at.is_not(None)).values(next_at=func.now()))


async def unsent(front: Front) -> float:
    read = await ServiceGauges("triage", front.db, GAUGES).read()
    return next(family.samples[0].value for family in read if family.name == "frontdoor_pages_unsent")


async def test_the_first_in_line_is_called_once(front: Front, danger: Case) -> None:
    """Three workers at once send one message, which says a reference and a link and nothing else."""
    pigeon = Pigeon()
    assert await unsent(front) == 1
    await asyncio.gather(*(send_pages(front.db, desk_of(front), pigeon, DOOR) for _ in range(3)))
    text = f"Please look at {danger.reference} at the front door: {DOOR}/desk/cases/{danger.id}"
    assert pigeon.carried == [("duty@front-door.example", text)]
    (page,) = await pages(front)
    assert page.sent_at is not None
    assert (page.attempts, page.next_at) == (1, None)
    assert await unsent(front) == 0


async def test_then_the_next_in_line(front: Front, danger: Case) -> None:
    """After another quarter of an hour the same words go to the second address."""
    assert danger.acknowledged_at is None
    pigeon = Pigeon()
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    async with transaction(front.db) as session:
        await session.execute(
            update(Clock).where(Clock.kind == ClockKind.ACKNOWLEDGEMENT).values(next_at=func.now() - timedelta(1))
        )
    await step_clocks(front.db, desk_of(front))
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    (first, words), (second, same_words) = pigeon.carried
    assert (first, second) == ("duty@front-door.example", "duty-manager@front-door.example")
    assert words == same_words


async def test_a_page_that_did_not_go_out_is_sent_again(front: Front, danger: Case) -> None:
    """Each try waits longer than the one before, until one succeeds."""
    assert danger.priority == "red"
    pigeon = Pigeon(failures=2)
    pauses: list[timedelta | None] = []
    for _ in range(3):
        await make_due(front)
        await send_pages(front.db, desk_of(front), pigeon, DOOR)
        async with transaction(front.db) as session:
            pauses.append(await session.scalar(select(Page.next_at - func.clock_timestamp())))
    first, second, none = pauses
    assert first is not None
    assert second is not None
    assert timedelta() < first <= timedelta(seconds=5)
    assert timedelta(seconds=5) < second <= timedelta(seconds=15)
    assert none is None
    assert len(pigeon.carried) == 1
    assert [page.attempts for page in await pages(front)] == [3]


async def test_a_worker_killed_while_sending_leaves_the_page_to_others(front: Front, danger: Case) -> None:
    """While its lease lasts nobody sends the page again; then somebody does."""

    class Killed(Pigeon):
        async def send(self, to: str, text: str) -> None:
            self.carried.append((to, text))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await send_pages(front.db, desk_of(front), Killed(), DOOR)
    pigeon = Pigeon()
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    assert pigeon.carried == []
    await make_due(front)
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    assert len(pigeon.carried) == 1
    assert danger.reference in pigeon.carried[0][1]


async def test_nobody_is_called_for_what_is_acknowledged(front: Front, danger: Case) -> None:
    """A page that waits when somebody acknowledges the case is dropped."""
    async with transaction(front.db) as session:
        await end_clocks(session, danger, ClockKind.ACKNOWLEDGEMENT)
    pigeon = Pigeon()
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    assert pigeon.carried == []
    assert await unsent(front) == 0


async def test_without_a_pager_pages_are_kept_as_not_sent(front: Front, danger: Case) -> None:
    """They are counted until somebody acknowledges the case, and listed."""
    await send_pages(front.db, desk_of(front), None, DOOR)
    (page,) = await pages(front)
    assert (page.sent_at, page.next_at) == (None, None)
    assert await unsent(front) == 1
    (item,) = (await front.http.get("/v1/pages", headers=MANAGER)).json()["items"]
    assert (item["reference"], item["case_id"], item["line"]) == (danger.reference, str(danger.id), 0)
    assert item["sent_at"] is None
    assert set(item) == {"id", "case_id", "reference", "line", "made_at", "attempts", "sent_at"}


async def test_who_may_list_pages(front: Front) -> None:
    """Managers and administrators, page by page; a screener may not."""
    for _ in range(3):
        referral = example("02")
        referral["concern"]["immediate_danger"] = "yes"
        await front.submit(referral, received_at=datetime.now(UTC) - timedelta(minutes=16))
        await step_clocks(front.db, desk_of(front))
    assert (await front.http.get("/v1/pages", headers=SCREENER)).status_code == 403
    admin = as_staff("admin", Role.ADMIN)
    first = (await front.http.get("/v1/pages?limit=2", headers=admin)).json()
    rest = (await front.http.get(f"/v1/pages?limit=2&cursor={first['next_cursor']}", headers=admin)).json()
    made = [item["made_at"] for item in (*first["items"], *rest["items"])]
    assert len(made) == 3
    assert made == sorted(made, reverse=True)
    assert rest["next_cursor"] is None
