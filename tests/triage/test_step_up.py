"""Staff take a case out of early help and back to a person."""

from datetime import UTC, datetime

import pytest

from services.triage.actions.desk import Desk
from services.triage.actions.offers import step_up_case
from services.triage.domain import NoHelpToStepUp
from services.triage.queries.cases import find_case
from services.triage.schemas import ReopeningIn
from shared.db import transaction
from shared.http.validation import known_id
from shared.security import FRONT_DOOR, Caller, Role
from tests.triage.conftest import SCREENER, SOCIAL_WORKER, Front, example
from tests.triage.test_decisions import decision
from tests.triage.test_offers import HUB, TOWCESTER, again, routed, say, told

SCREENER_CALLER = Caller("screener", FRONT_DOOR, roles=frozenset({Role.SCREENER}))
WHY = "Bruises that nobody explains."


async def stepped_up(front: Front, case_id: str) -> None:
    desk = Desk(None, front.hub, front.service.resources.vault)  # type: ignore[arg-type]
    async with transaction(front.db) as session:
        case = await find_case(session, known_id(case_id), lock=True)
        await step_up_case(session, desk, case, SCREENER_CALLER, ReopeningIn(reason=WHY))


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("turn", ["offered", "accepted", "started"])
async def test_the_case_is_a_persons_again(front: Front, turn: str, *, confirmed: bool) -> None:
    """Wherever help stood it ends as stepped up, the case waits for a person at least amber, and everybody is told."""
    case, offer = await routed(front)
    if confirmed:
        await front.post(case, "confirmation", {}, SOCIAL_WORKER)
    if turn != "offered":
        await say(front, offer, "acceptance")
    if turn == "started":
        await say(front, offer, "start", on=datetime.now(UTC).date().isoformat())
    await stepped_up(front, case["id"])
    after = await again(front, case)
    assert (after["status"], after["priority"], after["owner"]) == ("unassigned", "amber", None)
    assert [one["status"] for one in after["offers"]] == ["stepped_up"]
    assert [note["text"] for note in after["notes"]] == [WHY]
    assert after["timeline"][-1] == {**after["timeline"][-1], "who": "screener", "what": "case.stepped_up"}
    assert (await told(front, TOWCESTER))[-1] == "stepped_up"
    assert [one["state"] for one in after["decisions"]] == (["set_aside"] if confirmed else [])
    events = {event.type.split(".")[-2] for event in await front.events()}
    assert ("reopened" in events) is confirmed


async def test_a_provider_keeps_sight_of_whom_it_took_on(front: Front) -> None:
    """An offer that was only made is taken back from its provider; one that it had accepted it may still read."""
    case, offer = await routed(front)
    await stepped_up(front, case["id"])
    assert (await front.http.get(f"/v1/early-help-offers/{offer}", headers=HUB)).status_code == 404


async def test_the_policy_routes_it_no_more(front: Front) -> None:
    """What is coded afterwards is assessed, and leaves the case with a person."""
    case, _ = await routed(front)
    await stepped_up(front, case["id"])
    coded = {"indicators": [{"code": "attendance_slipping", "status": "present"}], "source": "the narrative"}
    reply = await front.post(await again(front, case), "facts", coded, SCREENER)
    assert (reply.status_code, reply.json()["status"]) == (200, "unassigned")


@pytest.mark.parametrize("decided", [False, True])
async def test_without_early_help_there_is_nothing_to_step_up(front: Front, *, decided: bool) -> None:
    """A case that a person has is refused, and so is one that was decided without help."""
    case = await front.case_of(await front.submit(example("05")))
    if decided:
        body = decision((0, 1, "universal_advice"), override_reason="Explained.")
        assert (await front.post(case, "decision", body, SOCIAL_WORKER)).status_code == 200
    with pytest.raises(NoHelpToStepUp):
        await stepped_up(front, case["id"])
