"""The checker is checked: a front door with one promise broken is found out, and the unharmed one is not."""

import asyncio
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from shared.kafka.consumer import SESSION_SECONDS
from tests.faults.checker import broken_promises, read_record
from tests.faults.conftest import PROOF, Report
from tests.faults.front_door import FrontDoor
from tests.faults.load import Partners
from tests.faults.mutants import CONTROL, MUTANTS
from tests.faults.receiver import Receiver, receiving
from tests.faults.rest import RECEIVERS, come_to_rest, register_endpoints
from tests.kafka.broker import cluster, need_kafka

SEED = 20261122
FLOOR_OF_ACKNOWLEDGEMENTS = 25
STILL_SECONDS = 8
STILL_ON_KAFKA_SECONDS = SESSION_SECONDS + 15
"""A member that was killed keeps its partitions until its session ends."""

SETTINGS = {
    "FRONTDOOR_WEBHOOK_TOTAL_SECONDS": "3",
    "FRONTDOOR_WEBHOOK_CONNECT_SECONDS": "2",
    "FRONTDOOR_WEBHOOK_LEASE_SECONDS": "5",
}
CAUGHT_BY = {
    "accepted_before_commit": {"acknowledged and lost"},
    "event_in_a_second_transaction": {"not one submission each"},
    "key_forgotten": {"answers that contradict"},
    "reader_by_last_position": {"not one case each", "not delivered"},
    "cursor_before_effect": {"not one case each", "not delivered"},
    "offset_before_effect": {"not one case each", "not delivered"},
    "inbox_outside_the_transaction": {"not one case each", "not delivered"},
    "lease_ignored": {"delivered again after a success"},
    "retry_gives_up": {"not delivered"},
    "audit_after_body": {"read without an audit row"},
    "floor_lowered": {"in danger and below the floor"},
}
"""The promises of which at least one has to be named as broken.

What a reader or an inbox loses is a case where it was triage's, and a delivery where it was that of notifications.
"""

WITHOUT_A_KILL = {"key_forgotten", "reader_by_last_position", "lease_ignored", "retry_gives_up", "floor_lowered"}
KILLED_ONCE_ACCEPTED = {"accepted_before_commit"}
"""Where what was accepted can't be read yet, so that no reading tells when to kill."""
ON_KAFKA = {"offset_before_effect"}
WITH_REFUSALS = {CONTROL, "retry_gives_up"}
QUICK = ("accepted_before_commit", "reader_by_last_position", "cursor_before_effect", "lease_ignored", "floor_lowered")
CHOSEN = tuple(CAUGHT_BY) if PROOF else QUICK


@dataclass(frozen=True)
class Installation:
    """A front door that was set up once, with endpoints for everybody, and is copied for each run."""

    folder: Path
    receiver: Receiver

    def copy(self, place: Path, mutant: str, **more: str) -> FrontDoor:
        subprocess.run(["cp", "-a", self.folder, place / "data"], check=True)
        return FrontDoor((place / "data").resolve(), "tests.faults.mutants", MUTANT=mutant, **SETTINGS, **more)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def kafka() -> Iterator[Mapping[str, str]]:
    """Start a broker; gives the settings by which `up` takes it."""
    need_kafka()
    with cluster() as running:
        yield {"FRONTDOOR_KAFKA": running.bootstrap, "FRONTDOOR_KAFKA_REPLICATION": "1"}


@pytest.fixture(scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Installation:
    door = FrontDoor(tmp_path_factory.mktemp("installation").resolve() / "data")
    door.start()
    try:
        await asyncio.to_thread(door.await_ready)
        await register_endpoints(Partners(door, per_second=1), receiver)
    finally:
        await asyncio.to_thread(door.stop)
    return Installation(door.data_dir, receiver)


async def broken_under_load(
    installation: Installation, place: Path, mutant: str, kafka: Mapping[str, str] | None = None
) -> set[str]:
    """Load the front door, kill it after an answer where that matters, and load it on; return the promises it broke."""
    installation.receiver.forget()
    installation.receiver.refuse_one_in = 20 if mutant in WITH_REFUSALS else 0
    door = installation.copy(place, mutant, **(kafka or {}))
    still_seconds = STILL_ON_KAFKA_SECONDS if kafka else STILL_SECONDS
    partners = Partners(door, per_second=30)
    door.start()
    try:
        await asyncio.to_thread(door.await_ready)
        async with asyncio.TaskGroup() as group:
            group.create_task(partners.run(SEED))
            await partners.until_accepted(FLOOR_OF_ACKNOWLEDGEMENTS)
            if mutant not in WITHOUT_A_KILL:
                if mutant in KILLED_ONCE_ACCEPTED:
                    await partners.until_accepted(len(partners.accepted) + 1)
                else:
                    await partners.until_viewed(partners.viewed.total() + 1)
                await asyncio.to_thread(door.kill, postgres_too=False)
                door.start()
            await partners.until_accepted(2 * FLOOR_OF_ACKNOWLEDGEMENTS)
            partners.stopping = True
        record = await come_to_rest(partial(read_record, door.data_dir), installation.receiver, still_seconds)
    finally:
        await asyncio.to_thread(door.stop)
    return set(broken_promises(partners, RECEIVERS, record, installation.receiver.received))


async def test_the_unharmed_is_found_to_keep_every_promise(installation: Installation, tmp_path: Path) -> None:
    """The same slowness and the same kill break nothing where nothing was mutated."""
    assert await broken_under_load(installation, tmp_path, CONTROL) == set()


@pytest.mark.skipif(not PROOF, reason="part of `make proof`")
async def test_the_unharmed_keeps_every_promise_on_kafka_too(
    installation: Installation, tmp_path: Path, kafka: Mapping[str, str]
) -> None:
    """What the session of a killed member holds back arrives before the checker looks."""
    assert await broken_under_load(installation, tmp_path, CONTROL, kafka) == set()


@pytest.mark.parametrize("mutant", CHOSEN)
async def test_a_mutant_is_caught(
    installation: Installation, tmp_path: Path, report: Report, mutant: str, request: pytest.FixtureRequest
) -> None:
    """A seeded defect is told by the promise that it breaks."""
    kafka = request.getfixturevalue("kafka") if mutant in ON_KAFKA else None
    broken = await broken_under_load(installation, tmp_path, mutant, kafka)
    report(f"mutant {mutant}", ", ".join(sorted(broken)) or "survived")
    assert broken & CAUGHT_BY[mutant]


def test_every_mutant_has_its_promise() -> None:
    """No defect is seeded without saying what has to find it."""
    assert set(CAUGHT_BY) == set(MUTANTS)
