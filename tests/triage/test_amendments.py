"""What a sender adds to its referral, or its withdrawal, comes before a person, whatever state the case is in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.triage.models import Case, Clock, NewInformation
from shared.db import new_id, transaction
from shared.events import AmendmentFact, Event, ReferralInformationAdded, ReferralWithdrawn
from shared.inbox import dead_letters
from tests.fakes import eventually
from tests.triage.conftest import SCREENER, SOCIAL_WORKER, Front, example

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def amendment(
    front: Front, referral_id: UUID, fact: type[AmendmentFact] = ReferralInformationAdded, *codes: str
) -> Event:
    """Return the news of an amendment that the referrals service will tell with the referral."""
    amendment_id = new_id()
    said = {"text": "A new bruise."} if fact is ReferralInformationAdded else {"reason": "By mistake."}
    signs = [{"code": code, "status": "present", "child": None, "note": None} for code in codes]
    told = {"id": str(amendment_id), "kind": "k", "received_at": AT.isoformat(), "indicators": signs, **said}
    front.referrals.details[f"/internal/referrals/{referral_id}/amendments/{amendment_id}"] = told
    return Event(
        fact(
            referral_id=referral_id,
            reference="FD-1",
            detail_url=f"/internal/referrals/{referral_id}",
            amendment_id=amendment_id,
            received_at=AT,
        ),
        ("a-school",),
        urgency="no",
    )


async def kept(front: Front) -> list[tuple[str, Any]]:
    """Return kind and opened details of everything that came in, each with a clock that runs."""
    async with transaction(front.db) as session:
        rows = (await session.scalars(select(NewInformation).order_by(NewInformation.id))).all()
        running = select(Clock.about).where(Clock.kind == "new_information", Clock.ended_at.is_(None))
        assert set((await session.scalars(running)).all()) == {row.id for row in rows}
    vault = front.service.resources.vault
    return [
        (row.kind, None if row.details is None else vault.open("new_information", row.id, row.details)) for row in rows
    ]


async def listed(front: Front, queue: str) -> list[str]:
    items = (await front.http.get(f"/v1/cases?queue={queue}", headers=SCREENER)).json()["items"]
    return [item["referral_id"] for item in items]


async def test_what_is_added_waits_for_a_person(front: Front) -> None:
    """Text and reason are kept sealed with a running clock, the case is found by it, and stays what it was."""
    referral_id = await front.submit(example("05"))
    await front.submit(example("05"))
    before = await front.case_of(referral_id)
    await front.consume(amendment(front, referral_id), amendment(front, referral_id, ReferralWithdrawn))
    found = await kept(front)
    assert [kind for kind, _ in found] == ["information", "withdrawal"]
    assert (found[0][1]["text"], found[1][1]["reason"]) == ("A new bruise.", "By mistake.")
    after = await front.case_of(referral_id)
    assert (after["status"], after["priority"]) == (before["status"], before["priority"])
    assert await listed(front, "new_information") == [str(referral_id)]


async def test_what_is_added_is_read_by_itself(front: Front) -> None:
    """However much was added before, each addition costs the same to read: the whole is not fetched again."""
    referral_id = await front.submit(example("05"))
    front.referrals.asked.clear()
    news = [amendment(front, referral_id) for _ in range(3)]
    await front.consume(*news)
    whole = f"/internal/referrals/{referral_id}"
    facts = [one.fact for one in news if isinstance(one.fact, AmendmentFact)]
    assert sorted(front.referrals.asked) == sorted(f"{whole}/amendments/{fact.amendment_id}" for fact in facts)


async def test_news_about_a_decided_case_comes_before_a_person_too(front: Front) -> None:
    """The decision stands, and the case is among those with new information."""
    referral_id = await front.submit(example("03"))
    case = await front.case_of(referral_id)
    assert (await front.post(case, "confirmation", {}, SOCIAL_WORKER)).status_code == 200
    await front.consume(amendment(front, referral_id, ReferralInformationAdded, "unexplained_injury"))
    assert (await front.case_of(referral_id))["status"] == "decided"
    assert [kind for kind, _ in await kept(front)] == ["information"]
    assert await listed(front, "new_information") == [str(referral_id)]


async def test_a_sign_of_serious_harm_makes_the_case_red(front: Front) -> None:
    """What was added need not wait to be read: the case moves to the front of the queue, once."""
    first, second = await front.submit(example("05")), await front.submit(example("05"))
    await front.consume(
        amendment(front, second, ReferralInformationAdded, "unexplained_injury"),
        amendment(front, second, ReferralInformationAdded, "unexplained_injury"),
        amendment(front, first, ReferralInformationAdded, "self_harm"),
    )
    assert [(await front.case_of(one))["priority"] for one in (first, second)] == ["amber", "red"]
    steps = [step["what"] for step in (await front.case_of(second))["timeline"]]
    assert steps.count("case.raised_by_information") == 1


async def test_what_cannot_be_fetched_is_filled_in_later(front: Front) -> None:
    """A person is told at once that something came in; its text, and what it means for the colour, follow."""
    referral_id = await front.submit(example("05"))
    news = amendment(front, referral_id, ReferralInformationAdded, "unexplained_injury")
    front.referrals.away = True
    await front.consume(news)
    assert await kept(front) == [("information", None)]
    front.referrals.away = False

    async def filled() -> bool:
        return (await kept(front))[0][1] is not None

    await eventually(filled)
    assert (await front.case_of(referral_id))["priority"] == "red"


async def test_an_amendment_without_its_case_is_not_lost(front: Front) -> None:
    """It is set aside, and tried again once its referral may have come."""
    await front.consume(amendment(front, new_id()))
    async with transaction(front.db) as session:
        letters = (await session.execute(select(dead_letters))).all()
        assert (await session.scalars(select(Case))).all() == []
    assert [(letter.headers["ce_type"], letter.state) for letter in letters] == [
        (ReferralInformationAdded.type, "waiting")
    ]
