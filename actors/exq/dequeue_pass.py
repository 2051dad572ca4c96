"""One pass over a sorted set: page after page until fewer than a page were there to look at."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from actors.errors import RedisConnectionError, RedisError
from actors.exq.dequeue_reply import SetAside, Stuck, parse_page
from actors.exq.eval_script import eval_script
from actors.exq.keys import full_key
from actors.exq.redis_connection import page_size
from actors.exq.scripts import SCHEDULER_DEQUEUE
from actors.pid import Pid

_log = logging.getLogger("actors.exq.job_queue")


@dataclass(slots=True)
class Pass:
    """What a pass over one set did.

    Attributes:
        set_key: the sorted set.
        moved: jobs moved into live queues.
        moved_by_queue: the same by queue name.
        set_aside: members that could not be placed.
        stuck: live keys of a wrong type, with the jobs that wait for them.
        below_zero: members whose score is below 0, which stay as in Exq.
        error: why the pass was broken off, if it was.
    """

    set_key: str
    moved: int = 0
    moved_by_queue: Counter[bytes] = field(default_factory=Counter)
    set_aside: list[SetAside] = field(default_factory=list)
    stuck: dict[tuple[bytes, str], int] = field(default_factory=dict)
    below_zero: int = 0
    error: RedisError | RedisConnectionError | None = None


async def dequeue_set(redis: Pid | str, namespace: str | None, set_key: str, max_score: str) -> Pass:
    """Move what is due in one set (`do_scheduler_dequeue`); an error of Redis is logged and ends the pass.

    Raises:
        Exit: the connection's process is dead.
    """
    result = Pass(set_key)
    prefix = full_key(namespace, "")
    limit = await page_size(redis)
    kept = 0
    while True:
        try:
            reply = await eval_script(redis, SCHEDULER_DEQUEUE, [set_key], [limit, max_score, prefix, kept])
        except (RedisError, RedisConnectionError) as error:
            _log.warning(
                "Error dequeueing jobs from scheduler queue %s - %s",
                set_key,
                error,
                extra={"report": "dequeue_error", "set": set_key, "error": error},
            )
            result.error = error
            return result
        page = parse_page(reply)
        result.moved += page.moved
        result.moved_by_queue.update(page.moved_by_queue)
        result.set_aside.extend(page.set_aside)
        for stuck in page.stuck:
            _add(result, stuck)
        if kept == 0:
            result.below_zero = page.below_zero or result.below_zero
        for entry in page.set_aside:
            _log.error(
                "Set aside a job from %s that can't be placed: %s (jid %s, entry %s of %s)",
                set_key,
                entry.reason,
                "none" if entry.jid is None else entry.jid.decode("utf-8", "backslashreplace"),
                entry.entry_id.decode(),
                full_key(namespace, "set_aside"),
                extra={"report": "set_aside", "set": set_key, "reason": entry.reason, "jid": entry.jid},
            )
        kept += page.kept
        if page.examined < limit:
            return result


def _add(result: Pass, stuck: Stuck) -> None:
    key = (stuck.key, stuck.type)
    result.stuck[key] = result.stuck.get(key, 0) + stuck.jobs
