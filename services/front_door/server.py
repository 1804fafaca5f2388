"""Serves one application on one port until it is asked to stop. Run by `frontdoor up` and `frontdoor serve`."""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from services.front_door.connections import Connection, Watch
from services.front_door.settings import Patience
from shared.problems import Problem

LOOPBACK: Final = "127.0.0.1"
SHUTDOWN_SECONDS: Final = 10
OBJECTS_BETWEEN_LOOKS: Final = 20_000


class PortTaken(Problem):
    """Something else listens on the port."""

    title, status, slug = "The port is in use", 409, "port-taken"


class _Announcing(uvicorn.Server):
    """Tells once that requests are taken, and, asked to stop, is not ready for a while before it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        announce: Callable[[], None],
        watch: Watch,
        drain_seconds: float,
    ) -> None:
        super().__init__(config)
        self._watch = watch
        self._app = app
        self._announce = announce
        self._drain_seconds = drain_seconds
        self._stop_at = float("inf")
        self._signal = signal.SIGTERM

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at once where it is asked a second time, or before it served."""
        draining = self._drain_seconds and self.started and not is_stopping(self._app)
        self._app.state.stopping = True
        if draining:
            self._signal, self._stop_at = signal.Signals(sig), time.monotonic() + self._drain_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        self._watch.look(self.server_state.connections, asyncio.get_running_loop().time())
        if time.monotonic() >= self._stop_at and not self.should_exit:
            super().handle_exit(self._signal, None)
        return await super().on_tick(counter)


def is_stopping(app: FastAPI) -> bool:
    return getattr(app.state, "stopping", False)


def taken_socket(port: int, host: str = LOOPBACK) -> socket.socket:
    """Bind the port before anything else is started; raises `PortTaken`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(f"Port {port} is in use. Stop what listens there, or give another --port.") from error
    return bound


def serve(
    app: FastAPI,
    bound: socket.socket,
    announce: Callable[[], None],
    patience: Patience,
    *,
    drain_seconds: float = 0.0,
) -> bool:
    """Serve until SIGINT or SIGTERM, finish what is in flight; returns whether it ever served.

    For `drain_seconds` after the signal it still serves, but is not ready, so that a gateway can turn away first.
    """
    make_ready(app)
    server = server_of(app, announce, patience, drain_seconds=drain_seconds)
    server.run(sockets=[bound])
    return server.started


def make_ready(app: FastAPI) -> None:
    """Do what the framework leaves to the first request, which would hold up everybody.

    What stands by then stays, and the collector of garbage looks through it no more: that took a fifth of a second of
    processor time, again and again. It also looks less often: a body has room for 350,000 lists, and to go over them
    500 times while they are read takes longer than reading.
    """
    app.openapi()
    for route in app.router.routes:
        route.matches({"type": "http", "method": "GET", "path": "", "root_path": "", "headers": []})
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)


def server_of(
    app: FastAPI, announce: Callable[[], None], patience: Patience, *, drain_seconds: float = 0.0
) -> uvicorn.Server:
    """Return the server of an application, which tells by `announce` that it takes requests."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Connection,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(patience.trusted_proxies),
        forwarded_allow_ips=patience.trusted_proxies,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return _Announcing(config, app, announce, Watch(patience), drain_seconds)
