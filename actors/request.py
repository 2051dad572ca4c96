"""A request that waits for one answer: by reference, so that a full mailbox costs it nothing.

Erlang marks the mailbox with a reference so that the reply is found without a scan. Here the reply never
enters the mailbox: it goes into the request itself, and wakes who waits. A late one finds the request closed and
is dropped, as with OTP's aliases.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from actors.pid import Pid

if TYPE_CHECKING:
    from actors.process import Process
    from actors.run_loop import RunLoop
    from actors.timers import Timer


class From:
    """Who asked: what `handle_call` gets and `reply` takes (Erlang's `from`). Opaque but for `pid`.

    Attributes:
        pid: the process that asked.
    """

    __slots__ = ("_asker", "_future", "failed", "pending", "pid", "value")

    def __init__(self, asker: Process) -> None:
        self.pid: Pid = asker.pid
        self.pending = True
        self.failed = False
        self.value: Any = None
        self._asker = asker
        self._future: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"From({self.pid!r})"

    @property
    def run_loop(self) -> RunLoop:
        """The node of who asked."""
        return self._asker.run_loop

    def answer(self, value: object) -> None:
        """Give the reply; on the node's thread. Ignored when nobody waits any more."""
        if self.pending:
            self.pending = False
            self.value = value
            self._wake()

    def down(self, pid: Pid, reason: object) -> None:
        """The process that was asked has ended."""
        del pid
        self.fail(reason)

    def fail(self, reason: object) -> None:
        """No answer will come, for `reason`."""
        if self.pending:
            self.failed = True
            self.answer(reason)

    def _wake(self) -> None:
        future = self._future
        if future is None:
            asker = self._asker
            asker.run_loop.schedule(asker)
        elif not future.done():
            future.set_result(None)

    async def wait(self, asked: Process, timeout: int | None) -> bool:
        """Wait for the answer, the end of `asked`, or `timeout` ms (None: for ever).

        Returns:
            Whether `value` is the answer; otherwise it is the reason why there is none.
        """
        asker = self._asker
        if timeout == 0:  # OTP's `after 0`: nobody can have answered yet
            self.pending, self.failed, self.value = False, True, "timeout"
            return False
        asked.watchers[self] = None
        timer: Timer | None = None
        if timeout is not None:
            timer = asker.run_loop.start_timer(timeout, self._timed_out)
        try:
            if asker.run_loop.running is asker:
                while self.pending:
                    await asker.park()
            else:  # a task that the process made
                while self.pending:
                    self._future = asker.run_loop.loop.create_future()
                    await self._future
        finally:
            self.pending = False
            asked.watchers.pop(self, None)
            if timer is not None:
                asker.run_loop.timers.cancel(timer)
        return not self.failed

    def _timed_out(self) -> None:
        self.fail("timeout")
