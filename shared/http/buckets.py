"""Allowances as token buckets in PostgreSQL, of which every process leases a handful at a time.

A bucket holds exactly, over all processes: what one has leased no other can. A lease lasts a second, and what is left
of it goes back with the next one, so that a request now and then takes one token, and a flood few round trips.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, delete, func, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.allowances import Allowance, Rate
from shared.db import Database, shared_metadata
from shared.statement import alone, run_alone
from shared.telemetry import log

LEASE_SECONDS = 1.0
LARGEST_LEASE = 16
SHARE_OF_BURST = 8
"""A lease is no more than this part of the burst: a small allowance is spread over processes too."""

rate_buckets = Table(
    "rate_buckets",
    shared_metadata,
    Column("client", Text, primary_key=True),
    Column("allowance", Text, primary_key=True),
    Column("lease", Integer, nullable=False),
    Column("full_at", DateTime(timezone=True), nullable=False),
    Index(None, "full_at"),
    prefixes=["UNLOGGED"],
)
"""`full_at` is when a bucket will be full if nothing more is taken; `lease` is what was taken last.

Unlogged: after a crash every bucket is full, which costs less than a log of every request.
"""

_take = alone(
    text("""
    INSERT INTO rate_buckets AS bucket (client, allowance, lease, full_at)
    VALUES (
        :client, :allowance, :size,
        statement_timestamp() + CAST(:size AS int) / CAST(:per_second AS float8) * interval '1 second'
    )
    ON CONFLICT (client, allowance) DO UPDATE SET (lease, full_at) = (
        SELECT taking.size, filling.full_at + taking.size / CAST(:per_second AS float8) * interval '1 second'
        FROM (
            SELECT greatest(
                bucket.full_at - CAST(:left AS int) / CAST(:per_second AS float8) * interval '1 second',
                statement_timestamp()
            ) AS full_at
        ) AS filling,
        LATERAL (
            SELECT greatest(0, least(
                CAST(:size AS int),
                floor(CAST(:burst AS int) + 1e-6 - CAST(:per_second AS float8)
                    * CAST(extract(epoch FROM filling.full_at - statement_timestamp()) AS float8))
            )) AS size
        ) AS taking
    )
    RETURNING ARRAY[lease, CAST(extract(epoch FROM full_at - statement_timestamp()) AS float8)]
    """)
)
"""Gives back what is left of the last lease and takes a new one, of at most what the bucket has.

All in the database's time, and in one statement: the row's lock is what makes processes take turns.
"""


@dataclass
class Lease:
    """What one process has of a client's allowance, and when it knows the bucket to be full; in seconds of one clock.

    A lease of nothing lasts until there will be something.
    """

    rate: Rate
    left: int = 0
    size: int = 0
    ends_at: float = 0.0
    full_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_due(self, now: float) -> bool:
        return now >= self.ends_at or (self.left == 0 and self.size > 0)

    def next_size(self, now: float) -> int:
        """Return how much to lease next: twice as much where the last was used up in its time, else one."""
        wanted = 2 * self.size if now < self.ends_at and self.left == 0 else 1
        return max(1, min(wanted, LARGEST_LEASE, self.rate.burst // SHARE_OF_BURST))

    def renew(self, size: int, full_in_seconds: float, now: float) -> None:
        self.left = self.size = size
        self.full_at = now + full_in_seconds
        self.ends_at = now + (LEASE_SECONDS if size else self.wait_seconds(now))

    def take(self) -> bool:
        """Take one, where there is one."""
        if self.left == 0:
            return False
        self.left -= 1
        return True

    def remaining(self, now: float) -> int:
        """Return how many are left for this process to give, as far as it knows."""
        return self.left + max(0, int(self.rate.burst - max(0.0, self.full_at - now) * self.rate.per_second + 1e-6))

    def wait_seconds(self, now: float) -> float:
        """Return how long until the bucket has one again."""
        return max(0.0, self.full_at - now - (self.rate.burst - 1) / self.rate.per_second)


@dataclass
class Buckets:
    """The leases of one process, by client and allowance."""

    db: Database
    now: Callable[[], float] = time.monotonic
    _leases: dict[tuple[str, Allowance], Lease] = field(default_factory=dict)

    async def take(self, client: str, allowance: Allowance, rate: Rate) -> tuple[Lease, bool]:
        """Take one of the client's allowance, where one is left; returns the lease, and whether there was one."""
        lease = self._leases.setdefault((client, allowance), Lease(rate))
        async with lease.turn:
            lease.rate = rate
            if lease.is_due(self.now()):
                await self._renew(client, allowance, lease)
            return lease, lease.take()

    async def _renew(self, client: str, allowance: Allowance, lease: Lease) -> None:
        """Lease anew. While the database is away nobody is refused: what needs it will fail by itself."""
        size, rate = lease.next_size(self.now()), lease.rate
        asked = {"client": client, "allowance": allowance, "size": size, "left": lease.left}
        try:
            taken = await run_alone(self.db, _take, {**asked, "burst": rate.burst, "per_second": rate.per_second})
        except (SQLAlchemyError, OSError) as error:
            log.warning("allowance not looked up", error=type(error).__name__)
            taken = (size, 0.0)
        lease.renew(int(taken[0]), taken[1], self.now())


async def forget_buckets(session: AsyncSession) -> None:
    """Delete the buckets that are full again: a new one is full too."""
    await session.execute(delete(rate_buckets).where(rate_buckets.c.full_at < func.now()))
