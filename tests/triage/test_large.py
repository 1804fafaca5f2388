"""A referral of very many people costs the sender's own case time, and no other's."""

from functools import partial
from typing import Any

import pytest

from tests.factories import another_family, large_family
from tests.fakes import eventually
from tests.triage.conftest import SCREENER, Front, example
from tests.triage.turns import counted_by_turn

MOST_UNITS = 500
"""So much may be compared between two turns of the loop."""


async def cases(front: Front) -> list[dict[str, Any]]:
    """Return the queue, with what each case still stands without."""
    items = (await front.http.get("/v1/cases?limit=200", headers=SCREENER)).json()["items"]
    return [(await front.http.get(f"/v1/cases/{item['id']}", headers=SCREENER)).json() for item in items]


async def finished(front: Front) -> list[dict[str, Any]] | None:
    """Return the cases once none lacks a step that is still to come."""
    found = await cases(front)
    return found if all(set(case["unfinished"].values()) <= {"too_large"} for case in found) else None


async def test_who_sends_many_people_holds_up_nobody(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among large referrals an ordinary one has its receipt at once; they stand with theirs to read, to be finished."""

    async def wait(*_: Any, **__: Any) -> list[Any]:
        return []

    with monkeypatch.context() as patch:
        patch.setattr("services.triage.worker.finishing.claim_unfinished", wait)
        large = [front.announce(large_family(number)) for number in range(5)]
        ordinary = front.announce(another_family(example("03"), "Ordinary", born="2016-02-03"))
        await front.consume(*large[:3], ordinary, *large[3:])
        opened = {case["referral_id"]: case for case in await cases(front)}

    assert (opened[str(ordinary.fact.subject)]["unfinished"], opened[str(ordinary.fact.subject)]["level"]) == ({}, 2)
    left = {"people": "large"} | dict.fromkeys(("assessment", "duties", "route", "news"), "pending")
    for event in large:
        case = opened[str(event.fact.subject)]
        assert (case["unfinished"], case["priority"], len(case["children"])) == (left, "amber", 0)
        assert len(case["referral"]["children"]) == 20


async def test_large_referrals_are_finished_alone(front: Front) -> None:
    """Each is assessed in the end, and the later knows the earlier, however many share one of its names."""
    referrals = [await front.submit(large_family(number)) for number in (1, 2)]

    found = {case["referral_id"]: case for case in await eventually(partial(finished, front))}
    assert [len(found[str(referral)]["children"]) for referral in referrals] == [20, 20]
    assert found[str(referrals[1])]["receipt"]["facts"]["possible_match_waiting"] is True


async def test_comparing_gives_others_their_turn(front: Front) -> None:
    """Between two turns of the loop no more is compared than a fixed count, however many people there are."""
    documents = [large_family(number) for number in range(3)]
    for child in documents[2]["children"]:
        child["known_as"] = [f"Sam {letter}" for letter in "abcdefghij"]
    documents += [another_family(example("03"), "Nobody", born="2016-02-03") for _ in range(3)]
    async with counted_by_turn() as units:
        for document in documents:
            await front.submit(document)
        await eventually(partial(finished, front))

    assert units.total() > 2_000
    assert max(units.values()) <= MOST_UNITS
