"""A node's heart: steps the processes that have something to do, on an asyncio event loop.

A turn is one callback of the event loop. It fires the timers that are due and then steps ready processes for
about a millisecond, so that sockets and other tasks of the loop get their share. The bound is time, not a number
of steps: 500 cheap steps are nothing, 500 dear ones would hold every timer back.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import threading
from asyncio import tasks as _asyncio_tasks
from collections import deque
from collections.abc import Callable
from time import monotonic as _real_monotonic
from typing import TYPE_CHECKING, Final

from actors.clock import Clock
from actors.pid import Pid, new_node_id
from actors.timers import Timer, Timers

if TYPE_CHECKING:
    from actors._thespian import Base
    from actors.process import Process

SLICE: Final = 0.001
"""How long a turn steps processes before the event loop goes on, in seconds."""

_IDLE_ROUNDS: Final = 3
"""Rounds of the event loop without work before a jumping clock jumps: a callback may wake a process."""


class RunLoop:
    """The processes of one node, and what steps them.

    Attributes:
        running: the process being stepped at this moment, if any.
        turn_ends: when the turn is over, in seconds of the machine's clock; 0 asks for an end at once.
        processes: the living ones by serial number.
        names: local names (registry.py gives them out).
        awaiting_asyncio: how many processes wait for a future of asyncio.
        runs: how many `Node.run` are under way; a jumping clock only jumps meanwhile.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, name: str) -> None:
        self.loop = loop
        self.clock = clock
        self.name = name
        self.node_id = new_node_id(self)
        self.thread_id = threading.get_ident()
        self.base: Base | None = None
        self.running: Process | None = None
        self.turn_ends = 0.0
        self.processes: dict[int, Process] = {}
        self.names: dict[str, Process] = {}
        self.awaiting_asyncio = 0
        self.runs = 0
        self.timers = Timers()
        self.closed = False
        self._foreign_seen: set[str] = set()
        self._serials = itertools.count(1)
        self._ready: deque[Process] = deque()
        self._turn_booked = False
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")
        self._context = contextvars.Context()
        self._enter = _task_entry(loop)
        clock.call_when_moved(lambda: self.post(self._book_turn))

    # -- processes

    def next_serial(self) -> int:
        return next(self._serials)

    def process(self, serial: int) -> Process | None:
        return self.processes.get(serial)

    def schedule(self, process: Process) -> None:
        """Step `process` soon. On the node's own thread only."""
        if not process.queued:
            process.queued = True
            self._ready.append(process)
            if not self._turn_booked:
                self._book_turn()

    def turn_is_over(self) -> bool:
        """Whether the running process should let the event loop go on."""
        return _real_monotonic() >= self.turn_ends

    def is_foreign(self, pid: Pid) -> bool:
        """Whether `pid` is of another node; such a pid counts as dead, and each node is named once."""
        if pid.node_id == self.node_id:
            return False
        if pid.node_id not in self._foreign_seen:
            self._foreign_seen.add(pid.node_id)
            from actors.reports import foreign_pid  # once a node; reports stand above

            foreign_pid(pid, self.name)
        return True

    # -- other threads

    @property
    def on_own_thread(self) -> bool:
        return threading.get_ident() == self.thread_id

    def post(self, callback: Callable[[], object]) -> None:
        """Have `callback` called on the node's thread, from any thread, in the order of the posts."""
        if self.closed:
            return
        self.loop.call_soon_threadsafe(callback, context=self._context)

    # -- timers

    def start_timer(self, ms: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the node's thread when `ms` milliseconds have passed, never earlier."""
        timer = self.timers.start(self.clock.monotonic() + ms / 1000, callback)
        if timer.deadline < self._armed_for and not self._turn_booked:
            self._arm()
        return timer

    def cancel_timer(self, timer: Timer) -> int | None:
        """Cancel `timer`; the whole milliseconds that were left, or None where it had fired."""
        if not self.timers.cancel(timer):
            return None
        return max(0, round((timer.deadline - self.clock.monotonic()) * 1000))

    # -- turns

    def _book_turn(self) -> None:
        if not self._turn_booked and not self.closed:
            self._turn_booked = True
            self.loop.call_soon(self._turn, context=self._context)

    def _turn(self) -> None:
        ready, enter = self._ready, self._enter
        self.turn_ends = _real_monotonic() + SLICE
        try:
            if self.timers:
                self.timers.fire(self.clock.monotonic())
            while ready:
                process = ready.popleft()
                process.queued = False
                self.running = process
                enter(process.task)
                process.step()
                if not self.turn_ends:  # the process was ended while it ran, and asked for the turn's end
                    self.turn_ends = _real_monotonic() + SLICE
                elif _real_monotonic() >= self.turn_ends:
                    break
        finally:  # whatever a watcher or a timer raised is the event loop's to report, and the node goes on
            self.running = None
            enter(None)
            self._turn_booked = False
            if ready:
                self._book_turn()
            else:
                self._arm()

    def _arm(self) -> None:
        """See to it that a turn comes when the earliest timer is due."""
        deadline = self.timers.next_deadline()
        if deadline is None:
            return
        if self.clock.jumps:
            self.loop.call_soon(self._jump_if_idle, _IDLE_ROUNDS, context=self._context)
            return
        now = self.clock.monotonic()
        if deadline <= now:
            self._book_turn()
        elif deadline < self._armed_for:
            if self._armed is not None:
                self._armed.cancel()
            self._armed_for = deadline
            self._armed = self.loop.call_later(deadline - now, self._timer_due, context=self._context)

    def _timer_due(self) -> None:
        self._armed = None
        self._armed_for = float("inf")
        self._book_turn()

    def _jump_if_idle(self, rounds: int) -> None:
        if self._turn_booked or self.awaiting_asyncio or not self.runs:
            return
        if rounds:
            self.loop.call_soon(self._jump_if_idle, rounds - 1, context=self._context)
            return
        deadline = self.timers.next_deadline()
        if deadline is not None:
            self.clock.jump_to(deadline)
            self._book_turn()

    def asyncio_wait_ended(self) -> None:
        """A process no longer waits for asyncio: a jumping clock may have been held by it."""
        self.awaiting_asyncio -= 1
        if self.clock.jumps and not self._turn_booked:
            self._arm()

    def close(self) -> None:
        """Step nothing any more."""
        self.closed = True
        if self._armed is not None:
            self._armed.cancel()


def _task_entry(loop: asyncio.AbstractEventLoop) -> Callable[[object | None], None]:
    """What tells asyncio which task is current on `loop`; None for no task.

    `asyncio.timeout`, `TaskGroup` and anyio ask `current_task()`, and a process is no Task. Up to 3.13 the
    table is a plain dict that asyncio shares with its C half; setting it ourselves costs a tenth of entering
    and leaving.
    """
    table: dict[object, object] = _asyncio_tasks._current_tasks  # type: ignore[attr-defined]

    def enter(task: object | None) -> None:
        if task is None:
            table.pop(loop, None)
        else:
            table[loop] = task

    return enter
