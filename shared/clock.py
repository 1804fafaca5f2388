"""What time it is for a referral and all that follows from it; each service asks here, or its database.

Tokens, leases of connections and lengths of time are measured by the machine's own clock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def _machine() -> datetime:
    return datetime.now(UTC)


_clock: ContextVar[Clock] = ContextVar("clock", default=_machine)


def now() -> datetime:
    """Return the time in UTC."""
    return _clock.get()()


@contextmanager
def told_by(clock: Clock) -> Iterator[None]:
    """Let another clock tell the time, in UTC, to whatever runs or starts inside the block."""
    before = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(before)
