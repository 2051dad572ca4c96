"""Jobs moved per second, all due at once, on a real Redis of the bench's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import redis

from actors import INFINITY, Node
from actors.exq import ConnectionOptions, Scheduler, SchedulerOptions
from actors.exq.scripts import SCHEDULER_DEQUEUE
from supervision import application
from supervision.application import TreeOptions
from supervision.demo.jobs import scheduled_job
from tests.bench.figure import Figure
from tests.bench.measure import interleaved
from tests.redis_server import RedisServer

JOBS: Final = 100_000
REPETITIONS: Final = 5

_NAMESPACE: Final = "bench"
_QUEUES: Final = ("default", "mailers", "billing", "reports")
_PAGE: Final = 1000
"""As the scheduler's own on a real Redis."""
_EXQ_PAGE: Final = 10
_DUE: Final = 1_700_000_000
_NEVER_BY_ITSELF: Final = 2**31

EXQ_ALGORITHM: Final = """
-- Exq's way to move a page, told in this project's own words: one job after the other, decode, take out, put in.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], 0, ARGV[1], 'LIMIT', 0, ARGV[2])
for i = 1, #due do
  local job = due[i]
  local queue = cjson.decode(job).queue
  redis.call('ZREM', KEYS[1], job)
  redis.call('SADD', ARGV[3] .. 'queues', queue)
  redis.call('LPUSH', ARGV[3] .. 'queue:' .. queue, job)
end
return #due
"""


def figure(scale: float = 1.0) -> Figure:
    """The scheduler as it runs, beside the same script in a bare loop, and beside Exq's algorithm in such a loop."""
    jobs = max(1, round(JOBS * scale))
    with RedisServer() as server, redis.Redis.from_url(server.url, protocol=2) as client, Node() as node:
        _put_template(client, jobs)
        name = _start_scheduler(node, server.url)

        def scheduler() -> int:
            moved: int = node.call(name, "dequeue", INFINITY)
            return moved

        samples = interleaved(
            {
                "Scheduler": lambda: _rate(client, jobs, scheduler),
                "its script in a bare loop (redis-py)": lambda: _rate(client, jobs, lambda: _bare_loop(client)),
                "Exq's algorithm (redis-py)": lambda: _rate(client, jobs, lambda: _exq_loop(client)),
            },
            REPETITIONS,
        )
        kind = client.info("server")["redis_version"]
    title = f"{jobs:,} jobs of about 250 bytes due at once, {len(_QUEUES)} queues, Redis {kind}"
    return Figure.of("moving", title, "jobs/s", samples)


def _start_scheduler(node: Node, url: str) -> str:
    options = TreeOptions(
        SchedulerOptions(namespace=_NAMESPACE, scheduler_poll_timeout=_NEVER_BY_ITSELF), ConnectionOptions(url=url)
    )
    node.start_tree(application.start_link, options)
    name = Scheduler.server_name()
    node.call(name, "dequeue")  # after its first poll, and connected
    return name


def _put_template(client: redis.Redis, jobs: int) -> None:
    for first in range(0, jobs, 1000):
        client.zadd("template", {_job(n): _DUE + n / 1000 for n in range(first, min(first + 1000, jobs))})


def _job(number: int) -> bytes:
    args = [number, {"email": f"user{number}@example.com", "note": "x" * 60}]
    due = _DUE + number / 1000
    return scheduled_job(f"7d0f9d9e-0000-4000-8000-{number:012}", _QUEUES[number % 4], "MyApp.WelcomeMail", args, due)


def _rate(client: redis.Redis, jobs: int, move: Callable[[], int]) -> float:
    """Jobs per second of one move of all; what was moved is checked."""
    queues = [f"{_NAMESPACE}:queue:{queue}" for queue in _QUEUES]
    schedule = f"{_NAMESPACE}:schedule"
    client.delete(*queues, f"{_NAMESPACE}:queues")
    client.copy("template", schedule, replace=True)
    started = time.perf_counter()
    moved = move()
    seconds = time.perf_counter() - started
    found = sum(int(_now(client.llen(queue))) for queue in queues)
    assert (moved, found, client.exists(schedule)) == (jobs, jobs, 0), f"moved {moved} of {jobs}, found {found}"
    return jobs / seconds


def _bare_loop(client: redis.Redis) -> int:
    """The scheduler's own script, a page after the other."""
    moved, now, kept = 0, repr(time.time()), 0
    sha = _loaded(client, SCHEDULER_DEQUEUE.source)
    while True:
        reply: list[Any] = _now(client.evalsha(sha, 1, f"{_NAMESPACE}:schedule", _PAGE, now, f"{_NAMESPACE}:", kept))
        examined, page, passed_over = reply[:3]
        moved += int(page)
        kept += passed_over
        if examined < _PAGE:
            return moved


def _exq_loop(client: redis.Redis) -> int:
    moved, now = 0, repr(time.time())
    sha = _loaded(client, EXQ_ALGORITHM)
    while True:
        page: int = _now(client.evalsha(sha, 1, f"{_NAMESPACE}:schedule", now, _EXQ_PAGE, f"{_NAMESPACE}:"))
        moved += page
        if page < _EXQ_PAGE:
            return moved


def _loaded(client: redis.Redis, source: str) -> str:
    return str(_now(client.script_load(source)))


def _now(reply: Any) -> Any:
    """redis-py types a reply as one that might be awaited."""
    return reply
