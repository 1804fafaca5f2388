"""Whatever people do, in any order: every case has an owner or a queue, and a clock or a decision that stands."""

import asyncio
import secrets
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select, text

from services.triage.actions.claim_case import release_lapsed
from services.triage.actions.take_steps import take_steps
from services.triage.domain import CaseStatus
from services.triage.models import Case
from shared.db import transaction
from tests.triage.asking import AGENCIES, HOSPITAL, questions
from tests.triage.conftest import MANAGER, MANAGER_2, SCREENER, SCREENER_2, SOCIAL_WORKER, Front, example
from tests.triage.test_case_clocks import desk_of
from tests.triage.test_challenges import SCHOOL
from tests.triage.test_decisions import decision
from tests.triage.walks import Walk, walk

STAFF = st.sampled_from([SCREENER, SCREENER_2, SOCIAL_WORKER, MANAGER, MANAGER_2])
DECIDERS = st.sampled_from([SOCIAL_WORKER, MANAGER, MANAGER_2])
WHICH = st.integers(0, 9)
LOWERED = {"override_reason": "Seen and heard."}
SIMPLE = {
    "claim": {},
    "release": {"reason": "End of the shift."},
    "assignment": {"to": "social-worker"},
    "acknowledgement": {"advice": []},
    "notes": {"text": "Rang the school."},
    "priority": {"priority": "red", "reason": "The father is on his way."},
    "parallel-routes": {"route": "lado", "owner": "lado"},
}

LOST = text("""
WITH running AS (SELECT case_id, kind, about FROM clocks WHERE ended_at IS NULL),
     deciding AS (SELECT case_id, count(*) FROM running
                  WHERE kind IN ('statutory', 'colour', 'needed_by') GROUP BY case_id),
     said AS (SELECT case_id, count(*) FILTER (WHERE state = 'final') AS final,
                     count(*) FILTER (WHERE state = 'awaiting') AS awaiting FROM decisions GROUP BY case_id)
SELECT what FROM (
SELECT c.id, 'case ' || c.status FROM cases c
  LEFT JOIN deciding ON deciding.case_id = c.id LEFT JOIN said ON said.case_id = c.id
 WHERE NOT coalesce(CASE c.status
   WHEN 'decided' THEN said.final = 1 AND deciding.count IS NULL AND c.decided_at IS NOT NULL
     AND NOT EXISTS (SELECT FROM children k WHERE k.case_id = c.id AND k.outcome IS NULL)
   WHEN 'unassigned' THEN c.owner IS NULL AND deciding.count > 0
   WHEN 'claimed' THEN c.owner IS NOT NULL AND c.lease_until IS NOT NULL AND deciding.count > 0
   WHEN 'waiting' THEN c.owner IS NOT NULL AND deciding.count > 0
     AND EXISTS (SELECT FROM information_requests r WHERE r.case_id = c.id AND r.state = 'asked')
   WHEN 'awaiting_countersignature' THEN said.awaiting = 1 AND deciding.count > 0
   WHEN 'routed' THEN deciding.count > 0
     AND EXISTS (SELECT FROM offers o WHERE o.case_id = c.id AND o.status <> 'closed')
   END, false)
    OR (c.status <> 'decided' AND coalesce(said.final, 0) > 0)
UNION ALL SELECT x.case_id, 'challenge without a clock' FROM challenges x WHERE state = 'open'
  AND NOT EXISTS (SELECT FROM running r WHERE r.kind = 'challenge' AND r.about = x.id)
UNION ALL SELECT x.case_id, 'request without a clock' FROM information_requests x WHERE state = 'asked'
  AND NOT EXISTS (SELECT FROM running r WHERE r.kind = 'information_request' AND r.about = x.id)
UNION ALL SELECT x.case_id, 'request on a decided case' FROM information_requests x JOIN cases c ON c.id = x.case_id
  WHERE c.status = 'decided' AND x.state IN ('asked', 'overdue')
UNION ALL SELECT x.case_id, 'news without a clock' FROM new_information x WHERE acknowledged_at IS NULL
  AND NOT EXISTS (SELECT FROM running r WHERE r.kind = 'new_information' AND r.about = x.id)
UNION ALL SELECT x.case_id, 'route without a clock' FROM parallel_routes x WHERE completed_at IS NULL
  AND NOT EXISTS (SELECT FROM running r WHERE r.kind = 'parallel_route' AND r.about = x.id)
) lost (case_id, what) JOIN cases ON cases.id = lost.case_id WHERE referral_id = ANY(:referrals)
""")
"""What is in nobody's sight: a row for each case, request, challenge, news or route that nothing waits for.

It looks at these referrals alone: what an earlier run left broken would otherwise break every run after it.
"""


