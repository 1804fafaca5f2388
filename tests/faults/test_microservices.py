"""Kill -9 of each service and of Kafka under load, Kafka away for a while, two of each service: nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
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
async def running(root: Path, receiver: Receiver, *, instances: int = 1) -> AsyncIterator[Run]:
    """Start the three services with their broker, and endpoints for everybody who is told."""
    need_kafka()
    async with AsyncExitStack() as ending:
        lent = cluster()
        brokers = await asyncio.to_thread(lent.__enter__)
        ending.push_async_callback(asyncio.to_thread, lent.__exit__, None, None, None)
        door = Composition(root / "installation", brokers.bootstrap, instances=instances, **SETTINGS)
        ending.push_async_callback(asyncio.to_thread, door.stop)
        await asyncio.to_thread(door.start)
        await asyncio.to_thread(door.await_ready)
        run = Run(door, brokers.brokers[0], Partners(door, PER_SECOND), receiver)
        await register_endpoints(run.partners, receiver)
        yield run


async def loaded(run: Run, harm: Callable[[], Awaitable[None]], floor: int) -> None:
    """Submit while the harm is done, and until there are acknowledgements enough."""
    async with asyncio.TaskGroup() as group:
        group.create_task(run.partners.run(SEED))
        await harm()
        await run.partners.until_accepted(floor)
        run.partners.stopping = True


async def test_kill_9_of_services_and_kafka(tmp_path: Path, receiver: Receiver, report: Report) -> None:
    """However often a service or Kafka is killed, each 202 is one case, audited and told in order."""
    async with running(tmp_path, receiver) as run:
        victims: list[Instance | Broker] = [*run.door.all, run.broker] * KILLS_OF_EACH
        chance = Random(SEED)
        chance.shuffle(victims)

        async def kill_all() -> None:
            for kills, victim in enumerate(victims, 1):
                await asyncio.sleep(chance.uniform(0.1, 1.5))
                await run.kill(victim)
                report("microservices: kills", kills)
            await run.all_ready()

        await loaded(run, kill_all, FLOOR_OF_ACKNOWLEDGEMENTS)
        broken = await run.broken()
    report("microservices: acknowledgements", len(run.partners.accepted))
    report("microservices: outcomes unknown to a partner", run.partners.unknown)
    report("microservices: promises broken", broken or "none")
    assert broken == {}
    assert len(run.partners.accepted) >= FLOOR_OF_ACKNOWLEDGEMENTS, "void: too few acknowledgements"
    assert run.partners.unknown + run.partners.answers[503] > 0, "void: no kill ever met a request"


async def test_intake_goes_on_while_kafka_is_away(tmp_path: Path, receiver: Receiver, report: Report) -> None:
    """While Kafka is away every request is answered as ever; once it is back everything is opened and told."""
    async with running(tmp_path, receiver) as run:

        async def take_away() -> None:
            await asyncio.to_thread(run.broker.kill)
            await asyncio.sleep(AWAY_SECONDS)
            report("Kafka away: seconds", AWAY_SECONDS)
            report("Kafka away: acknowledgements meanwhile", len(run.partners.accepted))
            assert run.partners.accepted, "void: nothing was asked while Kafka was away"
            await asyncio.to_thread(run.broker.start)

        await loaded(run, take_away, 0)
        failed = run.partners.unknown + sum(n for status, n in run.partners.answers.items() if status >= 500)
        broken = await run.broken()
    report("Kafka away: requests that failed", failed)
    report("Kafka away: promises broken", broken or "none")
    assert failed == 0
    assert broken == {}


async def test_two_of_each_service(tmp_path: Path, receiver: Receiver, report: Report) -> None:
    """With two processes of each service, and one of each killed, no case is opened twice and order is kept."""
    async with running(tmp_path, receiver, instances=2) as run:

        async def kill_one_of_each() -> None:
            for instances in run.door.instances.values():
                await asyncio.sleep(1)
                await run.kill(instances[1])
            await run.all_ready()

        await loaded(run, kill_one_of_each, FLOOR_OF_ACKNOWLEDGEMENTS // 2)
        broken = await run.broken()
    report("two of each: acknowledgements", len(run.partners.accepted))
    report("two of each: promises broken", broken or "none")
    assert broken == {}
    assert len(run.partners.accepted) >= FLOOR_OF_ACKNOWLEDGEMENTS // 2, "void: too few acknowledgements"
