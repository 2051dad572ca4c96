"""The job queue on top of Redis: what the scheduler does, and the keys, by Exq's names (`Exq.Redis.JobQueue`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from actors.errors import BadTypeError
from actors.exq.dequeue_pass import Pass, dequeue_set
from actors.exq.keys import (
    backup_queue_key,
    failed_queue_key,
    full_key,
    queue_key,
    retry_queue_key,
    schedule_queues,
    scheduled_queue_key,
    set_aside_key,
    unique_key,
)
from actors.exq.scores import time_to_score
from actors.pid import Pid
from actors.scope import here


async def scheduler_dequeue(
    redis: Pid | str, namespace: str | None, max_score: float | str | bytes | None = None
) -> int:
    """Move every job that is due from `schedule`, then `retry`, into its live queue (`scheduler_dequeue/3`).

    Args:
        redis: the connection's pid or name.
        namespace: the prefix of the keys; None or `""` for none.
        max_score: the latest score that is due: a number of seconds since 1970, or Redis's own score text. By
            default the wall clock's now, taken once for both sets.

    Returns:
        The number of jobs moved. What Redis refuses is logged and counts 0.

    Raises:
        Exit: the connection's process is dead.
        BadTypeError: for a max_score of another type.
    """
    return sum(result.moved for result in await dequeue_passes(redis, namespace, max_score))


async def dequeue_passes(
    redis: Pid | str,
    namespace: str | None,
    max_score: float | str | bytes | None = None,
    *,
    pass_over: Mapping[str, int] = MappingProxyType({}),
) -> list[Pass]:
    """`scheduler_dequeue`, with what happened in each set; `pass_over` by set key as `dequeue_set` has it."""
    text = _score_text(max_score)
    return [
        await dequeue_set(redis, namespace, set_key, text, pass_over=pass_over.get(set_key, 0))
        for set_key in schedule_queues(namespace)
    ]


def _score_text(max_score: Any) -> str | bytes:
    if max_score is None:
        return time_to_score(here("scheduler_dequeue").run_loop.clock.time())
    if isinstance(max_score, str | bytes):
        return max_score
    if isinstance(max_score, int | float) and not isinstance(max_score, bool):
        return repr(max_score)
    raise BadTypeError(
        "max_score must be a number of seconds since 1970, or Redis's score text such as '1764000000.5' or '+inf'; "
        f"got {max_score!r} of type {type(max_score).__name__}"
    )


__all__ = [
    "backup_queue_key",
    "dequeue_passes",
    "failed_queue_key",
    "full_key",
    "queue_key",
    "retry_queue_key",
    "schedule_queues",
    "scheduled_queue_key",
    "scheduler_dequeue",
    "set_aside_key",
    "unique_key",
]
