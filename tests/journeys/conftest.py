"""A running front door and the people who use it: partners with their keys, staff with their tokens."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from services.cli.partner import Partner
from services.front_door.demo import persona_token
from services.front_door.keys import existing_signing_key
from shared.security import TOKEN_SECONDS
from tests.conftest import HUB_FOLDER
from tests.faults.front_door import FrontDoor, command
from tests.journeys.composition import Composition
from tests.kafka.broker import cluster, need_kafka


@dataclass
class World:
    """The front door from outside: its HTTP, and tokens of the demo's agencies and staff."""

    door: FrontDoor | Composition
    http: httpx.Client
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def partner(self, agency: str) -> dict[str, str]:
        def granted() -> str:
            key = existing_signing_key(self.door.data_dir, agency)
            with Partner(agency, key, self.door.url) as partner:
                return partner.token()

        return self._bearer(agency, granted)

    def staff(self, persona: str) -> dict[str, str]:
        return self._bearer(persona, lambda: persona_token(persona, self.door.data_dir, HUB_FOLDER, self.door.url))

    def _bearer(self, name: str, issue: Callable[[], str]) -> dict[str, str]:
        """Return the header for this account, with a token that is good for as long as a test may take."""
        token, issued_at = self.tokens.get(name, ("", -inf))
        if monotonic() - issued_at > TOKEN_SECONDS / 2:
            token = issue()
            self.tokens[name] = token, monotonic()
        return {"Authorization": f"Bearer {token}"}

    def command(self, *arguments: str) -> str:
        done = command(*arguments, data_dir=self.door.data_dir, port=self.door.port)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def submit(self, agency: str, referral: Any, key: str | None = None) -> httpx.Response:
        headers = {**self.partner(agency), "Idempotency-Key": key or secrets.token_hex(8)}
        return self.http.post("/v1/referrals", json=referral, headers=headers)

    def case_of(self, referral_id: str) -> dict[str, Any] | None:
        """Return the whole case of a referral as a screener reads it, or None while there is none."""
        staff, cursor = self.staff("screener"), ""
        while True:
            page = self.http.get(f"/v1/cases?limit=200{cursor}", headers=staff).json()
            found = next((item for item in page["items"] if item["referral_id"] == referral_id), None)
            if found is not None:
                reply = self.http.get(f"/v1/cases/{found['id']}", headers=staff)
                return {**reply.json(), "etag": reply.headers["ETag"]}
            if page["next_cursor"] is None:
                return None
            cursor = f"&cursor={page['next_cursor']}"

    def act(self, case: dict[str, Any], verb: str, body: dict[str, Any], persona: str) -> httpx.Response:
        headers = {**self.staff(persona), "If-Match": case["etag"], "Idempotency-Key": secrets.token_hex(8)}
        return self.http.post(f"/v1/cases/{case['id']}/{verb}", json=body, headers=headers)

    def feed(self, agency: str) -> list[dict[str, Any]]:
        """Return every event that the agency may see, page by page."""
        events: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.http.get(f"/v1/events?limit=200{after}", headers=self.partner(agency)).json()
            events += page["items"]
            if not page["items"]:
                return events
            after = f"&after={page['next_cursor']}"


@contextmanager
def running(shape: str, root: Path, **settings: str) -> Iterator[World]:
    """Run a front door in one process, or the same as three services that talk through Kafka."""
    with ExitStack() as ending:
        door: FrontDoor | Composition = FrontDoor(root / "installation", **settings)
        if shape == "kafka":
            need_kafka()
            kafka = ending.enter_context(cluster()).bootstrap
            door = Composition(root / "installation", kafka, instances=1, **settings)
        ending.callback(door.stop)
        door.start()
        door.await_ready()
        http = ending.enter_context(httpx.Client(base_url=door.url, timeout=40, trust_env=False))
        yield World(door, http)
        assert door.stop() == 0


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Start each shape when the first test asks for it, and stop it after the last: starting costs more than most."""
    with ExitStack() as ending:
        started: dict[str, World] = {}

        def world_of(shape: str) -> World:
            if shape not in started:
                started[shape] = ending.enter_context(running(shape, tmp_path_factory.mktemp(shape).resolve()))
            return started[shape]

        yield world_of


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def world(request: pytest.FixtureRequest, worlds: Callable[[str], World]) -> World:
    """Lend the front door in both of its shapes."""
    return worlds(request.param)
