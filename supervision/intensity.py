"""Restart intensity: how many restarts within how long are too many. Pure."""

from __future__ import annotations

from collections import deque


class Intensity:
    """At most `max_restarts` within any `max_seconds`, counted in exact milliseconds, boundary included.

    OTP counts in whole seconds, so that its window is up to a second longer: docs/differences.md.
    """

    __slots__ = ("_at", "_max_restarts", "_window")

    def __init__(self, max_restarts: int, max_seconds: int) -> None:
        self._max_restarts = max_restarts
        self._window = max_seconds * 1000
        self._at: deque[int] = deque()

    def add(self, now_ms: int) -> bool:
        """Count a restart at `now_ms`; whether it may be made."""
        self._at.append(now_ms)
        while self._at[0] < now_ms - self._window:
            self._at.popleft()
        return len(self._at) <= self._max_restarts
