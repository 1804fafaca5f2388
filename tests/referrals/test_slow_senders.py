"""Whoever sends slowly holds nothing that others need."""

from tests.referrals.conftest import SCHOOL, Front
from tests.referrals.documents import document
from tests.slow import slow_senders


async def test_slow_senders_stop_nobody(front: Front) -> None:
    """While more senders than connections are in the middle of a body, a referral is taken and can be read."""
    first = await front.submit(document())

    async with slow_senders(front.http, f"/v1/referrals/{first['id']}/information", SCHOOL) as replies:
        accepted = await front.submit(document())
        shown = await front.read(accepted["id"])

    assert shown["reference"] == accepted["reference"]
    assert {reply.status_code for reply in replies} == {422}
