"""Exq's tree: the connection first, then the scheduler, under one supervisor (`Exq.start_link/1`, mode default)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from actors import Pid
from actors.exq import (
    ConnectionOptions,
    RedisConnection,
    Scheduler,
    SchedulerOptions,
    redis_client_name,
    top_supervisor,
)
from supervision.supervisor import Supervisor

MAX_RESTARTS: Final = 20
MAX_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class TreeOptions:
    """What the tree is started with.

    Attributes:
        scheduler: the scheduler's options; its `name` names all processes.
        redis: the connection's options.
    """

    scheduler: SchedulerOptions = field(default_factory=SchedulerOptions)
    redis: ConnectionOptions = field(default_factory=ConnectionOptions)


async def start_link(options: TreeOptions | None = None) -> Pid | None:
    """Start the tree under the name `<name>.Sup`: one_for_one, 20 restarts in 5 seconds, as Exq.

    Processes: `<name>.Redis.Client`, then `<name>.Scheduler`.

    Raises:
        StartError: as `Supervisor.start_link`.
    """
    options = options or TreeOptions()
    name = options.scheduler.name
    connection = RedisConnection.child_spec(options.redis)
    return await Supervisor.start_link(
        [
            {"id": connection.id, "start": (RedisConnection.start_link, (options.redis, redis_client_name(name)))},
            (Scheduler, options.scheduler),
        ],
        strategy="one_for_one",
        max_restarts=MAX_RESTARTS,
        max_seconds=MAX_SECONDS,
        name=top_supervisor(name),
    )