class Casework(Walk):
    """People and time act on cases through the routes and the worker; refusals are part of it, failures are not."""

    reached: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.referrals: list[UUID] = []

    def case(self, which: int, *wanted: CaseStatus) -> dict[str, Any]:
        """Return one of this run's cases, of those in the wanted states where there are any."""
        listed = self.wait(self.front.http.get("/v1/cases?limit=200", headers=SCREENER)).json()["items"]
        mine = [item for item in listed if UUID(item["referral_id"]) in self.referrals]
        fitting = [item for item in mine if item["status"] in wanted] or mine
        reply = self.wait(self.front.http.get(f"/v1/cases/{fitting[which % len(fitting)]['id']}", headers=SCREENER))
        return {**reply.json(), "etag": reply.headers["ETag"]}

    def post(self, path: str, body: Any, headers: dict[str, str], **more: str) -> Any:
        sent = {"Idempotency-Key": secrets.token_hex(8), **headers, **more}
        reply = self.wait(self.front.http.post(path, json=body, headers=sent))
        assert reply.status_code < 500, reply.text
        return reply

    def act(self, case: dict[str, Any], verb: str, body: Any, headers: dict[str, str]) -> Any:
        return self.post(f"/v1/cases/{case['id']}/{verb}", body, headers, **{"If-Match": case["etag"]})

    @precondition(lambda self: len(self.referrals) < 6)
    @rule(name=st.sampled_from(["01", "03", "05", "07", "10"]))
    def refer(self, name: str) -> None:
        self.referrals.append(self.wait(self.front.submit(example(name))))

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, verb=st.sampled_from(sorted(SIMPLE)), who=STAFF)
    def do(self, which: int, verb: str, who: dict[str, str]) -> None:
        self.act(self.case(which), verb, SIMPLE[verb], who)

    @precondition(lambda self: self.referrals)
    @rule(who=STAFF)
    def take_next(self, who: dict[str, str]) -> None:
        self.post("/v1/cases/next", None, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, code=st.sampled_from(["attendance_slipping", "self_harm", "sexual_abuse"]), who=STAFF)
    def code(self, which: int, code: str, who: dict[str, str]) -> None:
        body = {"indicators": [{"code": code, "status": "present"}], "source": "A call."}
        self.act(self.case(which), "facts", body, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, who=DECIDERS, outcome=st.sampled_from([None, "family_hub", "no_further_action"]))
    def decide(self, which: int, who: dict[str, str], outcome: str | None) -> None:
        case = self.case(which, CaseStatus.CLAIMED, CaseStatus.WAITING)
        said = [(c["child"], c["level"], outcome or c["receipt"]["route"]) for c in case["children"]]
        self.act(case, "decision", decision(*said, **LOWERED), who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, who=DECIDERS)
    def confirm(self, which: int, who: dict[str, str]) -> None:
        self.act(self.case(which, CaseStatus.ROUTED), "confirmation", {}, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, who=DECIDERS)
    def reopen(self, which: int, who: dict[str, str]) -> None:
        self.act(self.case(which, CaseStatus.DECIDED), "reopening", {"reason": "More is known."}, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, agree=st.booleans(), who=st.sampled_from([MANAGER, MANAGER_2]))
    def countersign(self, which: int, agree: bool, who: dict[str, str]) -> None:
        case = self.case(which, CaseStatus.AWAITING_COUNTERSIGNATURE)
        self.act(case, "decision/countersignature", {"agree": agree, "reason": "Read."}, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, word=st.sampled_from(["confirmation", "removal"]), who=STAFF)
    def settle(self, which: int, word: str, who: dict[str, str]) -> None:
        case = self.case(which)
        for match in case["matches"][:1]:
            self.act(case, f"links/{match['id']}/{word}", {}, who)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, who=STAFF, answers=st.booleans())
    def ask(self, which: int, who: dict[str, str], answers: bool) -> None:
        self.act(self.case(which, CaseStatus.UNASSIGNED), "claim", {}, who)
        made = self.act(self.case(which, CaseStatus.CLAIMED), "information-requests", questions(), who)
        if answers and made.status_code == 201:
            self.post(f"/v1/information-requests/{made.json()['id']}/response", {"answer": "Seen in May."}, HOSPITAL)

    @precondition(lambda self: self.referrals)
    @rule(which=WHICH, answer=st.sampled_from([None, "upheld", "reopen"]), who=DECIDERS)
    def challenge(self, which: int, answer: str | None, who: dict[str, str]) -> None:
        case = self.case(which, CaseStatus.DECIDED)
        raised = self.post(f"/v1/referrals/{case['referral_id']}/challenge", {"reason": "He is hungry."}, SCHOOL)
        if answer and raised.status_code == 201:
            body = {"answer": "We look again.", "outcome": answer}
            self.act(case, f"challenges/{raised.json()['id']}/answer", body, who)

    @precondition(lambda self: self.referrals)
    @rule()
    def let_time_pass(self) -> None:
        self.wait(self.pass_time())

    async def pass_time(self) -> None:
        """Let every lease lapse, and each running clock take its next step, as if that moment had come."""
        async with transaction(self.front.db) as session:
            for table, moment in (("cases", "lease_until"), ("clocks", "next_at")):
                past = f"UPDATE {table} SET {moment} = now() - interval '1 s' WHERE {moment} > now()"
                await session.execute(text(past))
        async with transaction(self.front.db) as session:
            await release_lapsed(session)
            await take_steps(session, desk_of(self.front))

    @invariant()
    def nothing_is_out_of_sight(self) -> None:
        assert self.wait(self.lost()) == []

    async def lost(self) -> list[str]:
        async with transaction(self.front.db) as session:
            self.reached.update((await session.scalars(select(Case.status).distinct())).all())
            return list((await session.scalars(LOST, {"referrals": self.referrals})).all())


@pytest.fixture
async def machine(front: Front) -> type[Casework]:
    front.referrals.details["/internal/agencies/answering"] = {"agencies": AGENCIES}
    Casework.front, Casework.loop = front, asyncio.get_running_loop()
    return Casework


def test_nothing_gets_out_of_sight(machine: type[Casework]) -> None:
    """After each of some hundred steps every case is somebody's or on a queue, and has a clock or is decided."""
    walk(machine, times=15, steps=30)
    assert machine.reached == set(CaseStatus)
