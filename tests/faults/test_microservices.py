"""Kafka away for a while, then kill -9 of it and of each service, with two processes of each: nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from tests.faults.checker import broken_promises, read_record
from tests.faults.conftest import PROOF, Report
from tests.faults.load import Partners
from tests.faults.receiver import Receiver
from tests.faults.rest import RECEIVERS, come_to_rest, register_endpoints
from tests.journeys.composition import Composition, Instance
from tests.kafka.broker import Broker, cluster, need_kafka

SEED = 20261123
KILLS_OF_EACH = 52 if PROOF else 3
FLOOR_OF_ACKNOWLEDGEMENTS = 3_000 if PROOF else 300
AWAY_SECONDS = 120 if PROOF else 5
PATIENCE_SECONDS = 300
PER_SECOND = 20
SETTINGS = {
    "FRONTDOOR_WEBHOOK_TOTAL_SECONDS": "3",
    "FRONTDOOR_WEBHOOK_CONNECT_SECONDS": "2",
    "FRONTDOOR_WEBHOOK_LEASE_SECONDS": "5",
}


@dataclass
class Run:
    """Three services, the broker between them, the partners who call and the receiver that is told."""

    door: Composition
    broker: Broker
    partners: Partners
    receiver: Receiver

    async def broken(self) -> dict[str, object]:
        """Come to rest and return what does not hold."""
        record = await come_to_rest(partial(read_record, self.door.data_dir), self.receiver, PATIENCE_SECONDS)
        return dict(broken_promises(self.partners, RECEIVERS, record, self.receiver.received))

    async def kill(self, victim: Instance | Broker) -> None:
        """Kill it once it is ready, and start it again at once."""
        if isinstance(victim, Broker):
            await asyncio.to_thread(victim.wait)
            await asyncio.to_thread(victim.kill)
            victim.launch()
        else:
            await asyncio.to_thread(victim.await_ready)
            await asyncio.to_thread(victim.kill)
            victim.start()

    async def all_ready(self) -> None:
        await asyncio.to_thread(self.broker.wait)
        await asyncio.to_thread(self.door.await_ready)


@asynccontextmanager
async def running(root: Path, receiver: Receiver) -> AsyncIterator[Run]:
    """Start two processes of each service with their broker, and endpoints for everybody who is told."""
    need_kafka()
    async with AsyncExitStack() as ending:
        lent = cluster()
        brokers = await asyncio.to_thread(lent.__enter__)
        ending.push_async_callback(asyncio.to_thread, lent.__exit__, None, None, None)
        door = Composition(root / "installation", brokers.bootstrap, instances=2, **SETTINGS)
        ending.push_async_callback(asyncio.to_thread, door.stop)
        await asyncio.to_thread(door.start)
        await asyncio.to_thread(door.await_ready)
        run = Run(door, brokers.brokers[0], Partners(door, PER_SECOND), receiver)
        await register_endpoints(run.partners, receiver)
        yield run


async def without_kafka(run: Run, report: Report) -> None:
    """Take Kafka away for a while: whoever asks meanwhile is answered as ever."""
    await run.partners.until_accepted(1)
    before = len(run.partners.accepted)
    await asyncio.to_thread(run.broker.kill)
    await asyncio.sleep(AWAY_SECONDS)
    meanwhile = len(run.partners.accepted) - before
    failed = run.partners.unknown + sum(n for status, n in run.partners.answers.items() if status >= 500)
    await asyncio.to_thread(run.broker.start)
    report("Kafka away: seconds", AWAY_SECONDS)
    report("Kafka away: acknowledgements meanwhile", meanwhile)
    report("Kafka away: requests that failed", failed)
    assert meanwhile > 0, "void: nothing was asked while Kafka was away"
    assert failed == 0


async def kill_by_turns(run: Run, report: Report) -> None:
    """Kill Kafka and one process of each service as often as each other, at seeded moments."""
    chance = Random(SEED)
    victims: list[Instance | Broker] = [run.broker] * KILLS_OF_EACH
    for instances in run.door.instances.values():
        victims += [chance.choice(instances) for _ in range(KILLS_OF_EACH)]
    chance.shuffle(victims)
    for kills, victim in enumerate(victims, 1):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        await run.kill(victim)
        report("microservices: kills", kills)
    await run.all_ready()


async def test_neither_kills_nor_kafkas_absence_cost_anything(
    tmp_path: Path, receiver: Receiver, report: Report
) -> None:
    """With two processes of each service, however often one or Kafka is killed, each 202 is one case, told in order."""
    async with running(tmp_path, receiver) as run:
        async with asyncio.TaskGroup() as group:
            group.create_task(run.partners.run(SEED))
            await without_kafka(run, report)
            await kill_by_turns(run, report)
            await run.partners.until_accepted(FLOOR_OF_ACKNOWLEDGEMENTS)
            run.partners.stopping = True
        broken = await run.broken()
    report("microservices: acknowledgements", len(run.partners.accepted))
    report("microservices: outcomes unknown to a partner", run.partners.unknown)
    report("microservices: promises broken", broken or "none")
    assert broken == {}
    assert len(run.partners.accepted) >= FLOOR_OF_ACKNOWLEDGEMENTS, "void: too few acknowledgements"
    assert run.partners.unknown + run.partners.answers[503] > 0, "void: no kill ever met a request"
