"""The tally: what was put in, what was seen in its live queue, how late, and whether that adds up. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from supervision.demo.plan import SETS


@dataclass(slots=True)
class SetTally:
    """One set's figures.

    Attributes:
        put: jobs put in.
        late: of each job seen, the seconds from its due time.
    """

    put: int = 0
    late: list[float] = field(default_factory=list)

    @property
    def moved(self) -> int:
        return len(self.late)


@dataclass(slots=True, repr=False)
class Tally:
    """The running count; jobs are known by their bytes, so that a changed one is a stranger.

    Attributes:
        sets: the figures by set.
        twice: jobs seen more than once.
        strangers: members in a live queue that nobody put in.
        early: jobs seen before their due time.
        restarts: how often the scheduler was started again.
        moved_after: jobs due after the first restart and moved: surely by a scheduler that was started again.
    """

    sets: dict[str, SetTally] = field(default_factory=lambda: {name: SetTally() for name in SETS})
    twice: int = 0
    strangers: int = 0
    early: int = 0
    restarts: int = 0
    moved_after: int = 0
    _due: dict[bytes, tuple[str, float]] = field(default_factory=dict)
    _seen: set[bytes] = field(default_factory=set)
    _restarted_at: float = math.inf

    def put(self, set_name: str, member: bytes, due: float) -> None:
        """A job was put into a set; due in seconds since 1970."""
        self._due[member] = (set_name, due)
        self.sets[set_name].put += 1

    def seen(self, member: bytes, at: float) -> None:
        """A member was found in a live queue."""
        if member not in self._due:
            self.strangers += 1
            return
        if member in self._seen:
            self.twice += 1
            return
        self._seen.add(member)
        set_name, due = self._due[member]
        self.sets[set_name].late.append(at - due)
        self.early += at < due
        self.moved_after += due > self._restarted_at

    def restarted(self, at: float) -> None:
        """The supervisor started the scheduler again."""
        self.restarts += 1
        self._restarted_at = min(self._restarted_at, at)

    @property
    def total_put(self) -> int:
        return sum(one.put for one in self.sets.values())

    @property
    def total_moved(self) -> int:
        return len(self._seen)


@dataclass(frozen=True, slots=True)
class Remains:
    """What Redis still held at the end.

    Attributes:
        waiting: jobs in the two sets.
        in_queues: jobs in live queues, not seen.
        set_aside: members that the scheduler set aside.
    """

    waiting: int = 0
    in_queues: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """How late, in ms; None where nothing was moved."""

    p50: float | None
    p99: float | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Late:
        ordered = sorted(seconds)
        return cls(_percentile(ordered, 50), _percentile(ordered, 99))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the summary."""

    name: str
    put: int
    moved: int
    late: Late


@dataclass(frozen=True, slots=True)
class Summary:
    """How it ended.

    Attributes:
        rows: each set's figures.
        total: all together.
        moved_after, restarts: see Tally.
        set_aside, left: from Redis itself; `left` waits in a set or a queue.
        lost: put in, and nowhere to be found.
        problems: what should not be; empty when all is well.
    """

    rows: tuple[Row, ...]
    total: Row
    moved_after: int
    restarts: int
    set_aside: int
    left: int
    lost: int
    problems: tuple[str, ...]


def summarize(tally: Tally, remains: Remains, planned: int) -> Summary:
    """The summary, with everything that does not add up."""
    rows = tuple(Row(name, one.put, one.moved, Late.of(one.late)) for name, one in tally.sets.items())
    late = [seconds for one in tally.sets.values() for seconds in one.late]
    total = Row("all", tally.total_put, tally.total_moved, Late.of(late))
    left = remains.waiting + remains.in_queues
    lost = total.put - total.moved - left - remains.set_aside
    checks = (
        (total.put != planned, f"{planned:,} jobs were to be put in, and {total.put:,} were"),
        (sum(row.moved for row in rows) != total.moved, "the sets' figures don't add up to the total"),
        (lost > 0, f"{lost:,} lost"),
        (lost < 0, f"{-lost:,} more found than put in"),
        (left > 0, f"{remains.waiting:,} still wait in their set and {remains.in_queues:,} in a live queue"),
        (remains.set_aside > 0, f"{remains.set_aside:,} set aside"),
        (tally.twice > 0, f"{tally.twice:,} moved twice"),
        (tally.strangers > 0, f"{tally.strangers:,} in a live queue that nobody put in, or changed on the way"),
        (tally.early > 0, f"{tally.early:,} moved before they were due"),
        (tally.restarts != 1, f"the scheduler was killed once and restarted {tally.restarts} times"),
        (tally.moved_after == 0, "nothing was moved after the restart"),
    )
    problems = tuple(text for wrong, text in checks if wrong)
    return Summary(rows, total, tally.moved_after, tally.restarts, remains.set_aside, left, lost, problems)


def exit_status(summary: Summary) -> int:
    """0 when all adds up, 1 otherwise."""
    return 1 if summary.problems else 0


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest rank, in ms."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] * 1000
