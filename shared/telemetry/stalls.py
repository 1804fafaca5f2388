"""How long the event loop, which everything in a process shares, gave nobody a turn. Runs in every process."""

import asyncio
from collections import deque
from collections.abc import Iterable
from time import monotonic

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from shared.telemetry.metrics import REGISTRY

LOOK_SECONDS = 0.05
WINDOW_SECONDS = 60.0


class LongestStall(Collector):
    """The longest stall of the last minute: asking takes nothing from it, so that whoever scrapes sees it."""

    def __init__(self) -> None:
        self._longest: deque[tuple[float, float]] = deque()

    def observe(self, seconds: float, at: float) -> None:
        """Take a stall that ended at this time; what is shorter and older can never be the longest again."""
        while self._longest and self._longest[-1][1] <= seconds:
            self._longest.pop()
        self._longest.append((at, seconds))
        self._forget(at)

    def seconds(self, at: float) -> float:
        """Return the longest of the minute before this time."""
        self._forget(at)
        return self._longest[0][1] if self._longest else 0.0

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "frontdoor_loop_stall_seconds",
            "The longest time within the last minute in which the event loop gave nobody a turn.",
            value=self.seconds(monotonic()),
        )

    def _forget(self, at: float) -> None:
        while self._longest and self._longest[0][0] < at - WINDOW_SECONDS:
            self._longest.popleft()


longest_stall = LongestStall()
REGISTRY.register(longest_stall)


async def watch_loop() -> None:
    """Ask for a turn all the time, until cancelled, and observe how late each comes."""
    while True:
        due = monotonic() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        at = monotonic()
        longest_stall.observe(max(at - due, 0.0), at)
