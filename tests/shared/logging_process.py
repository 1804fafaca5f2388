"""A process that logs as a service does, a child's name wherever it could slip in; run by the test of logs."""

import asyncio
import gc
import logging

import httpx
from fastapi import APIRouter

from shared.http.service import new_application
from shared.telemetry import configure_logging, log, where_raised
from tests.fakes import verifier

CANARY = "Quillfeather"


async def answer_requests() -> None:
    router = APIRouter()

    @router.get("/children/{name}")
    async def get_child(name: str) -> dict[str, str]:
        return {"name": name}

    @router.get("/broken/{name}")
    async def get_broken(name: str) -> None:
        raise ValueError(name)

    app = new_application("Test", "1", verifier(), router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://front-door.test") as http:
        for path in ("/children", "/broken", "/nowhere"):
            url = f"{path}/{CANARY}?name={CANARY}"
            await http.get(url, headers={"X-Correlation-Id": "partner-7", "User-Agent": CANARY})


async def fail_unheard() -> None:
    async def fail() -> None:
        int(CANARY)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()


def complain() -> None:
    log.info("written", reference="FD-1", name=CANARY, given_name=CANARY, body={"children": [CANARY]})
    try:
        int(CANARY)
    except ValueError as error:
        log.exception("broken", error=type(error).__name__, where=where_raised(error))
        logging.getLogger("library").exception("could not store %s", CANARY)
    logging.getLogger("library").warning("what is %s", CANARY, stack_info=True)


if __name__ == "__main__":
    configure_logging()
    complain()
    asyncio.run(answer_requests())
    asyncio.run(fail_unheard())
