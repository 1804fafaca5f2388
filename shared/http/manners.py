"""What HTTP asks of every server, whatever the route: HEAD beside GET, and no host but its own."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.rendering import problem_response
from shared.problems import BadRequest

ASKED_INSIDE: Final = ("/health/", "/metrics")
"""Probes and scrapers name a process by its address."""


def host_in(address: str) -> str:
    """Return the host of an URL, or of a `Host` header, without its port; empty where there is none."""
    try:
        return urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


class Head:
    """Pure ASGI middleware: answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET"}, receive, send_head)


class Hosts:
    """Pure ASGI middleware: refuses every host but these, where any are named."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app if self._serves(scope) else problem_response(BadRequest("This host is not served here."))
        await app(scope, receive, send)

    def _serves(self, scope: Scope) -> bool:
        return (
            not self.hosts
            or scope["type"] != "http"
            or scope["path"].startswith(ASKED_INSIDE)
            or host_in(Headers(scope=scope).get("host", "")) in self.hosts
        )
