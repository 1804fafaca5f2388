"""The keys of an issuer that runs elsewhere, fetched over HTTP and kept, for services that check its tokens."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.problems import Unavailable
from shared.telemetry import log

KEPT_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 5


@dataclass
class FetchedKeys:
    """The key set at `url`: asked for again every five minutes, and at once for a `kid` that is not in it.

    Two requests are at least five seconds apart, so that forged ids cause no flood. While the issuer is away, the
    keys that were fetched last stand; while it is slow, whoever has one of them waits for a second at most.
    """

    http: httpx.AsyncClient
    url: str
    _by_kid: dict[str, Any] = field(default_factory=dict)
    _fetched_at: float = -KEPT_SECONDS
    _asked_at: float = -PAUSE_SECONDS
    _fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Any | None:
        """Return the key; raises `Unavailable` where no key could be fetched yet."""
        now = time.monotonic()
        under_way = self._fetching is not None and not self._fetching.done()
        old = kid not in self._by_kid or now - self._fetched_at >= KEPT_SECONDS
        if old and not under_way and (not self._by_kid or now - self._asked_at >= PAUSE_SECONDS):
            self._asked_at = now
            self._fetching = asyncio.create_task(self._fetch())
        if old and self._fetching is not None:
            await asyncio.wait({self._fetching}, timeout=PATIENCE_SECONDS if kid in self._by_kid else None)
        if not self._by_kid:
            raise Unavailable(
                "The issuer of this token can't be asked for its keys.", retry_after_seconds=RETRY_SECONDS
            )
        return self._by_kid.get(kid)

    async def _fetch(self) -> None:
        try:
            reply = await self.http.get(self.url)
            reply.raise_for_status()
            self._by_kid = {key.kid: key for key in KeySet.import_key_set(reply.json()).keys if key.kid}
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("keys not fetched", url=self.url, error=type(error).__name__)
