"""Whatever providers, clocks and people do with offers, in any order, a child is never nobody's."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import select

from services.triage.clocks import ClockKind
from services.triage.models import Case, Child, Clock, Offer, UnmetNeed
from shared.db import transaction
from tests.triage.conftest import SOCIAL_WORKER, Front
from tests.triage.test_decisions import decision
from tests.triage.test_offers import HUB, NAMES, OTHER, OTHER_HUB, TODAY, again, another_child, routed, run_out, say

STEPS = 14
OPEN = ("offered", "accepted", "started")
TURNS: dict[str, dict[str, Any]] = {
    "acceptance": {},
    "start": {"on": TODAY},
    "decline": {"reason": "No worker."},
    "step-up": {"reason": "More is needed."},
    "closure": {"result": "needs_met"},
}


async def provider_turn(front: Front, chance: random.Random, case: dict[str, Any]) -> None:
    """Let the provider of any offer of the case try any turn, also those that cannot be."""
    offer = chance.choice(case["offers"])
    verb = chance.choice(list(TURNS))
    body = {"reason": "family_refused"} if verb == "decline" and chance.random() < 0.3 else TURNS[verb]
    reply = await say(front, offer["id"], verb, OTHER_HUB if offer["provider"] == OTHER else HUB, **body)
    assert reply.status_code in (200, 404, 409)


async def person_turn(front: Front, chance: random.Random, case: dict[str, Any]) -> None:
    """Let a person confirm the route or decide for early help, at once with a provider's turn."""
    verb, body = chance.choice(
        [
            ("confirmation", {}),
            ("decision", decision((0, 2, "family_hub"), override_reason="The family was asked again.")),
            ("decision", decision((0, 1, "universal_advice"), override_reason="They manage.")),
        ]
    )
    replies = await asyncio.gather(
        front.post(case, verb, body, SOCIAL_WORKER), provider_turn(front, chance, case), return_exceptions=False
    )
    assert replies[0].status_code in (200, 409, 412)


async def nobody_is_lost(front: Front) -> None:
    """Assert that a case waits for a person with a clock, or that each child has help, had it, or was decided on."""
    async with transaction(front.db) as session:
        clocks = (await session.scalars(select(Clock).where(Clock.ended_at.is_(None)))).all()
        unmet = {(one.case_id, one.child) for one in await session.scalars(select(UnmetNeed))}
        offers = (await session.scalars(select(Offer))).all()
        rows = (await session.execute(select(Case, Child).join(Child, Child.case_id == Case.id))).all()
    running = {(clock.case_id, clock.kind) for clock in clocks}
    about = {(clock.about, clock.kind) for clock in clocks}
    for case, child in rows:
        mine = [one for one in offers if (one.case_id, one.child) == (case.id, child.child)]
        held = [one for one in mine if one.status in OPEN]
        assert len(held) <= 1
        for offer in held:
            waits = {"offered": ClockKind.OFFER, "accepted": ClockKind.OFFER_START}.get(offer.status)
            assert waits is None or (offer.id, waits) in about
        helped = bool(held) or any(one.result for one in mine)
        if case.status == "decided":
            assert helped or child.outcome == "universal_advice" or (case.id, child.child) in unmet
        else:
            assert {(case.id, kind) for kind in (ClockKind.STATUTORY, ClockKind.COLOUR)} & running
            assert case.status != "routed" or helped


@pytest.mark.parametrize("seed", range(5))
async def test_no_child_is_nobodys(front: Front, seed: int) -> None:
    """After each of many steps by chance, every child of three families is somebody's, and no place is held twice."""
    chance = random.Random(seed)
    cases = [(await routed(front, hubs=2))[0]]
    cases += [await front.case_of(await front.submit(another_child(name))) for name in NAMES[1:3]]
    for _ in range(STEPS):
        case = await again(front, chance.choice(cases))
        step = chance.random()
        if step < 0.6:
            await provider_turn(front, chance, case)
        elif step < 0.85:
            await person_turn(front, chance, case)
        else:
            await run_out(front, chance.choice([ClockKind.OFFER, ClockKind.OFFER_START]))
        await nobody_is_lost(front)
