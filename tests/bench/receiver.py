"""A webhook receiver that answers 204 as cheaply as Python can: `python -m tests.bench.receiver PORT`."""

import asyncio
import sys

import uvloop

REPLY = b"HTTP/1.1 204 No Content\r\n\r\n"


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(REPLY)
    except (asyncio.IncompleteReadError, ConnectionResetError):
        writer.close()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_take, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
