"""What a client may ask for in what time, by the kind of request: a burst at once, and so much a second after it."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

LARGEST_RATE = 1_000_000


class Allowance(StrEnum):
    """Each is counted by itself, so that a client that has used up one has the others left.

    `DANGER` is for referrals of children in immediate danger, which no flood of others can starve.
    """

    SUBMISSIONS = "submissions"
    DANGER = "danger"
    READS = "reads"
    PARTNER_READS = "partner_reads"
    CHANGES = "changes"
    CHECKS = "checks"
    CLAIMS = "claims"
    TOKENS = "tokens"
    VERIFICATIONS = "verifications"


@dataclass(frozen=True)
class Rate:
    """`burst` requests at once, and after them `per_second`, which also is how fast the burst comes back."""

    burst: int
    per_second: float

    @classmethod
    def parse(cls, written: str) -> Self:
        """Return what `300,10` means: a burst of 300, then 10 a second. Raises `ValueError`."""
        burst, _, per_second = written.partition(",")
        rate = cls(int(burst), float(per_second))
        if not (1 <= rate.burst <= LARGEST_RATE and 0 < rate.per_second <= LARGEST_RATE):
            msg = f"a rate is a burst and how many a second, such as 300,10, each up to {LARGEST_RATE}"
            raise ValueError(msg)
        return rate

    def __str__(self) -> str:
        return f"{self.burst},{self.per_second:g}"

    @property
    def refill_seconds(self) -> int:
        """How long an empty bucket takes to be full again, in whole seconds."""
        return math.ceil(self.burst / self.per_second)
