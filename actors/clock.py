"""Time, behind one small interface, so that tests can hold it in their hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What a node asks of time."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; timers count on it."""
        ...

    def time(self) -> float:
        """Seconds since 1970: the wall clock, which due times are compared with."""
        ...

    def call_when_moved(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, on any thread, whenever the clock was moved by hand."""
        ...

    @property
    def jumps(self) -> bool:
        """Whether a node with nothing to do may move the clock on to its next timer."""
        ...

    def jump_to(self, monotonic: float) -> None:
        """Move on to `monotonic`; only called when `jumps`."""
        ...


class SystemClock:
    """The machine's clocks."""

    jumps = False

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def call_when_moved(self, callback: Callable[[], None]) -> None:
        """Nothing to do: nobody moves the machine's clock through this library."""

    def jump_to(self, monotonic: float) -> None:
        raise AssertionError(f"the machine's clock does not jump, to {monotonic} or elsewhere")


class ManualClock:
    """A clock that stands still until a test moves it.

    With `jumps=True` a node on which every process waits for a timer, while a `run` is under way, moves the
    clock to the next timer by itself: five seconds of timeouts pass in no time, and in exact order. Waits
    of asyncio's own (`asyncio.sleep`, sockets) are real time, and hold the clock while a process is in one.

    Args:
        wall: the wall clock's first reading, in seconds since 1970.
        jumps: whether an idle node moves the clock.
    """

    def __init__(self, wall: float = 1_764_000_000.0, *, jumps: bool = False) -> None:
        self._lock = threading.Lock()
        self._monotonic = 0.0
        self._wall = wall
        self._callbacks: list[Callable[[], None]] = []
        self._jumps = jumps

    @property
    def jumps(self) -> bool:
        return self._jumps

    def monotonic(self) -> float:
        return self._monotonic

    def time(self) -> float:
        return self._wall

    def call_when_moved(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def advance(self, ms: float) -> None:
        """Move both clocks `ms` milliseconds on, and let every node on this clock fire its timers."""
        with self._lock:
            self._monotonic += ms / 1000
            self._wall += ms / 1000
        self._tell()

    def set_time(self, wall: float) -> None:
        """Set the wall clock alone, as an operator or NTP does; timers don't notice."""
        self._wall = wall

    def jump_to(self, monotonic: float) -> None:
        with self._lock:
            if monotonic > self._monotonic:
                self._wall += monotonic - self._monotonic
                self._monotonic = monotonic

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback()


SYSTEM_CLOCK = SystemClock()
