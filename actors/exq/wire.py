"""One connection to one Redis, everything pipelined over one socket (`Redix.Connection`,
`Redix.SocketOwner`).

Callers' pipelines go out in the order in which they were submitted, all that wait in one write; a reply
belongs to the pipeline that has waited longest. There is no reconnect and no retry in here: when the
connection is lost its owner is told once, is handed those who still wait, and opens another one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Generic, TypeVar

from actors.exq import raw_connection
from actors.exq.commands import Command, encode_pipeline, pack
from actors.exq.endpoint import Endpoint
from actors.exq.raw_connection import RawConnection
from actors.exq.transport_error import TransportError, explain

W = TypeVar("W")

_SLICE = 0.001  # seconds of replies in a row before the loop's other work has its turn
_LOOK_EVERY = 16  # replies between two looks at the clock


class Wire(Generic[W]):
    """A transport over a socket; see `actors.exq.transport.Transport` for what its methods promise.

    Two tasks run it: the writer sends what was submitted, the reader hands out replies. Whoever cancels one of
    them (a loop that ends, a process whose tasks die with it) closes the connection, quietly.
    """

    def __init__(
        self,
        connection: RawConnection,
        *,
        on_reply: Callable[[W, list[Any]], None],
        on_close: Callable[[TransportError, list[W]], None],
        closed_reason: str,
    ) -> None:
        """Take over a connected connection; use `open`."""
        self._connection = connection
        self._on_reply = on_reply
        self._on_close = on_close
        self._closed_reason = closed_reason
        self._waiting: deque[tuple[int, W]] = deque()  # how many replies, and whose
        self._unsent: list[bytes] = []
        self._submitted = asyncio.Event()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            self._loop.create_task(self._read_replies(), name="redis-reader"),
            self._loop.create_task(self._write_commands(), name="redis-writer"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        *,
        on_reply: Callable[[W, list[Any]], None],
        on_close: Callable[[TransportError, list[W]], None],
        connect_timeout: float = 5.0,
    ) -> Wire[W]:
        """Connect, authenticate, select; see `actors.exq.transport.open_transport`."""
        closed_reason = "ssl_closed" if endpoint.scheme == "rediss" else "tcp_closed"
        try:
            connection = await raw_connection.connect(endpoint, timeout=connect_timeout)
        except Exception as error:
            raise explain(error, closed=closed_reason) from error
        return cls(connection, on_reply=on_reply, on_close=on_close, closed_reason=closed_reason)

    def submit(self, commands: Sequence[Command], waiter: W) -> None:
        """Queue a pipeline: never blocks, never calls back before it has returned."""
        packed = pack(encode_pipeline(commands))
        if self._closed:
            raise TransportError("closed", "nothing was sent")
        self._waiting.append((len(commands), waiter))
        self._unsent += packed
        self._submitted.set()

    def abort(self) -> list[W]:
        """Close at once, without `on_close`; those who still waited, oldest first."""
        if self._closed:
            return []
        self._closed = True
        self._connection.drop()
        for task in self._tasks:
            task.cancel()
        waiters = [waiter for _count, waiter in self._waiting]
        self._waiting.clear()
        self._unsent.clear()
        return waiters

    async def aclose(self) -> list[W]:
        """`abort`, then wait until tasks and socket are gone: a turn of the loop or two, hung server or not."""
        waiters = self.abort()
        await asyncio.wait(self._tasks)
        await self._connection.wait_dropped()
        return waiters

    def _ended(self, task: asyncio.Task[None]) -> None:
        """However one of the tasks ends, the connection ends with it."""
        if task.cancelled():
            self.abort()  # by us, or from outside: whoever owns the loop closes us quietly
            return
        error = task.exception()
        if error is not None and not self._closed:
            waiters = self.abort()
            self._call(self._on_close, explain(error, closed=self._closed_reason), waiters)

    async def _write_commands(self) -> None:
        connection, submitted = self._connection, self._submitted
        while True:
            await submitted.wait()
            submitted.clear()
            unsent, self._unsent = self._unsent, []
            if not connection.is_connected:  # send_packed_command would connect again
                raise TransportError(self._closed_reason)
            await connection.send_packed_command(unsent, check_health=False)

    async def _read_replies(self) -> None:
        waiting, read_reply = self._waiting, self._connection.read_reply
        replies: list[object] = []
        read, slice_end = 0, monotonic() + _SLICE
        while True:
            reply = await read_reply()
            if not waiting:
                raise TransportError("protocol_error", f"a reply that nobody asked for: {reply!r:.200}")
            replies.append(reply)
            if len(replies) == waiting[0][0]:
                _count, waiter = waiting.popleft()
                self._call(self._on_reply, waiter, replies)
                replies = []
            read += 1
            if read % _LOOK_EVERY == 0 and monotonic() >= slice_end:
                await asyncio.sleep(0)
                slice_end = monotonic() + _SLICE

    def _call(self, callback: Callable[..., None], *args: object) -> None:
        """Call the owner; an error of its own must not cost the others their replies."""
        try:
            callback(*args)
        except Exception as error:
            with contextlib.suppress(Exception):
                self._loop.call_exception_handler(
                    {"message": f"{callback!r} failed in a Redis transport", "exception": error}
                )
