"""Deadlines in order: a heap that forgets the cancelled ones.

Thespian's `wakeupAfter` can't be cancelled, and a call that is answered leaves its timeout behind: a node
arms hundreds of thousands a second and lets almost none expire. So entries are only marked when they are
cancelled, and swept out when they outnumber those that count.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Timer:
    """One deadline. `callback` is None once it has fired or was cancelled."""

    __slots__ = ("callback", "deadline")

    def __init__(self, deadline: float, callback: Callable[[], None]) -> None:
        self.deadline = deadline
        self.callback: Callable[[], None] | None = callback

    @property
    def pending(self) -> bool:
        return self.callback is not None


class Timers:
    """The deadlines of one node, in seconds on its clock; equal ones fire in the order they were made."""

    __slots__ = ("_cancelled", "_heap", "_serial")

    _SWEEP_FROM = 64

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._cancelled = 0

    def __len__(self) -> int:
        """How many are pending."""
        return len(self._heap) - self._cancelled

    def start(self, deadline: float, callback: Callable[[], None]) -> Timer:
        """Have `callback` called by the first `fire` at or after `deadline`."""
        timer = Timer(deadline, callback)
        self._serial += 1
        heapq.heappush(self._heap, (deadline, self._serial, timer))
        return timer

    def cancel(self, timer: Timer) -> bool:
        """Forget `timer`; whether it was still pending."""
        if timer.callback is None:
            return False
        timer.callback = None
        self._cancelled += 1
        if self._cancelled > self._SWEEP_FROM and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
        return True

    def next_deadline(self) -> float | None:
        """When the earliest pending one is due."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def fire(self, now: float) -> None:
        """Call what is due at `now`. What a callback starts with a deadline of `now` waits for the next one."""
        heap = self._heap
        last = self._serial
        while heap and heap[0][0] <= now and heap[0][1] <= last:
            timer = heapq.heappop(heap)[2]
            callback = timer.callback
            if callback is None:
                self._cancelled -= 1
                continue
            timer.callback = None
            callback()
            heap = self._heap  # a callback may have swept
