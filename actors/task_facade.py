"""What asyncio sees as the current task while a process is stepped.

`asyncio.timeout`, `TaskGroup` and anyio ask `current_task()` and then cancel, count and un-cancel it. A process
is no `asyncio.Task` (one for each would halve the message rate), so it shows them this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.process import Process


class TaskFacade:
    """The part of `asyncio.Task` that code running inside a task may ask of it."""

    __slots__ = ("__weakref__", "_callbacks", "_cancelling", "_process")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._cancelling = 0
        self._callbacks: list[Callable[[Any], object]] | None = None

    def __repr__(self) -> str:
        return f"<{self._process.pid!r} as a task>"

    def cancel(self, msg: object | None = None) -> bool:
        """Throw `CancelledError` into what the process waits for, or will wait for next."""
        if self._process.ended:
            return False
        self._cancelling += 1
        self._process.interrupt(msg)
        return True

    def count_signal(self) -> None:
        """An exit signal interrupts for good: `asyncio.timeout` and `TaskGroup` must not take it for their own."""
        self._cancelling += 1

    def cancelling(self) -> int:
        return self._cancelling

    def uncancel(self) -> int:
        if self._cancelling:
            self._cancelling -= 1
            if self._cancelling == 0:
                self._process.uninterrupt()
        return self._cancelling

    def done(self) -> bool:
        return self._process.ended

    def cancelled(self) -> bool:
        return False

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._process.run_loop.loop

    def get_name(self) -> str:
        return repr(self._process.pid)

    def get_coro(self) -> Coroutine[Any, Any, Any] | None:
        return self._process.coroutine

    def get_context(self) -> object:
        return self._process.context

    @property
    def _must_cancel(self) -> bool:  # anyio looks at it
        return self._process.throw_next is not None

    @property
    def _fut_waiter(self) -> object | None:  # anyio looks at it
        return self._process.awaited

    def add_done_callback(self, callback: Callable[[Any], object], *, context: object = None) -> None:
        del context  # the loop copies the one it is called in
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        before = len(self._callbacks or ())
        self._callbacks = [one for one in self._callbacks or () if one is not callback]
        return before - len(self._callbacks)

    def tell_done(self) -> None:
        """Call the done callbacks: the process's coroutine has returned."""
        for callback in self._callbacks or ():
            self._process.run_loop.loop.call_soon(callback, self)
