"""How often an address may send proofs that are no good, counted by each process for itself; good ones never count.

Run by whatever looks at tokens, assertions and sessions, before it does any work for them.
"""

import hashlib
import ipaddress
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from fastapi import Request

from shared.allowances import Rate
from shared.problems import Problem, TooManyRequests
from shared.telemetry import log
from shared.telemetry.metrics import requests_refused

ADDRESSES_REMEMBERED = 10_000
PROOFS_REMEMBERED = 10_000
NETWORK_BITS = 64
LONGEST_ADDRESS = 45
LOOKS = 5
"""After so many bursts of failures not even what could be good is looked at, but as often as the rate says."""
REFUSED = "failed_proofs"

K = TypeVar("K")
V = TypeVar("V")


class Proof(StrEnum):
    """What is sent to prove who calls; failures of each are counted apart."""

    TOKEN = "access_token"  # noqa: S105 - what it is
    ASSERTION = "assertion"
    SESSION = "session"
    SIGN_IN = "sign_in"


Source = tuple[str, Proof]
"""An address, and what it sends to prove who calls."""


@dataclass
class Failures:
    """When the bucket of a source will be full again, in seconds of one clock, and whether it was empty since."""

    full_at: float
    emptied: bool = False


@dataclass
class FailedProofs:
    """The failures of one process, by source; without a `rate` nothing is counted.

    What was found good is remembered, and let through whatever else its address sends.
    """

    rate: Rate | None = None
    now: Callable[[], float] = time.monotonic
    _failures: dict[Source, Failures] = field(default_factory=dict)
    _good: dict[bytes, None] = field(default_factory=dict)

    @contextmanager
    def counted(
        self,
        request: Request,
        proof: Proof,
        refusal: type[Problem],
        *,
        secret: str = "",
        is_plausible: Callable[[], bool] = lambda: True,
    ) -> Iterator[None]:
        """Look at a proof inside the block, which raises `refusal` where it is no good.

        Raises `TooManyRequests` instead where its address has sent too many; before the block, if the proof cannot be
        good, which `is_plausible` tells without much work, or where very many came. A `secret` that is good any number
        of times is remembered.
        """
        if self.rate is None:
            yield
            return
        digest = _digest(secret)
        if digest not in self._good:
            self._check((address_of(request), proof), self.rate, LOOKS if is_plausible() else 1)
        try:
            yield
        except refusal:
            self._good.pop(digest, None)
            source = (address_of(request), proof)
            self._check(source, self.rate, 1, failed=True)
            raise
        if secret:
            self._keep(digest)

    def remember(self, secret: str) -> None:
        """Let this through from now on, until it turns out to be good no longer."""
        self._keep(_digest(secret))

    def _keep(self, digest: bytes) -> None:
        if digest not in self._good:
            _make_room(self._good, PROOFS_REMEMBERED)
            self._good[digest] = None

    def _check(self, source: Source, rate: Rate, looks: int, *, failed: bool = False) -> None:
        """Raise `TooManyRequests` where a source has failed more than so many bursts; count it where it `failed`."""
        wait = self._wait_seconds(source, rate)
        if failed:
            self._add(source, rate)
        if wait > (looks - 1) * rate.burst / rate.per_second:
            requests_refused.labels(REFUSED).inc()
            raise TooManyRequests(
                "Too much came from this address that proves nobody. Wait, then send what is good.",
                retry_after_seconds=math.ceil(wait),
            )

    def _wait_seconds(self, source: Source, rate: Rate) -> float:
        """Return how long until the source may fail again."""
        failures = self._failures.get(source)
        return failures.full_at - self.now() - (rate.burst - 1) / rate.per_second if failures else 0.0

    def _add(self, source: Source, rate: Rate) -> None:
        """Count a failure; those that were under way together weigh no more than what is looked at."""
        now = self.now()
        failures = self._failures.pop(source, None)
        if failures is None or failures.full_at <= now:
            failures = Failures(now)
            _make_room(self._failures, ADDRESSES_REMEMBERED)
        failures.full_at = min(failures.full_at + 1 / rate.per_second, now + LOOKS * rate.burst / rate.per_second)
        self._failures[source] = failures
        if not failures.emptied and self._wait_seconds(source, rate) > 0:
            failures.emptied = True
            log.warning("too many failed proofs", address=source[0], type=source[1])


def address_of(request: Request) -> str:
    """Return where a request comes from: the peer, or what a trusted proxy says; of IPv6 a customer's network."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:LONGEST_ADDRESS]
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, NETWORK_BITS), strict=False))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _make_room(remembered: dict[K, V], most: int) -> None:
    """Forget what was remembered first, where there is no room for more."""
    if len(remembered) >= most:
        del remembered[next(iter(remembered))]
