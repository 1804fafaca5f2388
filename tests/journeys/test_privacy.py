"""A canary child goes every way there is; its name is then looked for wherever it has no business."""

import json
import subprocess
from typing import Any

import httpx

from services.front_door.folder import database_urls
from services.front_door.postgres import binary
from tests.conftest import EXAMPLES
from tests.factories import another_family
from tests.journeys.composition import Composition
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually

CANARY = "Quillfeather"
NARRATIVE = "marzipan"


def canary() -> dict[str, Any]:
    example = json.loads((EXAMPLES / "03-attendance-and-routines.json").read_text())
    document = another_family(example, CANARY, born="2018-06-07")
    document["children"][0] |= {"given_name": CANARY, "known_as": [CANARY]}
    document["household"][0]["name"] = CANARY
    document["referrer"]["name"] = CANARY
    document["concern"]["what_happened"] = NARRATIVE
    return document


def test_the_name_of_a_child_stands_nowhere_in_the_open(world: World) -> None:
    """Not in logs, events, metrics, errors or a dump of the three databases, whatever was done with the referral."""
    made = world.submit("towcester-primary", canary()).json()
    case = eventually(lambda: world.case_of(made["id"]))
    assert CANARY in json.dumps(case)
    broken = {**canary(), CANARY: CANARY}
    errors = [world.submit("towcester-primary", broken).text]
    errors += _ask_and_add(world, case)
    coded = {"indicators": [], "facts": {}, "source": f"{NARRATIVE} {CANARY}"}
    case["etag"] = world.act(case, "facts", coded, "screener").headers["ETag"]
    decided = {
        "children": [{"child": 0, "level": 2, "outcome": "family_hub"}],
        "rationale": NARRATIVE,
        "feedback_to_referrer": f"{CANARY} is offered help.",
    }
    assert world.act(case, "decision", decided, "social-worker").status_code == 200
    waited = f"/v1/referrals/{made['id']}?status=decided&wait=20"
    told = world.http.get(waited, headers=world.partner("towcester-primary")).json()
    assert CANARY in told["feedback"]
    offer = world.http.get("/v1/early-help-offers", headers=world.partner("towcester-family-hub")).text
    events = [
        json.dumps(world.feed(agency))
        for agency in ("towcester-primary", "towcester-family-hub", "northampton-general")
    ]
    log = world.door.log.read_text() + (world.door.data_dir / "postgres.log").read_text()
    for place in (*errors, *events, *_metrics(world), offer, log, _dump(world)):
        assert CANARY not in place
        assert NARRATIVE not in place


def _ask_and_add(world: World, case: dict[str, Any]) -> list[str]:
    """Ask a partner about the child, who answers, and add to the referral; returns what was refused of it."""
    said = f"{NARRATIVE} {CANARY}"
    asking = {"agency": "northampton-general", "purpose": said, "lawful_basis": "public_task", "questions": [said]}
    made = world.act(case, "information-requests", asking, "screener")
    assert made.status_code == 201, made.text
    referral, request = f"/v1/referrals/{case['referral_id']}", f"/v1/information-requests/{made.json()['id']}"
    refused = [world.act(case, "information-requests", {**asking, "agency": CANARY}, "screener").text]
    for agency, path, body in (
        ("northampton-general", f"{request}/response", {"answer": said}),
        ("towcester-primary", f"{referral}/information", {"text": said}),
    ):
        for sent, status in ((body, 2), ({**body, CANARY: said}, 4)):
            headers = {**world.partner(agency), "Idempotency-Key": f"{path}-{status}"}
            reply = world.http.post(path, json=sent, headers=headers)
            assert reply.status_code // 100 == status, reply.text
            refused += [reply.text] if status == 4 else []
    eventually(lambda: "new_information.information" in json.dumps(world.case_of(case["referral_id"])))
    return refused


def _metrics(world: World) -> list[str]:
    """Return what each process shows of itself; every service has its gauges, and took events."""
    door = world.door
    urls = [instance.url for instance in door.all] if isinstance(door, Composition) else [door.url]
    shown = [httpx.get(f"{url}/metrics", trust_env=False).raise_for_status().text for url in urls]
    for service in ("referrals", "triage", "notifications"):
        assert any(f'frontdoor_database_answers{{service="{service}"}} 1.0' in text for text in shown)
        assert any(f'frontdoor_events_consumed_total{{outcome="applied",reader="{service}"' in text for text in shown)
    assert any("frontdoor_consumer_lag{" in text for text in shown) == isinstance(door, Composition)
    return shown


def _dump(world: World) -> str:
    """Dump the three databases as text, as a thief of the disk could."""
    whole = ""
    for urls in database_urls(world.door.data_dir).values():
        url = urls.owner.replace("+asyncpg", "")
        dumped = subprocess.run([binary("pg_dump"), "--inserts", url], check=True, capture_output=True, text=True)
        assert "CREATE TABLE" in dumped.stdout
        whole += dumped.stdout
    return whole
