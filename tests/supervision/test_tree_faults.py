"""The whole tree while everything it is made of is killed in turn: each job ends up in its live queue exactly once."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter

import pytest

from actors import Node, Pid, exit_process, is_alive, whereis
from actors.exq import ConnectionOptions, SchedulerOptions
from supervision.application import TreeOptions, start_link
from tests.redis_server import RedisServer

JOBS = 2000
SECONDS = 4.0
QUEUES = ("default", "mail", "low")


def member(number: int) -> bytes:
    fields = {"args": [number, "x" * 100], "queue": QUEUES[number % len(QUEUES)], "jid": f"j{number}", "class": "W"}
    return json.dumps(fields).encode()


def kill(name: str) -> None:
    pid = whereis(name)
    if pid is not None:
        exit_process(pid, "kill")


def live(server: RedisServer) -> dict[str, list[bytes]]:
    with server.client() as client:
        return {queue: client("LRANGE", f"exq:queue:{queue}", 0, -1) for queue in QUEUES}


@pytest.mark.redis
def test_killed_in_turn_scheduler_connection_and_server_lose_and_double_no_job() -> None:
    kills: Counter[str] = Counter()
    with RedisServer(appendonly=True) as server, Node() as node:
        options = TreeOptions(
            SchedulerOptions(scheduler_poll_timeout=20),
            ConnectionOptions(url=server.url, backoff_initial=20, backoff_max=50),
        )
        tree: Pid = node.start_tree(start_link, options)
        start = time.time() + 0.2
        due: dict[str, list[str | bytes]] = {"exq:schedule": [], "exq:retry": []}
        for number in range(JOBS):
            key = "exq:schedule" if number % 2 else "exq:retry"
            due[key] += [repr(start + number * SECONDS / JOBS), member(number)]
        with server.client() as client:
            for key, pairs in due.items():
                client("ZADD", key, *pairs)
        turn = 0
        while time.time() < start + SECONDS:
            what = ("scheduler", "connection", "server")[turn % 3]
            match what:
                case "scheduler":
                    node.run(kill, "Exq.Scheduler")
                case "connection":
                    node.run(kill, "Exq.Redis.Client")
                case _:
                    server.kill()
                    time.sleep(0.05)
                    server.start()
            kills[what] += 1
            turn += 1
            time.sleep(0.3)

        deadline = time.monotonic() + 15
        while sum(map(len, live(server).values())) < JOBS and time.monotonic() < deadline:
            time.sleep(0.05)
        assert node.run(is_alive, tree)
        found = live(server)
        with server.client() as client:
            assert client("EXISTS", "exq:schedule", "exq:retry", "exq:set_aside") == 0
            assert sorted(client("SMEMBERS", "exq:queues")) == sorted(map(str.encode, QUEUES))
    assert min(kills.values()) >= 3
    for which, queue in enumerate(QUEUES):
        assert Counter(found[queue]) == Counter(member(number) for number in range(which, JOBS, len(QUEUES)))


def test_the_tree_gives_up_when_its_restarts_are_used_up_and_says_so() -> None:
    with Node() as node:
        options = TreeOptions(SchedulerOptions(scheduler_poll_timeout=1), ConnectionOptions(url="embedded://gives-up"))
        tree = node.start_tree(start_link, options)
        ended = threading.Event()

        def wait() -> None:
            reasons.append(node.wait(20_000))
            ended.set()

        reasons: list[object] = []
        waiter = threading.Thread(target=wait)
        waiter.start()
        for _ in range(200):
            if ended.is_set():
                break
            node.run(kill, "Exq.Scheduler")
            time.sleep(0.005)
        waiter.join()
        assert reasons == ["shutdown"]
        assert not node.run(is_alive, tree)
        assert node.whereis("Exq.Redis.Client") is None
