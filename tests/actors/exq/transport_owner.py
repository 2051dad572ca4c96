"""What a connection's process does with a transport, cut down for tests; and a server that breaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, TypeVar

from actors.exq.commands import Command
from actors.exq.endpoint import Endpoint
from actors.exq.transport import Transport, open_transport
from actors.exq.transport_error import TransportError

T = TypeVar("T")
Waiter: TypeAlias = "asyncio.Future[list[Any]]"


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; nothing it waits for takes longer than 30 s."""

    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await main

    return asyncio.run(bounded())


class Owner:
    """Opens one transport, keeps what it is told, and answers its callers through futures."""

    def __init__(self) -> None:
        self.closes: list[tuple[TransportError, list[Waiter]]] = []
        self.closed = asyncio.Event()
        self.transport: Transport[Waiter]

    def on_reply(self, waiter: Waiter, replies: list[Any]) -> None:
        waiter.set_result(replies)

    def on_close(self, error: TransportError, waiters: list[Waiter]) -> None:
        self.closes.append((error, waiters))
        self.closed.set()

    async def open(self, url: str, **options: float) -> None:
        self.transport = await open_transport(
            Endpoint.parse(url), on_reply=self.on_reply, on_close=self.on_close, **options
        )

    def submit(self, *commands: Command) -> Waiter:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self.transport.submit(commands, waiter)
        return waiter

    async def ask(self, *command: bytes | str | float) -> Any:
        [reply] = await self.submit(command)
        return reply


@asynccontextmanager
async def connected(url: str, **options: float) -> AsyncIterator[Owner]:
    """An owner with an open transport, closed at the end."""
    owner = Owner()
    await owner.open(url, **options)
    try:
        yield owner
    finally:
        await owner.transport.aclose()


@asynccontextmanager
async def scripted_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server on loopback that does as `handle` says, then ends the connection; its URL."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, one turn of the loop after the other."""
    while not condition():
        await asyncio.sleep(0.001)


async def longest_delay(during: Awaitable[object]) -> float:
    """The most by which a 1 ms tick of the loop came late (in seconds) while something else was awaited."""
    loop = asyncio.get_running_loop()
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            due = loop.time() + 0.001
            await asyncio.sleep(0.001)
            worst = max(worst, loop.time() - due)

    ticking = loop.create_task(tick())
    try:
        await during
    finally:
        ticking.cancel()
    return worst


def texts(replies: Sequence[object]) -> list[object]:
    """Replies with error replies as their text, nested ones too."""
    return [
        texts(reply) if isinstance(reply, list) else str(reply) if isinstance(reply, Exception) else reply
        for reply in replies
    ]
