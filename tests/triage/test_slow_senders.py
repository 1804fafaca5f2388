"""Whoever sends slowly holds nothing that others need."""

from tests.slow import slow_senders
from tests.triage.conftest import SCREENER, Front, example


async def test_slow_senders_stop_no_case(front: Front) -> None:
    """While more senders than connections are in the middle of a body, a case opens and is shown."""
    first = await front.case_of(await front.submit(example("03")))

    async with slow_senders(front.http, f"/v1/cases/{first['id']}/notes", SCREENER) as replies:
        opened = await front.case_of(await front.submit(example("01")))

    assert opened["status"] in ("unassigned", "routed")
    assert {reply.status_code for reply in replies} == {422}
