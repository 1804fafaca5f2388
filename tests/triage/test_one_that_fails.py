"""One row that fails holds up no other: clocks, calls to the line of duty, idle claims, cases and what was added."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage import worker
from services.triage.actions import claim_case, take_amendment, take_steps
from services.triage.actions.claim_case import release_lapsed
from services.triage.models import Case, Clock, HelpService, Page
from services.triage.worker import send_pages
from services.triage.worker.stepping import step_clocks
from shared.db import transaction
from shared.events import AmendmentFact, CaseOverdue, ReferralInformationAdded
from shared.settings.hub import Hub
from shared.telemetry.metrics import REGISTRY
from tests.conftest import OpenDatabase
from tests.fakes import eventually
from tests.triage.conftest import SCREENER, Front, example, opened
from tests.triage.test_amendments import amendment, kept
from tests.triage.test_case_clocks import desk_of
from tests.triage.test_pages import DOOR, Pigeon
from tests.triage.test_unfinished import fail


class Fault(Exception):  # noqa: N818 - a fact, as a Problem is
    """A defect of ours."""


def break_for(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, referral_id: UUID) -> None:
    """Let a function that gets a session and a case fail for the case of this referral."""
    works = getattr(module, name)

    async def breaks(session: Any, case: Case, *rest: Any, **more: Any) -> None:
        if case.referral_id == referral_id:
            raise Fault
        await works(session, case, *rest, **more)

    monkeypatch.setattr(module, name, breaks)


def failures(step: str) -> float:
    return REGISTRY.get_sample_value("frontdoor_case_steps_failed_total", {"step": step}) or 0


async def overdue(front: Front) -> list[UUID]:
    return [event.fact.referral_id for event in await front.events() if isinstance(event.fact, CaseOverdue)]


async def test_a_clock_that_fails_holds_up_no_other(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put off for a minute, logged and counted, and says what it has to say once it works again."""
    failing, other = await front.submit(example("05")), await front.submit(example("05"))
    async with transaction(front.db) as session:
        its = Clock.case_id == select(Case.id).where(Case.referral_id == failing).scalar_subquery()
        await session.execute(update(Clock).values(next_at=func.now() - timedelta(hours=1)))
        await session.execute(update(Clock).where(its).values(next_at=func.now() - timedelta(days=1)))
    before = failures("clock")
    with monkeypatch.context() as patch:
        break_for(patch, take_steps, "tell", failing)
        await step_clocks(front.db, desk_of(front))
    assert set(await overdue(front)) == {other}
    assert failures("clock") == before + 2
    async with transaction(front.db) as session:
        soon = select(func.count()).where(its, Clock.next_at < func.now() + timedelta(seconds=30))
        assert await session.scalar(soon) == 0
        await session.execute(update(Clock).where(its).values(next_at=func.now()))
    await step_clocks(front.db, desk_of(front))
    assert failing in await overdue(front)


async def test_a_call_that_breaks_holds_up_no_other(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go out once and are recorded; the one that broke in our hands is tried again."""
    danger = example("02") | {"concern": example("02")["concern"] | {"immediate_danger": "yes"}}
    at = datetime.now(UTC) - timedelta(minutes=16)
    breaking, _ = [await front.submit(danger, received_at=at) for _ in range(2)]
    await step_clocks(front.db, desk_of(front))
    async with transaction(front.db) as session:
        reference = await session.scalar(select(Case.reference).where(Case.referral_id == breaking))
    pigeon = Pigeon()
    carry = pigeon.send

    async def send(to: str, text: str) -> None:
        if str(reference) in text:
            raise Fault
        await carry(to, text)

    monkeypatch.setattr(pigeon, "send", send)
    await send_pages(front.db, desk_of(front), pigeon, DOOR)
    assert len(pigeon.carried) == 1
    async with transaction(front.db) as session:
        rows = (await session.execute(select(Page.sent_at.is_not(None), Page.next_at.is_not(None)))).all()
    assert sorted(tuple(row) for row in rows) == [(False, True), (True, False)]


async def test_a_claim_that_cannot_be_given_back_holds_up_no_other(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for the next case gets the other that lay idle, and the one that fails stays as it was."""
    failing, other = [await front.submit(example("05")) for _ in range(2)]
    for referral_id in (failing, other):
        await front.post(await front.case_of(referral_id), "claim", {}, SCREENER)
    async with transaction(front.db) as session:
        await session.execute(update(Case).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    break_for(monkeypatch, claim_case, "note", failing)
    async with transaction(front.db) as session:
        await release_lapsed(session)
    assert [(await front.case_of(one))["owner"] for one in (failing, other)] == ["screener", None]


async def test_a_case_that_cannot_be_finished_holds_up_no_other(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long for the most urgent case is tried again; those behind it get their details meanwhile."""
    front.referrals.away = True
    urgent, other = await front.submit(example("06")), await front.submit(example("05"))
    answer = front.referrals.get_detail

    async def get_detail(path: str, **more: Any) -> dict[str, Any]:
        if str(urgent) in path:
            raise TimeoutError
        return await answer(path, **more)

    monkeypatch.setattr(front.referrals, "get_detail", get_detail)
    front.referrals.away = False

    async def is_filled() -> bool:
        return not (await front.case_of(other))["details_pending"]

    await eventually(is_filled)
    assert (await front.case_of(urgent))["details_pending"]


async def test_what_was_added_and_cannot_be_read_holds_up_no_other(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cannot be filled in, those that came later are."""
    monkeypatch.setattr(take_amendment, "AMENDMENTS_AT_ONCE", 1)
    unreadable, other = [await front.submit(example("05")) for _ in range(2)]
    news = [amendment(front, referral_id, ReferralInformationAdded) for referral_id in (unreadable, other)]
    front.referrals.away = True
    for one in news:
        await front.consume(one)
    fact = cast(AmendmentFact, news[0].fact)
    front.referrals.details[f"/internal/referrals/{unreadable}/amendments/{fact.amendment_id}"] = {"indicators": 7}
    front.referrals.away = False

    async def are_filled() -> list[bool] | None:
        filled = [details is not None for _, details in await kept(front)]
        return filled if any(filled) else None

    assert await eventually(are_filled) == [False, True]


async def test_upkeep_that_fails_holds_up_no_other(open_service: OpenDatabase, hub: Hub) -> None:
    """Sessions are forgotten and the directory is there although something else cannot be tidied or given back."""
    done: list[str] = []

    async def forget(_: AsyncSession) -> None:
        done.append("forgotten")

    async def give_back(_: AsyncSession, **__: Hub) -> None:
        done.append("given back")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("tidy", "release_lapsed"):
            patch.setattr(worker, name, fail)
        patch.setattr(worker, "forget_old_capacity", forget)
        patch.setattr(worker, "return_duties", give_back)
        async with opened(open_service, hub) as front:

            async def is_kept_up() -> bool:
                async with transaction(front.db) as session:
                    return len(done) > 1 and await session.scalar(select(func.count(HelpService.id))) != 0

            assert await eventually(is_kept_up)
    assert {*done} == {"forgotten", "given back"}
