"""Serves one application on one port until it is asked to stop. Run by `frontdoor up`."""

import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from shared.problems import Problem

ADDRESS: Final = "127.0.0.1"
SHUTDOWN_SECONDS: Final = 10


class PortTaken(Problem):
    """Something else listens on the port."""

    title, status, slug = "The port is in use", 409, "port-taken"


class _Announcing(uvicorn.Server):
    """Tells once that requests are taken."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def taken_socket(port: int) -> socket.socket:
    """Bind the port before anything else is started; raises `PortTaken`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((ADDRESS, port))
    except OSError as error:
        bound.close()
        raise PortTaken(f"Port {port} is in use. Stop what listens there, or give another --port.") from error
    return bound


def serve(app: FastAPI, bound: socket.socket, announce: Callable[[], None]) -> bool:
    """Serve until SIGINT or SIGTERM, finish what is in flight; returns whether it ever served."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Announcing(config, announce)
    server.run(sockets=[bound])
    return server.started
