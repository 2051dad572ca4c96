"""The least that two coroutines need to call each other: what no actor library can be faster than."""

from __future__ import annotations

import time
import types
from collections import deque
from collections.abc import Coroutine, Generator
from typing import Any


class _Task:
    """A coroutine and its mailbox."""

    __slots__ = ("coroutine", "mailbox")

    def __init__(self) -> None:
        self.coroutine: Coroutine[Any, Any, None] | None = None
        self.mailbox: deque[Any] = deque()


@types.coroutine
def _suspend() -> Generator[None, None, None]:
    yield


async def _server(me: _Task, ready: deque[_Task]) -> None:
    while True:
        while not me.mailbox:
            await _suspend()
        caller, request = me.mailbox.popleft()
        caller.mailbox.append(request)
        ready.append(caller)


async def _client(me: _Task, server: _Task, ready: deque[_Task], calls: int) -> None:
    for number in range(calls):
        server.mailbox.append((me, number))
        ready.append(server)
        while not me.mailbox:
            await _suspend()
        me.mailbox.popleft()


def calls_per_second(calls: int) -> float:
    """Two coroutines on one loop over a queue of those that have mail."""
    ready: deque[_Task] = deque()
    server, client = _Task(), _Task()
    server.coroutine = _server(server, ready)
    client.coroutine = _client(client, server, ready, calls)
    server.coroutine.send(None)
    ready.append(client)
    started = time.perf_counter()
    try:
        while ready:
            task = ready.popleft()
            assert task.coroutine is not None
            task.coroutine.send(None)
    except StopIteration:
        seconds = time.perf_counter() - started
    server.coroutine.close()
    return calls / seconds
