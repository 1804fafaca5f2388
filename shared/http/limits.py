"""How much each client may ask of the front door: what a request costs, 429 where nothing is left, and the headers.

The headers are those of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from shared.allowances import Allowance, Rate
from shared.db import transaction
from shared.http.buckets import Buckets, Lease
from shared.http.validation import known_id
from shared.http.waits import Waits
from shared.problems import TooManyRequests
from shared.security import Caller, FailedProofs
from shared.telemetry import log
from shared.telemetry.metrics import requests_refused

READS = frozenset({"GET", "HEAD"})
WITHOUT_BODY = READS | {"DELETE"}


@dataclass(frozen=True)
class Ticket:
    """What one request took: `lease` is where from, None where nothing was left; `asked` are all that it asked.

    A ticket of nobody's, which asked none, is good for everything.
    """

    now: float = 0.0
    asked: Mapping[Allowance, Lease] = field(default_factory=dict)
    lease: Lease | None = None

    @property
    def is_refused(self) -> bool:
        return self.lease is None and bool(self.asked)

    def check(self) -> None:
        """Raise `TooManyRequests` where nothing was left."""
        if self.is_refused:
            requests_refused.labels(next(iter(self.asked))).inc()
            seconds = min(_next_seconds(lease, self.now) for lease in self.asked.values())
            raise TooManyRequests("Wait, then send the same request again.", retry_after_seconds=seconds)

    def give_back(self) -> None:
        """Return what was taken: an answer that is given again costs nothing."""
        if self.lease is not None:
            self.lease.left += 1

    def headers(self) -> Iterator[tuple[str, str]]:
        asked = self.asked.items()
        policies = [f'"{name}";q={lease.rate.burst};w={lease.rate.refill_seconds}' for name, lease in asked]
        left = [f'"{name}";r={lease.remaining(self.now)};t={_next_seconds(lease, self.now)}' for name, lease in asked]
        if asked:
            yield "RateLimit-Policy", ", ".join(policies)
            yield "RateLimit", ", ".join(left)


FREE = Ticket()


def _next_seconds(lease: Lease, now: float) -> int:
    return max(1, math.ceil(lease.wait_seconds(now)))


@dataclass
class Limits:
    """The rates of this installation, and those that single agencies have instead; what has no rate is not limited."""

    rates: Mapping[Allowance, Rate] = field(default_factory=dict)
    buckets: Buckets | None = None
    of_agencies: dict[str, Mapping[Allowance, Rate]] = field(default_factory=dict)
    proofs: FailedProofs = field(default_factory=FailedProofs)
    waits: Waits = field(default_factory=Waits)

    async def take(self, caller: Caller, *allowances: Allowance) -> Ticket:
        """Take one of the first of these allowances that has any left; services of the front door take none."""
        if self.buckets is None or caller.is_service:
            return FREE
        asked: dict[Allowance, Lease] = {}
        for allowance in allowances:
            rate = self.of_agencies.get(caller.agency, {}).get(allowance) or self.rates.get(allowance)
            if rate is None:
                return FREE
            asked[allowance], was_left = await self.buckets.take(client_of(caller), allowance, rate)
            if was_left:
                return Ticket(self.buckets.now(), asked, asked[allowance])
        return Ticket(self.buckets.now(), asked)

    async def admit(self, request: Request, caller: Caller, allowance: Allowance | None) -> None:
        """Note who calls and out of which allowance, and charge what has neither a body to wait for nor a record."""
        name_caller(request, caller, allowance)
        if request.method in WITHOUT_BODY and not request.path_params:
            await charge(request)


def rates_of_agencies(written: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[Allowance, Rate]]:
    """Return the rates that agencies have of their own; one whose cannot be read has those of everybody."""
    found: dict[str, Mapping[Allowance, Rate]] = {}
    for agency, rates in written.items():
        try:
            found[agency] = {Allowance(name): Rate.parse(rate) for name, rate in rates.items()}
        except ValueError:
            log.error("rates of an agency not read", agency=agency)
    return found


def client_of(caller: Caller) -> str:
    """Return whose allowance a caller uses: an agency's, or a person's of their own."""
    return caller.agency if caller.subject == caller.agency else f"{caller.agency}/{caller.subject}"


async def take(request: Request, *, in_danger: bool = False) -> Ticket:
    """Take what this request costs, before anything is done for it; a referral may say that a child is in danger."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        return FREE
    limits: Limits = request.app.state.limits
    request.state.ticket = ticket = await limits.take(caller, *_allowances(request, caller, in_danger=in_danger))
    return ticket


def _allowances(request: Request, caller: Caller, *, in_danger: bool) -> tuple[Allowance, ...]:
    """Return what the request may take from, in order: what its route declares, else by method and caller."""
    declared: Allowance | None = request.state.allowance
    if declared is Allowance.SUBMISSIONS and in_danger:
        return (Allowance.DANGER, Allowance.SUBMISSIONS)
    if declared is not None:
        return (declared,)
    if request.method in READS:
        return (Allowance.READS if caller.is_staff else Allowance.PARTNER_READS,)
    return (Allowance.CHANGES,)


async def charge(request: Request) -> None:
    """Take what this request costs; raises `TooManyRequests` where nothing is left."""
    (await take(request)).check()


def name_caller(request: Request, caller: Caller, allowance: Allowance | None = None) -> None:
    """Note who calls, and out of which allowance where that is none of its own kind's."""
    request.state.caller, request.state.allowance = caller, allowance


async def charge_for(request: Request, caller: Caller, allowance: Allowance | None) -> None:
    """Take what this request costs somebody who proved themselves otherwise than at a door."""
    name_caller(request, caller, allowance)
    await charge(request)


Charged = Annotated[None, Depends(charge)]
"""For a route that reads no body where others of its method do."""


@dataclass(frozen=True)
class ChargedRecord:
    """A dependency of a route about one record that reads no body: charged as far as the record is there.

    `find`, given session, agency and id, raises `NotFound`; it is asked only where nothing is left, so that 404 comes
    before 429 and costs no round trip else.
    """

    service: str
    name: str
    find: Callable[[AsyncSession, str, UUID], Awaitable[object]]

    async def __call__(self, request: Request) -> None:
        ticket = await take(request)
        if ticket.is_refused:
            async with transaction(getattr(request.state, self.service).db) as session:
                await self.find(session, request.state.caller.agency, known_id(request.path_params[self.name]))
            ticket.check()


def limit_headers(scope: Scope) -> Iterator[tuple[str, str]]:
    """Return the headers that tell the client of this request what it has left."""
    ticket: Ticket = scope.get("state", {}).get("ticket", FREE)
    return ticket.headers()
