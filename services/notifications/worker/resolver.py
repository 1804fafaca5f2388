"""Name resolution for webhooks: an address outside the public internet is never handed to the connector.

What is resolved here is what is connected to, so a name that changes its address between check and use gains
nothing.
"""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from services.notifications.domain.addresses import AddressRefused, check_address


class GuardedResolver(AbstractResolver):
    """Checks every address that `inner` returns; one forbidden address refuses the name altogether."""

    def __init__(self, inner: AbstractResolver, *, allow_loopback: bool) -> None:
        self._inner = inner
        self._allow_loopback = allow_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`; raises AddressRefused, or OSError where there are none."""
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise AddressRefused("The domain has no address.")
        for result in found:
            check_address(result["host"], host=host, allow_loopback=self._allow_loopback)
        return found

    async def close(self) -> None:
        await self._inner.close()
