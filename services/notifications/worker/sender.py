"""One signed POST to one receiver, with everything that a receiver could do to us kept within bounds."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from services.notifications.domain.addresses import AddressRefused, check_url
from services.notifications.domain.deliveries import Failure, Reply, parse_retry_after
from services.notifications.settings import Settings
from services.notifications.signing import signed_headers
from services.notifications.worker.resolver import GuardedResolver
from shared.telemetry.traces import outgoing

BODY_BYTES = 64 * 1024
HEADER_CHARACTERS = 200
HEAD_KEPT = ("Content-Type", "Content-Length", "Date", "Server", "Location", "Retry-After")


@dataclass(frozen=True)
class Outcome:
    """What an attempt brought. `body` holds at most 64 KiB and is not kept."""

    reply: Reply
    started_at: datetime
    duration_ms: int
    head: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        status = self.reply.status
        return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True)
class Webhook:
    """What is sent: to whose receiver, under which id, signed with what."""

    agency: str
    url: str
    secret: str
    id: str
    body: bytes
    correlation_id: str


class Sender:
    """Sends webhooks over one pool of connections; made by `open_sender`."""

    def __init__(self, session: ClientSession, settings: Settings) -> None:
        self._session = session
        self._settings = settings

    async def send(self, webhook: Webhook) -> Outcome:
        """POST once, redirects not followed. A receiver's misbehaviour is an outcome, never an exception."""
        started_at, start = datetime.now(UTC), monotonic()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "front-door-webhooks/1",
            "X-Correlation-Id": webhook.correlation_id,
            **outgoing(),
            **signed_headers(webhook.secret, webhook.id, started_at, webhook.body),
        }
        body, head = b"", {}
        try:
            approved = self._settings.webhook_domains.get(webhook.agency, ())
            check_url(webhook.url, approved=approved, allow_loopback=self._settings.allow_loopback)
            async with self._session.post(
                webhook.url, data=webhook.body, headers=headers, allow_redirects=False
            ) as response:
                reply, head = _reply_of(response), _head_of(response.headers)
                body = await _first_bytes(response)
        except AddressRefused:
            reply = Reply(failure=Failure.ADDRESS_REFUSED)
        except TimeoutError:
            reply = Reply(failure=Failure.TIMEOUT)
        except (ClientError, OSError):
            reply = Reply(failure=Failure.CONNECTION)
        return Outcome(reply, started_at, round((monotonic() - start) * 1000), head, body)


@asynccontextmanager
async def open_sender(settings: Settings, resolver: AbstractResolver | None = None) -> AsyncIterator[Sender]:
    """Yield a sender whose every name is resolved by `resolver` (the system's, if None) under guard."""
    guarded = GuardedResolver(resolver or ThreadedResolver(), allow_loopback=settings.allow_loopback)
    connector = TCPConnector(resolver=guarded, use_dns_cache=False, limit=0)
    timeout = ClientTimeout(total=settings.webhook_total_seconds, connect=settings.webhook_connect_seconds)
    try:
        async with ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        ) as session:
            yield Sender(session, settings)
    finally:
        await guarded.close()


def _reply_of(response: ClientResponse) -> Reply:
    asked = response.headers.get("Retry-After")
    return Reply(response.status, parse_retry_after(asked, datetime.now(UTC)) if asked else None)


def _head_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep what helps an owner to find a fault, in characters that can be stored and shown."""
    kept = ((name, headers[name]) for name in HEAD_KEPT if name in headers)
    return {name: value[:HEADER_CHARACTERS].encode("ascii", "replace").decode() for name, value in kept}


async def _first_bytes(response: ClientResponse) -> bytes:
    """Read at most 64 KiB. The status has been given: a body that stalls or breaks off no longer changes it."""
    body = bytearray()
    with suppress(ClientError, OSError):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) >= BODY_BYTES:
                break
    return bytes(body[:BODY_BYTES])
