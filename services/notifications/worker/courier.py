"""Delivers what is due: claim under a lease, sign and POST with no transaction open, record while the lease holds.

Killed at any moment, it loses nothing: a lease lapses and the delivery is due again.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from opentelemetry.trace import SpanKind
from pydantic_core import to_json

from services.notifications.actions.deliver import Claimed, Finished, claim_due, record_attempts, return_lapsed
from services.notifications.domain.deliveries import Failure, Reply
from services.notifications.models import Endpoint
from services.notifications.settings import Settings
from services.notifications.worker.sender import Outcome, Sender, Webhook
from shared.db import Database, is_away, transaction
from shared.http.service import tidy
from shared.outbox import FASTEST_POLL_SECONDS, SLOWEST_POLL_SECONDS
from shared.telemetry import correlated, log, where_raised
from shared.telemetry.metrics import delivery_attempts
from shared.telemetry.traces import continued, span
from shared.vault import Vault

SWEEP_SECONDS = 1.0
TIDY_SECONDS = 3600.0
PAUSE_AFTER_ERROR_SECONDS = 0.5
GRACE_SECONDS = 5.0


@dataclass
class Courier:
    """One worker of any number; `chance` draws the jitter of each retry from [0, 1)."""

    db: Database
    vault: Vault
    settings: Settings
    sender: Sender
    verification_required: bool
    chance: Callable[[], float] = random.random
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _finished: asyncio.Queue[Finished] = field(default_factory=asyncio.Queue)
    _unrecorded: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver in the background; at the end take no more, and give what is under way a moment to finish."""
        self.db.listeners.add(self.woken)
        taking = [asyncio.create_task(_forever(loop)) for loop in (self._deliver, self._sweep, self._tidy)]
        recording = asyncio.create_task(_forever(self.record_finished))
        try:
            yield
        finally:
            self.db.listeners.discard(self.woken)
            await _stop(*taking)
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SECONDS):
                    await self.settle()
            await _stop(*self._under_way, recording)

    async def deliver_due(self) -> int:
        """Claim what is due, as far as there are free slots, and start an attempt of each; returns how many."""
        slots = self.settings.webhook_attempts_at_once - self._unrecorded
        if slots <= 0:
            return 0
        claimed_at = monotonic()
        async with transaction(self.db) as session:
            claimed = await claim_due(
                session, self.settings, slots=slots, verification_required=self.verification_required
            )
        for delivery in claimed:
            self._unrecorded += 1
            task = asyncio.create_task(self._attempt(delivery, claimed_at))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(claimed)

    async def record_finished(self) -> int:
        """Record the attempts that are over by now, together or, where that fails, one by one; waits for the first.

        Returns how many there were.
        """
        batch = [await self._finished.get()]
        while not self._finished.empty():
            batch.append(self._finished.get_nowait())
        try:
            await self._record(batch)
        except Exception as error:
            if is_away(error):
                for finished in batch:
                    self._finished.put_nowait(finished)
                raise
            log.warning("records fall back to single ones", error=type(error).__name__, where=where_raised(error))
            for finished in batch:
                await self._record_alone(finished)
        self.woken.set()
        return len(batch)

    async def _record(self, batch: Sequence[Finished]) -> None:
        async with transaction(self.db) as session:
            await record_attempts(session, batch, verification_required=self.verification_required)
        self._unrecorded -= len(batch)
        for finished in batch:
            delivery_attempts.labels(finished.verdict.state).inc()

    async def _record_alone(self, finished: Finished) -> None:
        try:
            await self._record([finished])
        except Exception as error:  # noqa: BLE001 - the others of its batch are to be recorded
            if is_away(error):
                self._finished.put_nowait(finished)
                return
            # Left to its lease: trying the same record again would stop every other one.
            self._unrecorded -= 1
            log.error("attempt not recorded", delivery_id=str(finished.delivery.id), error=type(error).__name__,
                      where=where_raised(error))  # fmt: skip

    async def settle(self) -> None:
        """Wait until every attempt under way is over and recorded."""
        while self._unrecorded:
            self.woken.clear()
            await self.woken.wait()

    async def _deliver(self) -> None:
        pause = FASTEST_POLL_SECONDS
        while True:
            if await self.deliver_due():
                pause = FASTEST_POLL_SECONDS
            try:
                # A wait_for that ends as it is cancelled swallows the cancellation, and this loop would never end.
                async with asyncio.timeout(pause):
                    await self.woken.wait()
                pause = FASTEST_POLL_SECONDS
            except TimeoutError:
                pause = min(pause * 2, SLOWEST_POLL_SECONDS)
            self.woken.clear()

    async def _sweep(self) -> None:
        async with transaction(self.db) as session:
            lapsed = await return_lapsed(session)
        if lapsed:
            log.warning("leases lapsed", count=lapsed)
            self.woken.set()
        await asyncio.sleep(SWEEP_SECONDS)

    async def _tidy(self) -> None:
        async with transaction(self.db) as session:
            await tidy(session, timedelta(days=self.settings.outbox_retention_days))
        await asyncio.sleep(TIDY_SECONDS)

    async def _attempt(self, delivery: Claimed, claimed_at: float) -> None:
        with correlated(delivery.correlation_id), continued(delivery.traceparent):
            outcome = await self._outcome(delivery, claimed_at)
            if outcome is None:
                self._unrecorded -= 1
                self.woken.set()
                return
            if not outcome.is_success:
                log.warning("attempt failed", delivery_id=str(delivery.id), endpoint_id=str(delivery.endpoint_id),
                            status=outcome.reply.status, error=outcome.reply.failure,
                            duration_ms=outcome.duration_ms, attempt=delivery.attempts_made + 1)  # fmt: skip
        self._finished.put_nowait(
            Finished(delivery, outcome.reply, outcome.started_at, outcome.duration_ms, self.chance(), outcome.head)
        )

    async def _outcome(self, delivery: Claimed, claimed_at: float) -> Outcome | None:
        """Return what the attempt brought, or None where it came too late to end before its lease does."""
        spare = self.settings.webhook_lease_seconds - self.settings.webhook_total_seconds
        if monotonic() - claimed_at > spare:
            return None
        try:
            secret = self.vault.open(Endpoint.__tablename__, delivery.endpoint_id, delivery.secret)
            webhook = Webhook(
                delivery.agency,
                delivery.url,
                secret,
                str(delivery.event_id),
                webhook_body(delivery),
                delivery.correlation_id,
            )
            with span("POST webhook", SpanKind.CLIENT) as opened:
                outcome = await self.sender.send(webhook)
                if opened is not None and outcome.reply.status is not None:
                    opened.set_attribute("http.response.status_code", outcome.reply.status)
                return outcome
        except Exception as error:  # noqa: BLE001 - a fault of ours follows the retry schedule too
            log.error("attempt broke", delivery_id=str(delivery.id), error=type(error).__name__,
                      where=where_raised(error))  # fmt: skip
            return Outcome(Reply(failure=Failure.INTERNAL), datetime.now(UTC), 0)


def webhook_body(delivery: Claimed) -> bytes:
    timestamp = delivery.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": delivery.type, "timestamp": timestamp, "data": delivery.pointer}
    return to_json(body)


async def _forever(step: Callable[[], Awaitable[object]]) -> None:
    """Repeat a step until cancelled. Whatever it meets, a lost database above all, it comes back after a pause."""
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - deliveries must not stop for good
            log.warning("worker pauses", error=type(error).__name__, where=where_raised(error))
            await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)


async def _stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
