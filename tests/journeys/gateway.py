"""A gateway of the suite's own: it reads the routes of deploy/gateway/nginx.conf and does what they say."""

import asyncio
import io
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.client_exceptions import ClientConnectorError

from tests.conftest import ROOT

CONFIGURATION = ROOT / "deploy" / "gateway" / "nginx.conf"
OWN_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "date", "keep-alive"})
PROBLEM = "application/problem+json"
CLOSED = "closed"
Addresses = Mapping[str, Sequence[str]]


def routes() -> list[tuple[re.Pattern[str], str]]:
    """Return path patterns and the services they lead to, the first match first, as the configuration has them."""
    (listed,) = re.findall(r"map \$uri \$service \{(.*?)\}", CONFIGURATION.read_text(), re.DOTALL)
    lines = [line.split() for line in listed.strip().splitlines()]
    assert lines[-1][0] == "default"
    patterns = [("" if pattern == "default" else pattern.removeprefix("~"), target) for pattern, target in lines]
    return [(re.compile(pattern), target.removesuffix(";")) for pattern, target in patterns]


def service_of(path: str) -> str:
    return next(service for pattern, service in routes() if pattern.match(path))


@contextmanager
def gateway(port: int, addresses: Addresses) -> Iterator[None]:
    """Pass requests on, in turn to the instances of each service, in a thread of its own until the block ends."""
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    started = threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(port, addresses, started, stopping),))
    thread.start()
    try:
        assert started.wait(30), "the gateway did not start"
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


async def _serve(port: int, addresses: Addresses, started: threading.Event, stopping: asyncio.Event) -> None:
    turns = count()
    connector = TCPConnector(force_close=True, limit=0)
    async with ClientSession(connector=connector, auto_decompress=False, timeout=ClientTimeout(60)) as session:

        async def pass_on(request: web.Request) -> web.Response:
            service = service_of(request.path)
            if service == CLOSED:
                return web.Response(status=404, content_type=PROBLEM)
            instances, turn, body = addresses[service], next(turns), await request.read()
            for attempt in range(len(instances)):
                url = f"{instances[(turn + attempt) % len(instances)]}{request.raw_path}"
                try:
                    return await _ask(session, request, url, body)
                except ClientConnectorError:
                    continue
                except (ClientError, TimeoutError):
                    break
            return web.Response(status=503, content_type=PROBLEM, headers={"Retry-After": "5"})

        app = web.Application(client_max_size=33 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        started.set()
        await stopping.wait()
        await runner.cleanup()


async def _ask(session: ClientSession, request: web.Request, url: str, body: bytes) -> web.Response:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in OWN_HEADERS]
    async with session.request(
        request.method, url, headers=headers, data=io.BytesIO(body), allow_redirects=False
    ) as reply:
        shown = [(name, value) for name, value in reply.headers.items() if name.lower() not in OWN_HEADERS]
        response = web.Response(status=reply.status, body=await reply.read())
    response.headers.clear()
    for name, value in shown:
        response.headers.add(name, value)
    return response
