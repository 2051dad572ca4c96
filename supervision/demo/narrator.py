"""The narrator: reads the supervisor's own reports from the log, and tells of the scheduler's end and restart."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from actors.exq import Scheduler
from supervision.demo.tally import Tally

_LOGGERS: Final = ("actors", "supervision")
_SUPERVISOR: Final = "supervision.supervisor"


class Narrator(logging.Handler):
    """Counts restarts in the tally, and passes on what else the processes complain of.

    Attributes:
        first_error: the first complaint, its first line.
        muted: says nothing, only remembers.
    """

    def __init__(self, tally: Tally, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tally = tally
        self._tell = tell
        self._ended_at: float | None = None
        self._said: set[str] = set()
        self.first_error = ""
        self.muted = False

    def emit(self, record: logging.LogRecord) -> None:
        fields = record.__dict__
        report = fields.get("report")
        if report == "child_terminated" and fields["offender"]["id"] is Scheduler:
            self._ended_at = time.monotonic()
            self._tell(f"The supervisor heard that {fields['offender']['pid']} ended: {fields['reason']!r}")
        elif report == "progress" and fields["child_id"] is Scheduler:
            self._started(fields["child_pid"])
        elif record.levelno >= logging.WARNING:
            self._complaint(record)

    def _complaint(self, record: logging.LogRecord) -> None:
        text = record.getMessage().partition("\n")[0]
        self.first_error = self.first_error or text
        if not self.muted and text not in self._said:
            self._said.add(text)
            self._tell(f"{record.levelname.lower()}: {text}")

    def _started(self, pid: object) -> None:
        if self._ended_at is None:
            self._tell(f"The scheduler runs as {pid}")
            return
        after = (time.monotonic() - self._ended_at) * 1000
        self._tally.restarted(time.time())
        self._tell(f"The supervisor restarted it {after:.1f} ms later: the scheduler is now {pid}")


@contextmanager
def narrating(narrator: Narrator) -> Iterator[None]:
    """Have the narrator read the library's log, and nobody else, inside the block."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    level = logging.getLogger(_SUPERVISOR).level
    logging.getLogger(_SUPERVISOR).setLevel(logging.INFO)  # its progress reports
    for logger in loggers:
        logger.addHandler(narrator)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(narrator)
            logger.propagate = True
        logging.getLogger(_SUPERVISOR).setLevel(level)
