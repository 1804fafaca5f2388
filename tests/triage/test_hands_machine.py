"""Whatever people do with cases, in any order, a case lies with somebody who works here or where somebody looks."""

import asyncio
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select, update

from services.triage.actions.claim_case import release_lapsed
from services.triage.actions.register import add_person, return_work
from services.triage.models import Case, StaffMember
from services.triage.queries.staff import works_on_cases
from shared.db import transaction
from shared.security import Role
from tests.fakes import as_partner, as_staff
from tests.triage.asking import AGENCIES, family, questions, respond
from tests.triage.conftest import Front
from tests.triage.staffing import arrive, leave
from tests.triage.test_decisions import decision
from tests.triage.walks import Walk, walk

PEOPLE = {
    "kim": as_staff("kim", Role.SCREENER),
    "max": as_staff("max", Role.MANAGER),
    "noa": as_staff("noa", Role.MANAGER),
}
WHO = st.sampled_from(sorted(PEOPLE))
DECIDED = decision((0, 4, "section_17_assessment"), (1, 4, "section_17_assessment"), override_reason="Known to us.")
LOWERED = decision((0, 1, "universal_advice"), (1, 1, "universal_advice"), override_reason="It was a mistake.")
TURNS: dict[str, tuple[str, dict[str, Any]]] = {
    "claims": ("claim", {}),
    "releases": ("release", {}),
    "countersigns": ("decision/countersignature", {"agree": True, "reason": "So it is."}),
    "refuses": ("decision/countersignature", {"agree": False, "reason": "It is not so."}),
    "opens again": ("reopening", {"reason": "More is known."}),
}


class Hands(Walk):
    """People claim, hand on, ask, decide, leave and come back, also where it can't be; refusals are part of it."""

    reached: ClassVar[set[str]] = set()

    referral: UUID

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    @initialize()
    def refer(self) -> None:
        """Let a family come, whose case is the only one that this walk works at."""
        self.referral = self.wait(self.front.submit(family()))

    @rule(who=WHO, turn=st.sampled_from(sorted(TURNS)))
    def acts(self, who: str, turn: str) -> None:
        verb, body = TURNS[turn]
        self.act(who, verb, body)

    @rule(who=st.sampled_from(["max", "noa"]), decided=st.sampled_from([DECIDED, LOWERED]))
    def decides(self, who: str, decided: dict[str, Any]) -> None:
        """Let a manager take the case out of whose hands it is in, and decide; what is lowered waits for another."""
        self.act(who, "assignment", {"to": who})
        self.act(who, "decision", decided)

    @rule(who=WHO, to=st.sampled_from([*sorted(PEOPLE), "kin", "socal-worker"]))
    def assigns(self, who: str, to: str) -> None:
        self.act(who, "assignment", {"to": to})

    @rule(who=WHO, agency=st.sampled_from(sorted(AGENCIES)))
    def asks(self, who: str, agency: str) -> None:
        """Let somebody take the case, where they can, and ask."""
        self.act(who, "claim", {})
        self.act(who, "information-requests", questions(agency))

    @rule()
    def answers(self) -> None:
        """Let whoever is still waited for about a case answer."""
        for request in self.case()["information_requests"]:
            if request["state"] in ("asked", "overdue"):
                partner = as_partner(request["agency"], "information:respond")
                self.wait(respond(self.front, request, {"answer": "All is well."}, partner))

    @rule(who=WHO)
    def leaves_or_comes_back(self, who: str) -> None:
        self.wait(self.move(who))

    async def move(self, who: str) -> None:
        if who not in self.away:
            await leave(self.front, who)
        else:
            async with transaction(self.front.db) as session:
                await add_person(session, who)
        self.away ^= {who}

    def teardown(self) -> None:
        """Let everybody be back before the next walk."""
        for who in sorted(self.away):
            self.wait(self.move(who))

    @rule()
    def time_passes(self) -> None:
        """Let every lease run out, and triage's worker look."""

        async def pass_by() -> None:
            async with transaction(self.front.db) as session:
                past = func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 1)
                await session.execute(update(Case).where(Case.lease_until.is_not(None)).values(lease_until=past))
            async with transaction(self.front.db) as session:
                await release_lapsed(session)
                await return_work(session)

        self.wait(pass_by())

    @invariant()
    def every_case_is_somebodys(self) -> None:
        self.wait(self.look())

    async def look(self) -> None:
        async with transaction(self.front.db) as session:
            await return_work(session)
            members = {one.subject: one for one in await session.scalars(select(StaffMember))}
            for case in await session.scalars(select(Case)):
                self.reached.add(case.status)
                owned = case.owner in members and works_on_cases(members[case.owner])
                assert (case.owner is None) == (case.owner_issuer is None)
                assert case.status == "decided" or owned or case.owner is None
                assert owned or case.status in ("unassigned", "routed", "awaiting_countersignature", "decided")

    def act(self, who: str, verb: str, body: dict[str, Any]) -> None:
        reply = self.wait(self.front.post(self.case(), verb, body, PEOPLE[who]))
        assert reply.status_code in (200, 201, 202, 401, 403, 409, 412, 422), reply.text

    def case(self) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.front.case_of(self.referral))
        return found


@pytest.fixture
async def machine(front: Front) -> type[Hands]:
    await arrive(front, *PEOPLE.values())
    front.referrals.details["/internal/agencies/answering"] = {"agencies": AGENCIES}
    Hands.front, Hands.loop = front, asyncio.get_running_loop()
    return Hands


def test_every_case_is_somebodys(machine: type[Hands]) -> None:
    """After each of some hundred steps every open case is on a queue, or with a person of the register."""
    walk(machine, times=6, steps=20)
    assert {"unassigned", "claimed", "waiting", "decided", "awaiting_countersignature"} <= machine.reached
