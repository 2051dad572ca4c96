"""Exq's scheduler: the process that moves due jobs, and the connection it uses.

`keys` `scores` `config` `endpoint` `commands` `refused` `dequeue_reply` are pure; `scripts` holds the Lua; `wire`
(a socket) and `embedded` (fakeredis) carry commands, `transport` is what they have in common; `redis_connection` is
the process that owns one; `eval_script` `dequeue_pass` `job_queue` are the work, `scheduler` the process that does it.
"""

from actors.errors import RedisConnectionError, RedisError
from actors.exq import job_queue
from actors.exq.config import SchedulerOptions, redis_client_name, top_supervisor
from actors.exq.redis_connection import ConnectionOptions, RedisConnection, command, pipeline
from actors.exq.scheduler import Scheduler, SchedulerState

__all__ = [
    "ConnectionOptions",
    "RedisConnection",
    "RedisConnectionError",
    "RedisError",
    "Scheduler",
    "SchedulerOptions",
    "SchedulerState",
    "command",
    "job_queue",
    "pipeline",
    "redis_client_name",
    "top_supervisor",
]
