"""What staff do with a case in a simulated month, from the acknowledgement to the countersignature."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from services.cli.month.agenda import Agenda
from services.cli.month.calls import Calls, Reply, Worker
from services.cli.month.decisions import decision_on
from services.cli.month.habits import Chances, StaffHabit

Case = dict[str, Any]

PAGE = 200
LIKELY = 0.5
COUNTERSIGNED_IN = timedelta(minutes=40)
MOST_MINUTES = 14
MANAGERS = (Worker("manager", "manager"), Worker("manager-2", "manager"))
URGENT_ADVICE = ["stay_with_the_child", "do_not_tell_the_family"]
ADVICE = ["carry_on_support"]


@dataclass
class Casework:
    """`numbers` are the contacts by their referral's id; `partners` are the agencies that may be asked."""

    agenda: Agenda
    calls: Calls
    chances: Chances
    habit: StaffHabit
    social_workers: Sequence[Worker]
    partners: Sequence[str]
    numbers: dict[str, int]

    async def take_next(self, worker: Worker) -> float:
        """Work on the next case; returns the minutes that it takes, 0 where there is none."""
        reply = await self.calls.as_staff(worker, "POST", "/v1/cases/next")
        if reply.status != 200:  # noqa: PLR2004
            return 0
        minutes: float = self._chance(reply.document, "minutes").uniform(*self.habit.minutes)
        case = await self._prepare(worker, reply)
        if case["status"] != "claimed":
            return minutes
        if worker.role == "screener":
            decider = self._chance(case, "decider").choice(self.social_workers)
            await self._post(worker, case, "assignment", {"to": decider.name}, etag=case["etag"])
        else:
            decider = worker
        self.agenda.put_in(timedelta(minutes=min(minutes, MOST_MINUTES)), partial(self._decide, decider, case["id"]))
        return minutes

    async def acknowledge_red(self, worker: Worker) -> None:
        """Answer for the red cases that nobody has acknowledged, at night, and leave the decision to the morning."""
        page = await self.calls.as_staff(worker, "GET", f"/v1/cases?queue=unassigned&priority=red&limit={PAGE}")
        for case in page.document["items"]:
            if case["acknowledged_at"] is None:
                await self._post(worker, case, "acknowledgement", {"advice": URGENT_ADVICE})

    async def go_round(self) -> None:
        """Confirm the automatic routes, one by one, and take note of what came in about cases in hand."""
        worker = self.social_workers[0]
        page = await self.calls.as_staff(worker, "GET", f"/v1/cases?queue=routed&limit={PAGE}")
        for item in page.document["items"]:
            if self._chance(item, "reverses").random() < self.habit.reverses:
                await self._decide(worker, item["id"], otherwise=True)
            else:
                case = await self._read(worker, item["id"])
                await self._post(worker, case, "confirmation", {}, etag=case["etag"])
        page = await self.calls.as_staff(worker, "GET", f"/v1/cases?queue=new_information&limit={PAGE}")
        for item in page.document["items"]:
            await self._take_note(worker, await self._read(worker, item["id"]))

    async def _prepare(self, worker: Worker, reply: Reply) -> Case:
        """Do what comes before a decision; returns the case as it then is."""
        case = _case(reply)
        if case["acknowledged_at"] is None:
            advice = URGENT_ADVICE if case["priority"] == "red" else ADVICE
            case = await self._change(worker, case, "acknowledgement", {"advice": advice})
        case = await self._settle_matches(worker, case)
        case = await self._take_note(worker, case)
        if case["receipt"] and "narrative_not_coded" in case["receipt"]["review_required"]:
            codes = self._chance(case, "codes").choice(self.habit.codings)
            indicators = [{"code": code, "status": "present"} for code in codes]
            coding = {"indicators": indicators, "source": "The narrative."}
            case = await self._change(worker, case, "facts", coding)
        return case

    async def _settle_matches(self, worker: Worker, case: Case) -> Case:
        for match in [one for one in case["matches"] if one["state"] == "possible"]:
            draw = self._chance(case, match["score"]).random()
            verb = "confirmation" if match["score"] > LIKELY and draw < self.habit.same_person else "removal"
            read = {"reason": "Read side by side."}
            case = await self._change(worker, case, f"links/{match['id']}/{verb}", read)
        return case

    async def _take_note(self, worker: Worker, case: Case) -> Case:
        for news in [one for one in case["new_information"] if one["acknowledged_at"] is None]:
            case = await self._change(worker, case, f"new-information/{news['id']}/acknowledgement", {})
        return case

    async def _decide(self, worker: Worker, case_id: str, *, otherwise: bool = False) -> None:
        """Decide the case if it is still in this worker's hands, or ask a partner first and come back."""
        case = await self._read(worker, case_id)
        if case["status"] not in ("claimed", "waiting", "routed") or case["owner"] not in (worker.name, None):
            return
        if not otherwise and await self._ask_first(worker, case):
            return
        body = decision_on(case, self.agenda.now, self._chance(case, "decision", len(case["decisions"])),
                           self.habit, otherwise=otherwise)  # fmt: skip
        reply = await self._post(worker, case, "decision", body, etag=case["etag"])
        if reply.status == 202:  # noqa: PLR2004
            self.agenda.put_in(COUNTERSIGNED_IN, partial(self._countersign, case_id))

    async def _ask_first(self, worker: Worker, case: Case) -> bool:
        chance = self._chance(case, "asks")
        if case["information_requests"] or case["priority"] == "red" or chance.random() >= self.habit.asks:
            return False
        asked = chance.choice([slug for slug in self.partners if slug != case["agency"]])
        body = {"agency": asked, "purpose": "To decide what help is needed.", "lawful_basis": "public_task",
                "questions": ["What do you know of the children?"]}  # fmt: skip
        await self._post(worker, case, "information-requests", body)
        at_latest = datetime.fromisoformat(case["clocks"]["colour"]["due_at"]) - timedelta(minutes=30)
        self.agenda.put(min(self.agenda.now + timedelta(hours=3), at_latest), partial(self._decide, worker, case["id"]))
        return True

    async def _countersign(self, case_id: str) -> None:
        """Let the first manager who may: one who did not decide."""
        case = await self._read(MANAGERS[0], case_id)
        if case["status"] == "awaiting_countersignature":
            agrees = self._chance(case, "agrees").random() >= self.habit.countersigner_refuses
            said = {"agree": agrees, "reason": "Read and thought over."}
            await self._post(MANAGERS[0], case, "decision/countersignature", said, etag=case["etag"])

    async def _read(self, worker: Worker, case_id: str) -> Case:
        return _case(await self.calls.as_staff(worker, "GET", f"/v1/cases/{case_id}"))

    async def _change(self, worker: Worker, case: Case, verb: str, body: Any) -> Case:
        """Return the case as it is after this, whether or not somebody was quicker."""
        reply = await self._post(worker, case, verb, body)
        return _case(reply) if reply.status == 200 else await self._read(worker, case["id"])  # noqa: PLR2004

    async def _post(self, worker: Worker, case: Case, verb: str, body: Any, etag: str = "") -> Reply:
        return await self.calls.as_staff(worker, "POST", f"/v1/cases/{case['id']}/{verb}", body, etag)

    def _chance(self, case: Case, *question: Any) -> Random:
        return self.chances.of(self.numbers[case["referral_id"]], *question)


def _case(reply: Reply) -> Case:
    return {**reply.document, "etag": reply.etag}
