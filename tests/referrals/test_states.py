"""A referral's state goes back and forth with its case: questions and answers, a decision and a reopening."""

import asyncio
from typing import Any

from shared.db import new_id
from shared.events import CaseReopened, InformationAnswered, InformationOverdue, InformationRequested
from tests.referrals.conftest import Front
from tests.referrals.documents import document
from tests.referrals.test_following import DECIDED_AT, decided, opened


def pointer(accepted: dict[str, Any]) -> dict[str, Any]:
    """Return what every fact of the referral's case says."""
    return {
        "referral_id": accepted["id"],
        "reference": accepted["reference"],
        "detail_url": "/v1/cases/c",
        "case_id": new_id(),
    }


async def test_a_reopened_case_is_in_triage_until_it_is_decided_anew(front: Front) -> None:
    """What was decided no longer shows; who waits for a decision gets the next one, which replaces the first."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted, "First."))
    await front.hear(CaseReopened(**pointer(accepted)))
    shown = await front.read(accepted["id"], "?status=decided&wait=1")
    assert (shown["status"], shown["feedback"], shown["decided_at"]) == ("in_triage", None, None)
    reading = asyncio.create_task(front.read(accepted["id"], "?status=decided&wait=30"))
    await front.hear(decided(front, accepted, "Second."))
    async with asyncio.timeout(10):
        shown = await reading
    assert (shown["status"], shown["feedback"]) == ("decided", "Second.")


async def test_the_sender_sees_that_triage_waits_for_information(front: Front) -> None:
    """From the first question to the last answer or silence; a reminder and one of two answers move nothing."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted))
    request = {**pointer(accepted), "request_id": new_id(), "asked": "a-hospital"}
    late = {**request, "due_at": DECIDED_AT}
    seen = []
    for fact in (
        InformationRequested(**request),
        InformationOverdue(**late, state="soon"),
        InformationAnswered(**request, waits=True),
        InformationOverdue(**late, state="over", waits=False),
        InformationRequested(**request),
        InformationAnswered(**request, waits=False),
    ):
        await front.hear(fact)
        seen.append((await front.read(accepted["id"]))["status"])
    waiting = "information_requested"
    assert seen == [waiting, waiting, waiting, "in_triage", waiting, "in_triage"]


async def test_news_of_questions_moves_nothing_that_is_further_on(front: Front) -> None:
    """A referral that is decided is not brought back by what was asked about it."""
    accepted = await front.submit(document())
    await front.hear(opened(accepted), decided(front, accepted))
    request = {**pointer(accepted), "request_id": new_id(), "asked": "a-hospital"}
    await front.hear(InformationRequested(**request), InformationAnswered(**request, waits=False))
    assert (await front.read(accepted["id"]))["status"] == "decided"
