"""Services apart: two processes of each at once, parts of one in processes of their own, and a broker that is away."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from services.front_door.parts import Part
from tests.conftest import EXAMPLES, ROOT
from tests.faults.receiver import Receiver, receiving
from tests.journeys.composition import Composition, Instance, status
from tests.journeys.conftest import World
from tests.journeys.test_one_referral import eventually
from tests.kafka.broker import Broker, cluster, need_kafka

SCHOOL = "towcester-primary"
REFERRALS = 40
WAIT_SECONDS = 120


@dataclass
class Apart:
    """Two processes of each service, and what they rest on."""

    composition: Composition
    world: World
    broker: Broker
    receiver: Receiver

    def submit(self, number: int) -> str:
        document = json.loads((EXAMPLES / "03-attendance-and-routines.json").read_text())
        reply = self.world.submit(SCHOOL, {**document, "agency_reference": f"apart-{number}"}, key=f"apart-{number}")
        assert reply.status_code == 202, reply.text
        made: str = reply.json()["id"]
        return made


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    need_kafka()
    with ExitStack() as ending:
        kafka = ending.enter_context(cluster())
        folder = tmp_path_factory.mktemp("apart").resolve() / "installation"
        composition = Composition(folder, kafka.bootstrap, instances=2)
        ending.callback(composition.stop)
        composition.start()
        composition.await_ready()
        http = ending.enter_context(httpx.Client(base_url=composition.url, timeout=40, trust_env=False))
        receiver = ending.enter_context(receiving())
        yield Apart(composition, World(composition, http), kafka.brokers[0], receiver)


def ready(instance: Instance) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{instance.url}/health/ready", trust_env=False, timeout=30).json()
    return answer


def test_two_of_each_share_the_work(apart: Apart) -> None:
    """Each referral is one case, and its news comes in order, whichever process does what."""
    headers = {**apart.world.partner(SCHOOL), "Idempotency-Key": "endpoint"}
    endpoint = {"url": apart.receiver.url_of(SCHOOL), "description": "apart"}
    assert apart.world.http.post("/v1/webhook-endpoints", json=endpoint, headers=headers).status_code == 201
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(apart.submit, range(REFERRALS)))
    assert len(set(made)) == REFERRALS
    eventually(lambda: all(len(_told(apart.receiver, referral)) > 1 for referral in made), WAIT_SECONDS)
    assert Counter(_cases(apart.world)) == Counter(made)
    for referral in made:
        told = _told(apart.receiver, referral)
        assert told == list(range(1, len(told) + 1))


def _told(receiver: Receiver, referral: str) -> list[int]:
    """Return the sequence numbers of a referral's news, in the order in which each came first."""
    return list(dict.fromkeys(one.sequence for one in receiver.received if one.referral_id == referral))


def _cases(world: World) -> list[str]:
    page = world.http.get("/v1/cases?limit=200", headers=world.staff("screener")).json()
    assert page["next_cursor"] is None
    return [item["referral_id"] for item in page["items"]]


def test_a_disabled_agency_is_refused_by_every_process(apart: Apart) -> None:
    """A token that is still good stops working in each process of each service; nobody else's does."""
    hospital, school = (apart.world.partner(slug) for slug in ("northampton-general", SCHOOL))
    paths = {"referrals": "/v1/referrals", "triage": "/v1/cases", "notifications": "/v1/events"}
    places = [f"{instance.url}{paths[instance.service]}" for instance in apart.composition.all]
    with httpx.Client(trust_env=False, timeout=30) as http:
        listed = f"{apart.composition.instances['referrals'][0].url}/internal/agencies/standing"
        assert [http.get(listed, headers=token).status_code for token in (school, {})] == [403, 401]
        assert all(http.get(place, headers=hospital).status_code in (200, 403) for place in places)
        apart.world.command("agency", "disable", "northampton-general")
        for place in places:
            eventually(partial(_is_refused, http, place, hospital), 60)
            assert http.get(place, headers=school).status_code in (200, 403)


def _is_refused(http: httpx.Client, place: str, token: dict[str, str]) -> bool:
    return http.get(place, headers=token).status_code == 401


def test_a_process_that_is_asked_to_stop_first_says_so(apart: Apart) -> None:
    """It serves on without being ready, then ends with success; the other one of its service goes on."""
    instance = apart.composition.instances["referrals"][1]
    instance.settings["FRONTDOOR_DRAIN_SECONDS"] = "5"
    assert instance.stop() == 0
    instance.start()
    instance.await_ready()
    assert instance.process is not None
    instance.process.send_signal(signal.SIGTERM)
    eventually(lambda: status(instance.port, "/health/ready") == 503)
    assert ready(instance)["detail"] == "This process is stopping."
    assert status(instance.port, "/health/live") == 200
    assert instance.process.wait(60) == 0
    apart.submit(1_000)
    instance.start()
    instance.await_ready()


def test_the_parts_of_a_service_run_apart(apart: Apart) -> None:
    """With a process for each part of triage a referral still becomes a case that its referrer hears of."""
    whole = apart.composition.instances["triage"]
    assert [instance.stop() for instance in whole] == [0, 0]
    parts = [Instance("triage", whole[0].settings, apart.composition.log, "--only", part) for part in Part]
    api, consumer = parts[0], parts[2]
    api.port = whole[0].port
    # Under the name of one that stopped, it need not wait until that one's session is over.
    consumer.settings = {**consumer.settings, "FRONTDOOR_INSTANCE": f"{socket.gethostname()}-{whole[0].port}"}
    try:
        for part in parts:
            part.start()
        for part in parts:
            part.await_ready()
        assert [status(part.port, "/v1/cases") for part in parts] == [401, 404, 404, 404]
        made = apart.submit(2_000)
        path, school = f"/v1/referrals/{made}", apart.world.partner(SCHOOL)
        eventually(lambda: apart.world.http.get(path, headers=school).json()["status"] == "in_triage", WAIT_SECONDS)
    finally:
        assert [part.stop() for part in parts if part.process] == [0] * len(parts)
    for instance in whole:
        instance.start()
        instance.await_ready()


def test_without_a_broker_referrals_are_taken_and_go_on_later(apart: Apart) -> None:
    """Readiness names the broker as down, intake stays open, and the case appears once the broker is back."""
    referrals = apart.composition.instances["referrals"][0]
    assert ready(referrals) == {"status": "ready", "dependencies": {"referrals-database": "up", "kafka": "up"}}
    relay = Instance("referrals", referrals.settings, apart.composition.log, "--only", "relay")
    relay.start()
    relay.await_ready()
    apart.broker.stop()
    try:
        assert ready(referrals) == {"status": "ready", "dependencies": {"referrals-database": "up", "kafka": "down"}}
        refused = ready(relay)
        assert (refused["status"], refused["dependencies"]["kafka"]) == (503, "down")
        assert "kafka" in refused["detail"]
        made = apart.submit(3_000)
    finally:
        apart.broker.start()
        assert relay.stop() == 0
    assert eventually(lambda: apart.world.case_of(made), WAIT_SECONDS)["details_pending"] is False


def test_serve_says_in_a_line_what_is_missing() -> None:
    """Without settings it names those that it needs, and where they are explained."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}
    done = subprocess.run(
        [sys.executable, "-m", "services", "serve", "triage"],
        cwd=ROOT,
        env=bare,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "FRONTDOOR_KAFKA" in line
    assert "FRONTDOOR_CLIENT_KEY" in line
