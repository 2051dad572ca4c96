"""One pass over a sorted set: page after page until fewer than a page were there to look at."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from actors.errors import RedisConnectionError, RedisError
from actors.exq.dequeue_reply import SetAside, parse_page
from actors.exq.eval_script import eval_script
from actors.exq.keys import full_key, set_aside_key
from actors.exq.redis_connection import command, page_size
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
        stuck: live keys of a wrong type, with the jobs that wait for them.
        below_zero: members whose score is below 0, which stay as in Exq; None where it was not counted.
        kept: due members left where they are, from the set's beginning.
        error: why the pass was broken off, if it was.
    """

    set_key: str
    moved: int = 0
    moved_by_queue: Counter[bytes] = field(default_factory=Counter)
    stuck: dict[tuple[bytes, str], int] = field(default_factory=dict)
    below_zero: int | None = None
    kept: int = 0
    error: RedisError | RedisConnectionError | None = None


async def dequeue_set(
    redis: Pid | str, namespace: str | None, set_key: str, max_score: str | bytes, *, pass_over: int = 0
) -> Pass:
    """Move what is due in one set (`do_scheduler_dequeue`); an error of Redis is logged and ends the pass.

    Args:
        redis: the connection's pid or name.
        namespace: the prefix of the keys.
        set_key: the sorted set.
        max_score: the latest score that is due, as text.
        pass_over: due members not to look at again, lowest scores first: those that an earlier pass kept.

    Raises:
        Exit: the connection's process is dead.
    """
    result = Pass(set_key, kept=pass_over)
    prefix = full_key(namespace, "")
    try:
        limit = await page_size(redis)
        while True:
            arguments = [limit, max_score, prefix, result.kept]
            page = parse_page(await eval_script(redis, SCHEDULER_DEQUEUE, [set_key], arguments))
            if result.kept == 0:
                result.below_zero = page.below_zero
            result.moved += page.moved
            result.kept += page.kept
            result.moved_by_queue.update(page.moved_by_queue)
            for stuck in page.stuck:
                key = (stuck.key, stuck.type)
                result.stuck[key] = result.stuck.get(key, 0) + stuck.jobs
            for entry in page.set_aside:
                _log_set_aside(set_key, namespace, entry)
            if page.examined < limit:
                return result
    except (RedisError, RedisConnectionError) as error:
        _log.warning(
            "Error dequeueing jobs from scheduler queue %s - %s",
            set_key,
            error,
            extra={"report": "dequeue_error", "set": set_key, "error": error},
        )
        result.error = error
        return result


async def prefix_is_unchanged(redis: Pid | str, set_key: str, kept: int, horizon: str) -> bool:
    """Whether the due jobs up to a score are still only the `kept` ones, as many as an earlier pass left there."""
    try:
        return bool(await command(redis, "ZCOUNT", set_key, "0", horizon) == kept)
    except (RedisError, RedisConnectionError):
        return False


async def horizon_of(redis: Pid | str, set_key: str, kept: int) -> str | None:
    """The score of the last of the `kept` due jobs, which have the lowest; None where that can't be told."""
    try:
        found = await command(redis, "ZRANGEBYSCORE", set_key, "0", "+inf", "WITHSCORES", "LIMIT", kept - 1, 1)
    except (RedisError, RedisConnectionError):
        return None
    return found[1].decode() if found else None


def _log_set_aside(set_key: str, namespace: str | None, entry: SetAside) -> None:
    _log.error(
        "Set aside a job from %s that no queue can be found for: %s (jid %s, entry %s of %s)",
        set_key,
        entry.reason,
        "none" if entry.jid is None else entry.jid.decode("utf-8", "backslashreplace"),
        entry.entry_id.decode(),
        set_aside_key(namespace),
        extra={"report": "set_aside", "set": set_key, "reason": entry.reason, "jid": entry.jid},
    )
