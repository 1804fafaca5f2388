"""Whatever is sent of a child in danger, a case stands on the queue: intake and triage, each on its own database."""

import os

import pytest

from shared.settings.hub import Hub
from tests.conftest import OpenDatabase
from tests.referrals import conftest as referrals
from tests.referrals.odd import body_of, danger_of, odd_documents
from tests.referrals.reading import WRONG
from tests.triage import conftest as triage

BATCHES, SIZE = (134, 150) if os.environ.get("PROOF") else (1, 60)


@pytest.mark.parametrize("seed", range(BATCHES))
async def test_whatever_was_sent_a_case_stands_on_the_queue(seed: int, open_service: OpenDatabase, hub: Hub) -> None:
    """Odd documents in danger are each taken and a case that nobody has, red where danger is yes."""
    sent = [*odd_documents(SIZE, seed), *(wrong for wrong, _ in WRONG.values())]
    async with (
        referrals.opened(await open_service("referrals"), hub) as intake,
        triage.opened(open_service, hub, details_retry_seconds=60) as front,
    ):
        dangers = {(await intake.submit(body_of(one)))["id"]: danger_of(one) for one in sent}
        events = await intake.events()
        for path in (f"/internal/referrals/{event.fact.subject}" for event in events):
            front.referrals.details[path] = (await intake.http.get(path, headers=referrals.TRIAGE)).json()
        await front.consume(*events)
        reply = await front.http.get("/v1/cases?queue=unassigned&limit=200", headers=triage.SCREENER)

    shown = reply.json()["items"]
    queue = {case["referral_id"]: case for case in shown}
    assert set(queue) == set(dangers)
    assert {str(event.fact.subject): event.urgency for event in events} == dangers
    assert not any(case["details_pending"] for case in shown)
    assert {queue[one]["priority"] for one, danger in dangers.items() if danger == "yes"} == {"red"}
