"""A real `frontdoor up`, in a process of its own, that tests start, kill and start again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from shared.allowances import Allowance

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*arguments: str, data_dir: Path, port: int, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a `frontdoor` command beside the front door of `data_dir` and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        env=environment(data_dir, port, settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


RATES = (*Allowance, "failed_proofs")
UNLIMITED = {f"FRONTDOOR_RATE_{name.upper()}": "1000000,1000000" for name in RATES} | {"FRONTDOOR_MOST_WAITS": "10000"}
"""A load of tests is no flood; those about floods say rates of their own."""


def environment(data_dir: Path, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the tests' own environment, with no setting of theirs and with bytecode kept, as where it is installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "FRONTDOOR_DATA_DIR": str(data_dir), "FRONTDOOR_PORT": str(port), **UNLIMITED, **settings}


class FrontDoor:
    """One installation; `settings` are environment variables beyond its place, `program` is what Python runs."""

    def __init__(self, data_dir: Path, program: str = "services", **settings: str) -> None:
        self.data_dir = data_dir
        self.program = program
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.settings = settings
        self.log = data_dir.parent / "front-door.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, "up", "--demo"],
                cwd=ROOT,
                env=environment(self.data_dir, self.port, self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended by itself: {self.log.read_text()[-3000:]}"
        asking = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/health/ready")
            return asking.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            asking.close()

    def await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert time.monotonic() < deadline, f"not ready: {self.log.read_text()[-3000:]}"
            time.sleep(0.02)

    def kill(self, *, postgres_too: bool) -> None:
        """Kill -9 the front door alone, or its database server with all sessions at the same moment."""
        assert self.process is not None
        victims = [self.process.pid, *(self._postgres() if postgres_too else ())]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop as Ctrl-C does; returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def mend(self) -> None:
        """Start it again, with the database server that belongs to it."""
        self.stop()
        self.start()
        self.await_ready()

    def _postgres(self) -> list[int]:
        """Return the database server's processes, the postmaster first."""
        try:
            postmaster = int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        except (OSError, IndexError):
            return []
        return [postmaster, *map(int, children.split())]
