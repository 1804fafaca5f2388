"""Whatever providers, clocks and people do with offers, in any order, a child is never nobody's."""

import asyncio
import json
from random import Random
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select

from services.triage.actions.directory import import_directory
from services.triage.clocks import ClockKind
from services.triage.domain import OPEN_OFFERS, OfferStatus
from services.triage.models import Case, Child, Clock, Offer, UnmetNeed
from shared.db import transaction
from tests.triage.conftest import SOCIAL_WORKER, Front
from tests.triage.directory import LISTINGS
from tests.triage.test_decisions import decision
from tests.triage.test_offers import HUB, OTHER, OTHER_HUB, TODAY, another_child, run_out, say, second_hub
from tests.triage.walks import Walk, walk

FAMILIES = 3
WHICH = st.integers(0, 9)
TURNS: dict[str, tuple[str, dict[str, Any]]] = {
    "accepts": ("acceptance", {}),
    "starts": ("start", {"on": TODAY}),
    "declines": ("decline", {"reason": "No worker."}),
    "is refused by the family": ("decline", {"reason": "family_refused"}),
    "steps up": ("step-up", {"reason": "More is needed."}),
    "closes": ("closure", {"result": "needs_met"}),
}
NEXT = {"offered": "accepts", "accepted": "starts", "started": "closes"}
PERSON: dict[str, tuple[str, dict[str, Any]]] = {
    "confirms": ("confirmation", {}),
    "offers help": ("decision", decision((0, 2, "family_hub"), override_reason="The family was asked again.")),
    "gives advice": ("decision", decision((0, 1, "universal_advice"), override_reason="They manage.")),
    "opens again": ("reopening", {"reason": "More is known."}),
}


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
        held = [one for one in mine if one.status in OPEN_OFFERS]
        assert len(held) <= 1
        for offer in held:
            waits = {"offered": ClockKind.OFFER, "accepted": ClockKind.OFFER_START}.get(offer.status)
            assert waits is None or (offer.id, waits) in about
        late = {one.about for one in clocks if one.kind == ClockKind.OFFER_START and one.next_at is None}
        assert case.status != "decided" or not late & {one.id for one in held}
        helped = bool(held) or any(one.result for one in mine)
        if case.status == "decided":
            assert helped or child.outcome == "universal_advice" or (case.id, child.child) in unmet
        else:
            assert {(case.id, kind) for kind in (ClockKind.STATUTORY, ClockKind.COLOUR)} & running
            assert case.status != "routed" or helped


class EarlyHelp(Walk):
    """Providers, people and time act on families, also where it can't be; refusals are part of it, failures are not."""

    families: ClassVar[int] = 0
    reached: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.referrals: list[UUID] = []

    @precondition(lambda self: len(self.referrals) < FAMILIES)
    @rule()
    def refer(self) -> None:
        """Let a family come whose names and address are like nobody else's."""
        EarlyHelp.families += 1
        name = "".join(Random(self.families).choices("abcdefghijklmnoprstuvwyz", k=3 + self.families % 6))
        self.referrals.append(self.wait(self.front.submit(another_child(name.title()))))

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, offer=WHICH, turn=st.sampled_from(sorted(TURNS)))
    def provider(self, which: int, offer: int, turn: str) -> None:
        self.wait(self.provider_turn(self.case(which), offer, turn))

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH)
    def help_goes_on(self, which: int) -> None:
        """Let the provider of the latest offer do what it is waited for to do."""
        case = self.case(which)
        for offer in case["offers"][-1:]:
            turn = NEXT.get(offer["status"])
            if turn:
                self.wait(self.provider_turn(case, 0, turn))

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, offer=WHICH, turn=st.sampled_from(sorted(TURNS)), word=st.sampled_from(sorted(PERSON)))
    def at_once(self, which: int, offer: int, turn: str, word: str) -> None:
        """Let a provider and a person act on one family side by side."""
        case = self.case(which)

        async def both() -> None:
            await asyncio.gather(self.provider_turn(case, offer, turn), self.person_turn(case, word))

        self.wait(both())

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, word=st.sampled_from(sorted(PERSON)))
    def person(self, which: int, word: str) -> None:
        self.wait(self.person_turn(self.case(which), word))

    @precondition(lambda self: self.referrals)
    @rule(kind=st.sampled_from([ClockKind.OFFER, ClockKind.OFFER_START]))
    def time_passes(self, kind: ClockKind) -> None:
        self.wait(run_out(self.front, kind))

    @invariant()
    def no_child_is_nobodys(self) -> None:
        self.wait(nobody_is_lost(self.front))
        self.wait(self.note_reached())

    def case(self, which: int) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.front.case_of(self.referrals[which % len(self.referrals)]))
        return found

    async def provider_turn(self, case: dict[str, Any], which: int, turn: str) -> None:
        if case["offers"]:
            # The latest offers are those of which most can come.
            offer = case["offers"][-1 - which % len(case["offers"])] if which > 6 else case["offers"][-1]
            verb, body = TURNS[turn]
            reply = await say(self.front, offer["id"], verb, OTHER_HUB if offer["provider"] == OTHER else HUB, **body)
            assert reply.status_code in (200, 404, 409), reply.text

    async def person_turn(self, case: dict[str, Any], word: str) -> None:
        verb, body = PERSON[word]
        reply = await self.front.post(case, verb, body, SOCIAL_WORKER)
        assert reply.status_code in (200, 409, 412), reply.text

    async def note_reached(self) -> None:
        async with transaction(self.front.db) as session:
            self.reached.update((await session.scalars(select(Offer.status).distinct())).all())


@pytest.fixture
async def machine(front: Front) -> type[EarlyHelp]:
    async with transaction(front.db) as session:
        await import_directory(session, json.dumps([*LISTINGS, second_hub()]).encode())
    EarlyHelp.front, EarlyHelp.loop = front, asyncio.get_running_loop()
    return EarlyHelp


def test_no_child_is_nobodys(machine: type[EarlyHelp]) -> None:
    """After each of some hundred steps every child has help, had it, was decided on, or waits for a person."""
    walk(machine, times=12, steps=25)
    assert machine.reached == set(OfferStatus)
