"""Row start: a warm `frontdoor up` until it is ready, and the memory that it holds with its database server."""

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.bench.rows import Figures
from tests.faults.front_door import FrontDoor

STARTS: Final = 3
NOTE: Final = (
    "A data folder that was used before, so that nothing is made anew. Memory is the proportional set size of the "
    "process and of PostgreSQL's, read when ready."
)


async def start(folder: Path) -> Figures:
    door = FrontDoor(folder / "warm")
    seconds, mebibytes = [], []
    for _ in range(STARTS + 1):
        began = perf_counter()
        door.start()
        try:
            await asyncio.to_thread(door.await_ready)
            seconds.append(perf_counter() - began)
            mebibytes.append(_held(door))
        finally:
            await asyncio.to_thread(door.stop)
    warm = sorted(seconds[1:])
    return Figures(
        "start",
        [
            ("warm, to ready", f"{warm[STARTS // 2]:.1f} s ({warm[0]:.1f} to {warm[-1]:.1f})", "at most 5 s"),
            ("resident memory in all", f"{max(mebibytes):.0f} MB", "at most 350 MB"),
        ],
        NOTE,
    )


def _held(door: FrontDoor) -> float:
    assert door.process is not None
    postmaster = int((door.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    return sum(_proportional_mebibytes(pid) for pid in _family(door.process.pid) | _family(postmaster))


def _family(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid}.union(*(_family(int(child)) for child in children))


def _proportional_mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
