"""The demo's processes: Exq's own tree beside a consumer, and what puts jobs in and kills the scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from actors import ChildSpec, Pid, RedisError, exit_process, receive, stop, whereis
from actors.exq import ConnectionOptions, RedisConnection, Scheduler, SchedulerOptions, command, pipeline
from actors.exq.job_queue import full_key, queue_key, schedule_queues, set_aside_key
from supervision import Supervisor, application
from supervision.application import TreeOptions
from supervision.demo.consumer import Consumer, ConsumerOptions
from supervision.demo.plan import QUEUES, Plan, Planned, batches
from supervision.demo.tally import Remains, Tally

_GRACE: Final = 3.0
"""Seconds after the last due time by which all should have been moved."""

REDIS: Final = "Demo.Redis.Client"
"""The consumer's own connection, which the demo uses as well."""


async def start_link(plan: Plan, tally: Tally) -> Pid | None:
    """The tree: a connection, the consumer that uses it, and then Exq's tree as the command `exq` runs it."""
    exq = TreeOptions(
        SchedulerOptions(namespace=plan.namespace, queues=QUEUES, scheduler_poll_timeout=plan.poll_timeout),
        ConnectionOptions(url=plan.url),
    )
    return await Supervisor.start_link(
        [
            RedisConnection.child_spec(ConnectionOptions(url=plan.url, name=REDIS)),
            (Consumer, ConsumerOptions(REDIS, plan.namespace, QUEUES, tally)),
            ChildSpec(id="Exq", start=(application.start_link, (exq,)), type="supervisor"),
        ],
        strategy="one_for_one",
        name="Demo.Sup",
    )


async def check(plan: Plan) -> None:
    """Ask Redis once, on a connection for that alone."""
    pid = await RedisConnection.start(plan.url)
    assert pid is not None
    await command(pid, "PING")
    await stop(pid)


async def put_in(plan: Plan, tally: Tally, jobs: Sequence[Planned], started: float) -> None:
    """Put the jobs in, a batch at its time; `started` is on the monotonic clock."""
    for at, batch in batches(jobs):
        await receive(timeout=max(0, round((started + at - time.monotonic()) * 1000)))
        by_set: dict[str, list[str | bytes]] = {}
        for job in batch:
            by_set.setdefault(job.set, []).extend((job.score, job.member))
            tally.put(job.set, job.member, job.due)
        for reply in await pipeline(REDIS, [["ZADD", full_key(plan.namespace, s), *m] for s, m in by_set.items()]):
            if isinstance(reply, RedisError):
                raise reply


async def kill_half_way(plan: Plan, started: float, tell: Callable[[str], None]) -> None:
    """Kill the scheduler as `Process.exit(pid, :kill)` does: it cannot clean up, and nobody asked its supervisor."""
    await receive(timeout=max(0, round((started + plan.half_way - time.monotonic()) * 1000)))
    pid = whereis(Scheduler.server_name())
    if pid is None:
        tell("Half way: there is no scheduler to kill")
        return
    tell(f"Half way: killing the scheduler, {pid}")
    exit_process(pid, "kill")


async def all_moved(plan: Plan, tally: Tally, started: float) -> None:
    """Wait until all jobs were seen in their live queues, or should have been."""
    while tally.total_moved < plan.jobs and time.monotonic() < started + plan.last_due + _GRACE:
        await receive(timeout=10)


async def remains(plan: Plan) -> Remains:
    """What Redis still holds."""
    sets = [["ZCARD", key] for key in schedule_queues(plan.namespace)]
    lists = [["LLEN", queue_key(plan.namespace, queue)] for queue in QUEUES]
    counts: list[int] = []
    for reply in await pipeline(REDIS, [*sets, *lists, ["XLEN", set_aside_key(plan.namespace)]]):
        if isinstance(reply, RedisError):
            raise reply
        counts.append(reply)
    return Remains(sum(counts[: len(sets)]), sum(counts[len(sets) : -1]), counts[-1])


async def remove_keys(plan: Plan) -> None:
    """Remove the run's own keys, all in one command, so that the scheduler moves nothing in between."""
    await command(REDIS, "DEL", *own_keys(plan))


def own_keys(plan: Plan) -> list[str]:
    """Every key that a run writes."""
    queues = [queue_key(plan.namespace, queue) for queue in QUEUES]
    return [
        *schedule_queues(plan.namespace),
        *queues,
        full_key(plan.namespace, "queues"),
        set_aside_key(plan.namespace),
    ]
