"""What `scheduler_dequeue.lua` returns, read. Pure; the script's header says what stands where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SetAside:
    """A member that no queue could be found for.

    Attributes:
        entry_id: its entry in the stream, which holds it whole.
        reason: `"not JSON: …"` with the parser's words, `"not a JSON object"`, `"no queue"`, `"queue is null"`,
            `"queue is a boolean"` or `"queue is an array or object"`.
        jid: a text or number, the first 255 bytes; None where the member has none.
    """

    entry_id: bytes
    reason: str
    jid: bytes | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """A key that takes no jobs.

    Attributes:
        key: the live key, the set of queue names, or the stream of those set aside.
        type: its type, such as `"string"`, where another was needed; or why a stream refuses entries.
        jobs: how many of the page stay in their set for it.
    """

    key: bytes
    type: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pass.

    Attributes:
        examined: members looked at; fewer than asked for means that this was the last page.
        moved: jobs moved into live queues.
        kept: members left where they are, which the next page has to pass over.
        below_zero: members with a score below 0, counted on the first page alone.
        moved_by_queue: jobs moved by queue name.
        set_aside: members moved into the stream.
        stuck: keys that took no jobs.
    """

    examined: int
    moved: int
    kept: int
    below_zero: int
    moved_by_queue: dict[bytes, int]
    set_aside: tuple[SetAside, ...]
    stuck: tuple[Stuck, ...]


def parse_page(reply: Sequence[Any]) -> Page:
    """The script's reply, raw RESP2 with `bytes`, as a Page.

    Raises:
        ValueError: for anything but such a reply.
    """
    examined, moved, kept, below_zero, queues, aside, stuck = reply
    return Page(
        examined,
        moved,
        kept,
        below_zero,
        dict(zip(queues[::2], queues[1::2], strict=True)),
        tuple(
            SetAside(entry, reason.decode("utf-8", "backslashreplace"), jid) for entry, reason, jid in _rows(aside, 3)
        ),
        tuple(Stuck(key, kind.decode("utf-8", "backslashreplace"), jobs) for key, kind, jobs in _rows(stuck, 3)),
    )


def _rows(flat: Sequence[Any], width: int) -> list[Sequence[Any]]:
    return [flat[start : start + width] for start in range(0, len(flat), width)]
