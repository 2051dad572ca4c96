"""fakeredis in place of a server: `embedded://`, for tests, demos and first steps; nothing to install.

It answers as `Wire` does: raw RESP2, error replies whole, `on_reply` never called from within `submit`. The
commands run on the loop itself, one after the other in slices of about 1 ms; a single long one (a script over
many keys) holds the loop for as long as it takes. That is what embedded means, and one reason why it is no
production store.

`embedded://` is private to its connection: another connection, also the same process restarted by its
supervisor, begins empty. `embedded://name` is one server for the whole program and lives as long as the
program does, however many connections come and go.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from redis.exceptions import RedisError, ResponseError

from actors.exq.commands import Command, Encoded, encode_pipeline, pack
from actors.exq.endpoint import Endpoint
from actors.exq.transport_error import TransportError

if TYPE_CHECKING:
    from fakeredis import FakeRedisConnection, FakeServer

W = TypeVar("W")

_SLICE = 0.001  # seconds of commands in a row before the loop's other work has its turn
_VERSION = (7, 0)

_shared: dict[str, FakeServer] = {}
_shared_lock = threading.Lock()  # several nodes, each on its own thread, may share a server


class Embedded(Generic[W]):
    """A transport into fakeredis; see `actors.exq.transport.Transport` for what its methods promise.

    It can't be lost, so that `on_close` is never called.
    """

    def __init__(self, server: FakeServer, endpoint: Endpoint, *, on_reply: Callable[[W, list[Any]], None]) -> None:
        """Connect to a server; use `open`."""
        self._server = server
        self._endpoint = endpoint
        self._on_reply = on_reply
        self._connection = self._connect()
        self._waiting: deque[tuple[list[Encoded], W]] = deque()
        self._replies: list[object] = []  # of the oldest pipeline
        self._turn: asyncio.Handle | None = None
        self._closed = False
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        *,
        on_reply: Callable[[W, list[Any]], None],
        on_close: Callable[[TransportError, list[W]], None],  # noqa: ARG003 — the transports' common signature
        connect_timeout: float = 5.0,  # noqa: ARG003
    ) -> Embedded[W]:
        """Find or make the server; see `actors.exq.transport.open_transport`."""
        try:
            return cls(_server(endpoint.name), endpoint, on_reply=on_reply)
        except RedisError as error:
            raise TransportError(_whole_text(error), permanent=True) from error

    def submit(self, commands: Sequence[Command], waiter: W) -> None:
        """Queue a pipeline: its commands run in a later turn of the loop."""
        encoded = encode_pipeline(commands)
        if self._closed:
            raise TransportError("closed", "nothing was sent")
        self._waiting.append((encoded, waiter))
        if self._turn is None:
            self._turn = self._loop.call_soon(self._run)

    def abort(self) -> list[W]:
        """Close at once; those who still waited, oldest first."""
        if self._closed:
            return []
        self._closed = True
        if self._turn is not None:
            self._turn.cancel()
        self._connection.disconnect()  # type: ignore[no-untyped-call]
        waiters = [waiter for _commands, waiter in self._waiting]
        self._waiting.clear()
        return waiters

    async def aclose(self) -> list[W]:
        """`abort`; there is nothing to wait for."""
        return self.abort()

    def _run(self) -> None:
        """Run commands for one slice."""
        self._turn = None
        slice_end = monotonic() + _SLICE
        while self._waiting:
            commands, waiter = self._waiting[0]
            self._replies.append(self._execute(commands[len(self._replies)]))
            if len(self._replies) == len(commands):
                self._waiting.popleft()
                replies, self._replies = self._replies, []
                self._answer(waiter, replies)
            if monotonic() >= slice_end and self._waiting:
                self._turn = self._loop.call_soon(self._run)
                return

    def _answer(self, waiter: W, replies: list[object]) -> None:
        """Call the owner; an error of its own must not cost the others their replies."""
        try:
            self._on_reply(waiter, replies)
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": f"{self._on_reply!r} failed in a Redis transport", "exception": error}
            )

    def _execute(self, command: Encoded) -> object:
        connection = self._connection
        try:
            connection.send_packed_command(pack([command]), check_health=False)  # type: ignore[no-untyped-call]
        except Exception as error:
            # a command that fakeredis itself fails on ends its parser: a new connection, the same server
            connection.disconnect()  # type: ignore[no-untyped-call]
            self._connection = self._connect()
            return ResponseError(f"ERR fakeredis could not run the command: {type(error).__name__}: {error}")
        if not connection.can_read(0):
            return ResponseError("ERR fakeredis gave the command no reply")
        try:
            return _whole(connection.read_response())
        except RedisError as error:
            return ResponseError(_whole_text(error))

    def _connect(self) -> FakeRedisConnection:
        from fakeredis import FakeRedisConnection  # slow to import, and rarely needed

        connection = FakeRedisConnection(
            server=self._server,
            db=self._endpoint.database,
            client_name=self._endpoint.client_name,
            protocol=2,
        )
        connection.connect()
        return connection


def _server(name: str) -> FakeServer:
    from fakeredis import FakeServer  # slow to import, and rarely needed

    if not name:
        return FakeServer(version=_VERSION)
    with _shared_lock:
        if name not in _shared:
            _shared[name] = FakeServer(version=_VERSION)
        return _shared[name]


def _whole(reply: object) -> object:
    """The reply, errors inside it (EXEC, EVAL) with their whole text."""
    if isinstance(reply, list):
        return [_whole(item) if isinstance(item, list | RedisError) else item for item in reply]
    return ResponseError(_whole_text(reply)) if isinstance(reply, RedisError) else reply


def _whole_text(error: RedisError) -> str:
    """The error as the server wrote it: redis-py's parser, which fakeredis calls, has cut off the code it
    knew."""
    text = str(error)
    if code := getattr(error, "status_code", None):
        return f"{code} {text}"
    return text if re.match(r"[A-Z][A-Z0-9_]+ ", text) else f"ERR {text}"
