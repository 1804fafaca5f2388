"""Servers of the benchmark in processes of their own, so that neither side pays for the other's interpreter."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.faults.front_door import free_port


@contextlib.contextmanager
def serving(log: Path, module: str, *arguments: str, told: bytes = b"") -> Iterator[int]:
    """Run `python -m module ... PORT` with `told` on its input; yields the port once it takes connections."""
    port = free_port()
    command = [sys.executable, "-m", module, *arguments, str(port)]
    with (
        log.open("ab") as output,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):
        try:
            assert process.stdin is not None
            process.stdin.write(told)
            process.stdin.close()
            _await_open(port, process)
            yield port
        finally:
            process.kill()


def _await_open(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError("a server of the benchmark ended by itself")
