"""A destination over HTTP that answers after some milliseconds and keeps nothing.

`python -m bench.receiver 5` is a process of its own, so that what it costs is not ours. It prints
its port and ends with its standard input. `POST /look-up` finds nothing, `POST /records` takes
records, many or one.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import msgspec

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


async def _serve(latency: float) -> None:
    async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the end, at which streams would complain
            await answered(reader, writer)

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            length = 0
            while (header := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            content = msgspec.json.decode(await reader.readexactly(length))
            await asyncio.sleep(latency)
            body = (
                b"{}" if b"/look-up" in line else msgspec.json.encode([it["id"] for it in content])
            )
            writer.write(_HEAD % len(body) + body)
            await writer.drain()

    server = await asyncio.start_server(kept, "127.0.0.1", 0, limit=2**24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000))
