"""How many reads of one client wait at a time, in one process: each looks again and again until it is answered."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.problems import TooManyRequests
from shared.telemetry.metrics import requests_refused

REFUSED = "waits"
RETRY_SECONDS = 1


@dataclass
class Waits:
    """Those that wait, by client; without a `most` as many may as will."""

    most: int | None = None
    _waiting: Counter[str] = field(default_factory=Counter)

    def of(self, client: str) -> int:
        """Return how many reads of a client wait here."""
        return self._waiting[client]

    @contextmanager
    def counted(self, client: str) -> Iterator[None]:
        """Count a read while the block lasts; raises `TooManyRequests` where too many of this client wait."""
        if self.most is not None and self._waiting[client] >= self.most:
            requests_refused.labels(REFUSED).inc()
            raise TooManyRequests(
                f"{self.most} of your reads wait already. Wait for an answer, or ask without `wait`.",
                retry_after_seconds=RETRY_SECONDS,
            )
        self._waiting[client] += 1
        try:
            yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]
