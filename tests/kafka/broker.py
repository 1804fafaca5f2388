"""Real Apache Kafka brokers without a container: jars that Maven brought, started by java in KRaft mode."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shared.kafka.topics import answers
from tests.conftest import ROOT

JARS = ROOT / ".cache" / "kafka"
CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"
START_SECONDS = 180
STOP_SECONDS = 60
ANSWER_SECONDS = 20.0
JAVA = (
    "java", "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=ERROR",
    "-cp", f"{JARS}/*",
)  # fmt: skip


def missing() -> str | None:
    """Say why no broker can be started here; None where one can."""
    if shutil.which("java") is None:
        return "Kafka's tests need java 17 or newer"
    if not any(JARS.glob("kafka_*.jar")):
        return "Kafka's jars are not there: `make setup` fetches them where mvn is installed"
    return None


def need_kafka() -> None:
    """Skip the test where no broker can be started; on CI that is a failure."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """One broker, which is a controller too, on a folder and ports of its own that outlive its process."""

    def __init__(self, node: int, folder: Path) -> None:
        self.node, self.folder = node, folder
        self.port, self.controller_port = free_port(), free_port()
        self.jvm: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def voter(self) -> str:
        return f"{self.node}@127.0.0.1:{self.controller_port}"

    def format(self, voters: str, size: int) -> None:
        """Write the configuration and make the folder a node of the cluster."""
        self.folder.mkdir(parents=True)
        self._properties.write_text("\n".join(f"{k}={v}" for k, v in self._settings(voters, size).items()))
        subprocess.run(
            [*JAVA, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", self._properties],
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
        )

    def launch(self) -> None:
        """Start the process, which answers some time later."""
        with (self.folder / "log.txt").open("ab") as log:
            self.jvm = subprocess.Popen([*JAVA, "kafka.Kafka", self._properties], stdout=log, stderr=log)

    def wait(self) -> None:
        """Return once a metadata request answers."""
        deadline = time.monotonic() + START_SECONDS
        with ThreadPoolExecutor(1) as pool:
            while not pool.submit(lambda: asyncio.run(answers(self.bootstrap, ANSWER_SECONDS))).result():
                if self.jvm is None or self.jvm.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"broker {self.node} did not start: {(self.folder / 'log.txt').read_text()[-2000:]}")
                time.sleep(0.2)

    def start(self) -> None:
        self.launch()
        self.wait()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.jvm is not None
        return self.jvm

    def _end(self, by: signal.Signals) -> None:
        if self.jvm is None:
            return
        self.jvm.send_signal(by)
        try:
            self.jvm.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.jvm.kill()
            self.jvm.wait(STOP_SECONDS)
        self.jvm = None

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _settings(self, voters: str, size: int) -> dict[str, str | int]:
        copies, in_sync = min(size, 3), min(size, 2)
        return {
            "process.roles": "broker,controller",
            "node.id": self.node,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "log"),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.dedupe.buffer.size": 4_194_304,
        }


class Cluster:
    def __init__(self, brokers: list[Broker]) -> None:
        self.brokers = brokers

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.bootstrap for broker in self.brokers)


@contextmanager
def cluster(size: int = 1, folder: Path | None = None) -> Iterator[Cluster]:
    """Run as many brokers as are asked for in one cluster, on a folder that is thrown away unless one is given."""
    with ExitStack() as ending:
        place = folder or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="kafka-")))
        brokers = [Broker(node, place / str(node)) for node in range(1, size + 1)]
        voters = ",".join(broker.voter for broker in brokers)
        for broker in brokers:
            broker.format(voters, size)
            ending.callback(broker.kill)
            broker.launch()
        for broker in brokers:
            broker.wait()
        yield Cluster(brokers)
