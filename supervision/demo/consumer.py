"""The consumer: takes jobs out of their live queues as an Exq node does, and writes them into the tally."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from actors import GenServer, NoReply, Ok, RedisConnectionError, RedisError
from actors.exq import pipeline
from actors.exq.job_queue import queue_key
from supervision.demo.tally import Tally

_EVERY: Final = 10
"""ms between two looks: so much may a job seem later than it is."""
_AT_ONCE: Final = 200

_log = logging.getLogger("supervision.demo")


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """What the consumer is started with. The tally is its owner's, and so outlives the consumer."""

    redis: str
    namespace: str
    queues: Sequence[str]
    tally: Tally = field(repr=False)


class Consumer(GenServer):
    """RPOPs all live queues every few ms (with a count, which Redis has from 6.2 on)."""

    def init(self, options: ConsumerOptions) -> Any:
        return Ok(options, 0)

    async def handle_info(self, message: Any, state: ConsumerOptions) -> Any:
        del message  # TIMEOUT
        await _look(state)
        return NoReply(state, _EVERY)


async def _look(state: ConsumerOptions) -> None:
    commands = [["RPOP", queue_key(state.namespace, queue), _AT_ONCE] for queue in state.queues]
    more = True
    while more:
        more = False
        try:
            replies = await pipeline(state.redis, commands)
        except RedisConnectionError as error:
            _log.warning("The consumer could not ask Redis (%s) and tries again", error)
            return
        now = time.time()
        for jobs in replies:
            if isinstance(jobs, RedisError):
                _log.warning("The consumer was refused: %s", jobs)
                continue
            for job in jobs or ():
                state.tally.seen(job, now)
            more = more or len(jobs or ()) == _AT_ONCE
