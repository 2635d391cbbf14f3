"""A TCP proxy that breaks connections on purpose, between a client and a real server."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

CHUNK = 16 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """What a test sets, and what passed through. It applies to the bytes from the server to the client.

    `cuts`: the connection that is opened next is reset after the first number of bytes, the one after it
    after the second, and so on; later ones are left alone. `silent`: a cut connection falls silent instead.
    `flip_at`: the number of the byte that arrives damaged.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.cuts: list[int] = []
        self.silent = False
        self.flip_at: int | None = None
        self.connections = 0
        self.delivered = 0
        self.open: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Reset every connection there is."""
        for serving in self.open:
            serving.cancel()

    async def down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what the server says, until the cut."""
        left = self.cuts.pop(0) if self.cuts else None
        while chunk := await reader.read(CHUNK):
            if left is not None and len(chunk) >= left:
                await self._deliver(writer, chunk[:left])
                if self.silent:
                    await asyncio.Event().wait()
                return
            left = None if left is None else left - len(chunk)
            await self._deliver(writer, chunk)

    async def _deliver(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        if self.flip_at is not None and self.delivered <= self.flip_at < self.delivered + len(chunk):
            place = self.flip_at - self.delivered
            chunk = chunk[:place] + bytes([chunk[place] ^ 1]) + chunk[place + 1 :]
        self.delivered += len(chunk)
        writer.write(chunk)
        await writer.drain()


@asynccontextmanager
async def between(port: int) -> AsyncGenerator[Proxy]:
    """Yield a proxy in front of the server on this loopback port."""

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections += 1
        serving = asyncio.create_task(_serve(proxy, port, reader, writer))
        serving.add_done_callback(lambda _: _reset(writer))
        proxy.open.add(serving)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=CHUNK)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.gather(*proxy.open, return_exceptions=True)


async def _serve(proxy: Proxy, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Connect one client with the server, until either of them or the proxy ends it."""
    writer.transport.set_write_buffer_limits(0)  # so that what counts as delivered has left
    try:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
    except OSError:
        return
    up = asyncio.create_task(_up(reader, upstream))
    try:
        await proxy.down(upstream_reader, writer)
    except ConnectionError:  # the client left
        pass
    finally:
        up.cancel()
        _reset(upstream)
        await asyncio.gather(up, return_exceptions=True)


async def _up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, so that the peer sees a broken connection and not an orderly end."""
    if not writer.is_closing():
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        writer.transport.abort()
