"""The command: a program of its own, told by signals to stop, even in the middle of a large move."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-p4ss"


class Program:
    """`python -m supervision …`, running, with what it wrote."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXQ_", "REDIS_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervision", *arguments],
            cwd=ROOT, env={**kept, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def line_with(self, text: str) -> str:
        """Wait for the next line that has the text."""
        assert self.process.stdout is not None
        return next(line for line in self.process.stdout if text in line)

    def end(self, signal_: signal.Signals | None = None, seconds: float = 20) -> tuple[int, str]:
        """Send the signal, if any; the exit status, and all that was written."""
        if signal_ is not None:
            self.process.send_signal(signal_)
        written, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, written


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[Program]:
    running = Program(*arguments, **environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def length(server: RedisServer, key: str) -> int:
    with server.client() as client:
        kind = client("TYPE", key)
        return int(client("ZCARD" if kind == b"zset" else "LLEN", key))


def fill(server: RedisServer, count: int, key: str = "exq:schedule", batch: int = 5000) -> None:
    with server.client() as client:
        for start in range(0, count, batch):
            numbers = range(start, min(start + batch, count))
            client("ZADD", key, *[part for n in numbers for part in (n, f'{{"args":[],"queue":"q","jid":"{n}"}}')])


@pytest.mark.redis
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_moves_jobs_says_where_it_is_and_stops_when_told(told: signal.Signals) -> None:
    with RedisServer("--requirepass", SECRET) as server:
        url = server.url.replace("//", f"//:{SECRET}@")
        with server.client(SECRET) as client:
            client("ZADD", "mine:retry", 1, '{"queue":"q","jid":"1"}')
            arguments = ["scheduler", "--redis", url, "--namespace", "mine", "--poll-timeout", "50", "--name", "My"]
            with program(*arguments) as running:
                until(lambda: client("LLEN", "mine:queue:q") == 1)
                status, written = running.end(told)
    assert status == 0, written
    assert f"Connected to Redis (redis://:*****@127.0.0.1:{server.port}/0)" in written
    assert "Moved 1 due job from mine:retry (q 1)" in written
    assert "Scheduler My runs: polling mine every 50 ms" in written
    assert f"{told.name}: stopping" in written
    assert written.rstrip().endswith("Stopped")
    assert SECRET not in written
    assert "Traceback" not in written


@pytest.mark.redis
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_in_the_middle_of_a_large_move_it_leaves_nothing_half_moved(
    told: signal.Signals, real_redis_url: str, redis_server: RedisServer
) -> None:
    count = 100_000
    members = Counter(f'{{"args":[],"queue":"q","jid":"{n}"}}'.encode() for n in range(count))
    left: list[bytes] = []
    for _ in range(4):  # a machine that is busy elsewhere may tell it too late
        with redis_server.client() as client:
            client("FLUSHALL")
        fill(redis_server, count)
        with program("scheduler", "--redis", real_redis_url) as running:
            until(lambda: length(redis_server, "exq:queue:q") > 0)
            status, written = running.end(told)
        assert status == 0, written
        assert "Traceback" not in written
        with redis_server.client() as client:
            live = client("LRANGE", "exq:queue:q", 0, -1)
            left = client("ZRANGE", "exq:schedule", 0, -1)
        assert Counter(live + left) == members
        if left:
            break
    assert 0 < len(left) < count


@pytest.mark.redis
def test_the_environment_gives_the_same_options(real_redis_url: str, redis_server: RedisServer) -> None:
    fill(redis_server, 3, "other:schedule")
    environment = {
        "REDIS_URL": real_redis_url,
        "EXQ_NAMESPACE": "other",
        "EXQ_POLL_TIMEOUT": "77",
        "EXQ_NAME": "Env",
        "EXQ_LOG_LEVEL": "info",
    }
    with program("scheduler", **environment) as running:
        until(lambda: length(redis_server, "other:queue:q") == 3)
        status, written = running.end(signal.SIGTERM)
    assert status == 0
    assert "Scheduler Env runs: polling other every 77 ms" in written
    with program("scheduler", "--namespace", "", **environment) as running:  # an option wins; "" is no namespace
        fill(redis_server, 2, "schedule")
        until(lambda: length(redis_server, "queue:q") == 2)
        assert running.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--redis", f"http://:{SECRET}@h/"], "none of the accepted schemes"),
        (["--redis", f"redis://:{SECRET}@h:x/0"], "port"),
        (["--redis", ""], "empty"),
        (["--poll-timeout", "soon"], "soon"),
        (["--poll-timeout", "-1"], "-1"),
        (["--name", ""], "name must be a non-empty str"),
        (["--log-level", "loud"], "loud"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_bad_options_end_it_with_2_and_a_clear_text(arguments: list[str], words: str) -> None:
    with program("scheduler", *arguments) as running:
        status, written = running.end()
    assert status == 2
    assert words in written
    assert SECRET not in written
    assert "Traceback" not in written


@pytest.mark.redis
def test_when_the_tree_gives_up_it_ends_with_1_and_the_reason() -> None:
    with (
        RedisServer("--requirepass", SECRET) as server,
        program("scheduler", "--redis", server.url.replace("//", "//:wrong-one@")) as running,
    ):
        status, written = running.end()
    assert status == 1, written
    assert "WRONGPASS" in written
    assert "The tree gave up with reason 'shutdown'" in written
    assert "wrong-one" not in written


def test_with_no_redis_it_stays_up_tries_on_and_stops_when_told() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with program("scheduler", "--redis", f"redis://127.0.0.1:{nobody.getsockname()[1]}") as running:
            for _ in range(2):  # it has tried, and tried on
                assert "Failed to connect to Redis" in running.line_with("trying again in")
            assert running.process.poll() is None
            status, _ = running.end(signal.SIGTERM)
    assert status == 0


def test_an_empty_namespace_in_the_environment_is_none() -> None:
    with program("scheduler", REDIS_URL="embedded://", EXQ_NAMESPACE="") as running:
        assert "polling (no namespace) every 200 ms" in running.line_with("Scheduler Exq runs")
        assert running.end(signal.SIGTERM)[0] == 0


def test_help_and_version_say_what_there_is() -> None:
    with program("scheduler", "--help") as running:
        status, written = running.end()
    assert status == 0
    for option in ("--redis", "--namespace", "--poll-timeout", "REDIS_URL", "EXQ_NAMESPACE", "EXQ_POLL_TIMEOUT"):
        assert option in written
