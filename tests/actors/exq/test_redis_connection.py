"""The connection's process: replies, errors, hangs, losses, and what its callers hear."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from actors import (
    TIMEOUT,
    Down,
    Exit,
    ExitMessage,
    Pid,
    RedisConnectionError,
    RedisError,
    StartError,
    call,
    current,
    exit_process,
    is_alive,
    monitor,
    receive,
    send,
    spawn,
    spawn_link,
    stop,
    sys,
    trap_exit,
    whereis,
)
from actors.exq import ConnectionOptions, RedisConnection, command, pipeline
from supervision.application import TreeOptions
from supervision.application import start_link as start_tree
from tests.actors.exq.on_node import connect, on_node, pause, until
from tests.redis_server import RedisServer

SECRET = "s3cret-p4ss"


@pytest.fixture
def own() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


async def ask(to: Pid, redis: Pid | str, *arguments: Any) -> None:
    """Send a command, and tell `to` what came of it."""
    try:
        answer = await command(redis, *arguments, timeout=20_000)
    except RedisConnectionError as error:
        answer = error.reason
    send(to, ("answer", answer))


def why(error: Exit) -> object:
    """The first part of an exit's reason."""
    assert isinstance(error.reason, tuple)
    return error.reason[0]


async def answers(count: int) -> list[Any]:
    """What `ask` told, in the order in which it came."""
    return [(await receive(lambda one: one[0] == "answer", timeout=15_000))[1] for _ in range(count)]


async def responds(redis: Pid | str) -> bool:
    try:
        return bool(await command(redis, "PING") == b"PONG")
    except RedisConnectionError:
        return False


# ---- commands and replies


def test_replies_are_raw_and_an_error_stands_in_its_place(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        assert await command(redis, "SET", "k", "é") == b"OK"
        assert await command(redis, "GET", b"k") == "é".encode()
        assert await command(redis, "GET", "none") is None
        assert await command(redis, "INCRBY", "n", 5) == 5
        assert await command(redis, "ZADD", "z", 1.5, b"\xff\x00") == 1
        replies = await pipeline(
            redis,
            [["ZRANGE", "z", 0, -1, "WITHSCORES"], ["LPUSH", "k", "x"], ["GET", "n"], ["EVAL", "return {1,{'a'}}", 0]],
        )
        assert replies[0] == [b"\xff\x00", b"1.5"]
        assert type(replies[1]) is RedisError
        assert str(replies[1]) == "WRONGTYPE Operation against a key holding the wrong kind of value"
        assert replies[2:] == [b"5", [1, [b"a"]]]
        with pytest.raises(RedisError) as caught:
            await command(redis, "LPUSH", "k", "x")
        assert caught.value.message == "WRONGTYPE Operation against a key holding the wrong kind of value"
        with pytest.raises(RedisError, match=r"^NOSCRIPT "):
            await command(redis, "EVALSHA", "0" * 40, 0)

    on_node(main)


def test_what_cannot_be_sent_is_refused_where_it_is_called_and_harms_nothing(embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        wrong: list[tuple[type[Exception], str, Any]] = [
            (TypeError, "None", ["SET", "k", None]),
            (TypeError, "True", ["SET", "k", True]),
            (TypeError, "json.dumps", ["SET", "k", {"a": 1}]),
            (ValueError, "one word", ["CONFIG GET", "x"]),
            (ValueError, "needs a name", []),
            (ValueError, "BLPOP is refused", ["BLPOP", "k", 0]),
            (ValueError, "SUBSCRIBE is refused", ["subscribe", "k"]),
            (ValueError, "MONITOR is refused", [b"MONITOR"]),
            (ValueError, "MULTI is refused", ["MULTI"]),
            (ValueError, "SELECT is refused", ["SELECT", 1]),
        ]
        for kind, words, arguments in wrong:
            with pytest.raises(kind, match=words):
                await command(redis, *arguments)
        for kind, words, commands in [
            (TypeError, "a pipeline is a list", "PING"),
            (TypeError, "a command is a list", ["PING"]),
            (ValueError, "needs a command", []),
        ]:
            with pytest.raises(kind, match=words):
                await pipeline(redis, commands)
        assert await pipeline(redis, [["MULTI"], ["INCR", "n"], ["EXEC"]]) == [b"OK", b"QUEUED", [1]]

    on_node(main)


def test_an_error_inside_a_reply_is_ours_too(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        replies = await pipeline(redis, [["MULTI"], ["SET", "k", 1], ["LPUSH", "k", 1], ["INCR", "k"], ["EXEC"]])
        first, error, last = replies[-1]
        assert (first, last) == (b"OK", 2)
        assert type(error) is RedisError
        assert error.message.startswith("WRONGTYPE ")

    on_node(main)


def test_many_callers_at_once_each_get_their_own_reply(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        me = current()

        async def caller(number: int) -> None:
            for turn in range(10):
                text = f"{number}-{turn}".encode()
                assert await command(redis, "ECHO", text) == text
            send(me, "done")

        for number in range(50):
            spawn_link(caller, number)
        for _ in range(50):
            assert await receive(timeout=10_000) == "done"

    on_node(main)


@pytest.mark.redis
def test_socket_database_and_client_name_of_the_url_are_used(real_redis_url: str, redis_server: RedisServer) -> None:
    async def main() -> None:
        redis = await connect(f"unix://{redis_server.socket_path}?db=3&client_name=mine")
        assert await command(redis, "CLIENT", "GETNAME") == b"mine"
        await command(redis, "SET", "k", "v")
        other = await connect(f"{real_redis_url}/3")
        assert await command(other, "GET", "k") == b"v"
        assert await command(await connect(real_redis_url), "GET", "k") is None

    on_node(main)


# ---- hangs and losses


@pytest.mark.redis
def test_a_timeout_is_the_callers_own_and_a_late_reply_is_nobody_elses(own: RedisServer) -> None:
    async def main() -> None:
        redis = await connect(own.url)
        await command(redis, "SET", "k", "late")
        own.hang()
        with pytest.raises(RedisConnectionError) as caught:
            await command(redis, "GET", "k", timeout=50)
        assert caught.value.reason == "timeout"
        spawn(ask, current(), redis, "ECHO", "mine")
        await pause(50)
        own.wake()
        assert await answers(1) == [b"mine"]
        assert await command(redis, "ECHO", "next") == b"next"
        assert await receive(timeout=20) is TIMEOUT  # no late reply in the mailbox
        assert await pipeline(redis, [["ECHO", "a"], ["ECHO", "b"]]) == [b"a", b"b"]

    on_node(main)


@pytest.mark.redis
def test_a_hung_server_holds_up_no_other_process(own: RedisServer) -> None:
    gaps: list[float] = []

    async def tick() -> None:
        before = time.monotonic()
        while True:
            await pause(1)
            gaps.append(time.monotonic() - before)
            before = time.monotonic()

    async def main() -> None:
        redis = await connect(own.url)
        await command(redis, "PING")
        spawn_link(tick)
        own.hang()
        for number in range(20):
            spawn(ask, current(), redis, "ECHO", number)
        await pause(1200)
        own.wake()
        assert await answers(20) == [str(number).encode() for number in range(20)]

    on_node(main)
    assert len(gaps) > 200
    assert max(gaps) < 0.25


@pytest.mark.redis
def test_a_killed_server_is_told_to_who_waits_and_who_asks_and_the_process_lives(
    own: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "actors.exq")

    async def main() -> None:
        redis = await connect(own.url, backoff_initial=40, backoff_max=100)
        await command(redis, "SET", "k", "v")
        own.hang()
        for _ in range(3):
            spawn(ask, current(), redis, "GET", "k")
        await pause(50)
        own.kill()
        assert await answers(3) == ["disconnected"] * 3
        heard = set()
        for _ in range(60):
            try:
                await command(redis, "GET", "k")
            except RedisConnectionError as error:
                heard.add(error.reason)
            await pause(5)
        assert heard == {"closed"}
        assert is_alive(redis)
        own.start()
        await until(lambda: responds(redis))
        assert await command(redis, "SET", "k", "w") == b"OK"

    on_node(main)
    pauses = [record.__dict__["backoff"] for record in caplog.records if hasattr(record, "backoff")]
    assert pauses[:4] == [40, 60, 90, 100]
    assert set(pauses[4:]) <= {100}
    assert [one for one in caplog.messages if one.startswith("Connected")] == [f"Connected to Redis ({own.url}/0)"] * 2


@pytest.mark.redis
def test_no_command_runs_twice(own: RedisServer) -> None:
    async def main() -> None:
        redis = await connect(own.url, backoff_initial=5, backoff_max=20)
        killer = await connect(own.url)
        sent = confirmed = 0
        counts = []
        for turn in range(60):
            if turn % 5 == 4:
                spawn(ask, current(), killer, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try:
                for one in await pipeline(redis, [["INCR", "n"], ["INCR", "n"]]):
                    counts.append(one)
                    confirmed += 1
                sent += 2
            except RedisConnectionError as error:
                sent += 2 if error.reason == "disconnected" else 0
                await until(lambda: responds(redis))
            await pause(1)
        await until(lambda: responds(redis))
        total = int(await command(redis, "GET", "n"))
        assert confirmed <= total <= sent
        assert len(set(counts)) == len(counts)
        before = total
        for number in range(50):  # all confirmed: each ran once
            assert await command(redis, "INCR", "n") == before + number + 1

    on_node(main)


@pytest.mark.redis
def test_requests_wait_while_the_first_connection_is_made(own: RedisServer) -> None:
    async def main() -> None:
        own.hang()  # the kernel accepts; nothing answers SELECT
        redis = await connect(f"{own.url}/1")
        spawn(ask, current(), redis, "ECHO", "patient")
        await pause(100)
        own.wake()
        assert await answers(1) == [b"patient"]

    on_node(main)


def test_with_no_server_the_process_and_the_tree_stay_up_and_try_on(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as nobody:  # bound, and listens to nothing
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}"

        async def main() -> None:
            trap_exit(True)
            options = TreeOptions(redis=ConnectionOptions(url=url, backoff_initial=10, backoff_max=20))
            tree = await start_tree(options)
            assert tree is not None
            redis, scheduler = whereis("Exq.Redis.Client"), whereis("Exq.Scheduler")
            await pause(600)
            assert (whereis("Exq.Redis.Client"), whereis("Exq.Scheduler")) == (redis, scheduler)
            with pytest.raises(RedisConnectionError):
                await command("Exq.Redis.Client", "PING")
            await stop(tree)

        on_node(main)
    assert sum("trying again in 20 ms" in one for one in caplog.messages) > 5
    assert any("Error dequeueing jobs from scheduler queue exq:schedule" in one for one in caplog.messages)
    assert "econnrefused" in caplog.text


# ---- ends


@pytest.mark.redis
def test_stopped_or_killed_it_closes_its_socket_and_who_waits_hears_of_it(own: RedisServer) -> None:
    async def clients() -> int:
        with own.client() as client:
            return int(client("CLIENT", "LIST").count(b"name=watched"))

    async def waiting(to: Pid, redis: Pid) -> None:
        try:
            await command(redis, "GET", "k")
        except Exit as error:
            send(to, ("answer", why(error)))
        except RedisConnectionError as error:
            send(to, ("answer", error.reason))

    async def ends(reason: str) -> Any:
        redis = await RedisConnection.start(f"{own.url}?client_name=watched")
        assert redis is not None
        await command(redis, "PING")
        assert await clients() == 1
        own.hang()
        spawn(waiting, current(), redis)
        await pause(30)
        monitor(redis)
        if reason == "stop":
            await stop(redis)
        else:
            exit_process(redis, reason)
        down = await receive(lambda one: isinstance(one, Down), timeout=1000)
        [heard] = await answers(1)
        own.wake()

        async def gone() -> bool:
            return await clients() == 0

        await until(gone)
        with pytest.raises(Exit) as caught:
            await command(redis, "PING")
        assert why(caught.value) == "noproc"
        return down.reason, heard

    async def main() -> None:
        assert await ends("kill") == ("killed", "killed")
        assert await ends("stop") == ("normal", "disconnected")

    on_node(main)


@pytest.mark.redis
def test_a_wrong_password_ends_it_and_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main(url: str) -> None:
        trap_exit(True)
        redis = await connect(url.replace("//", f"//:{SECRET}@"))
        message = await receive(lambda one: isinstance(one, ExitMessage), timeout=5000)
        assert message.pid == redis
        why, text = message.reason
        assert why == "redis_error"
        assert text.startswith("WRONGPASS ")

    with RedisServer("--requirepass", "another") as server:
        on_node(lambda: main(server.url))
    assert "giving up" in caplog.text
    assert "*****" in caplog.text
    assert SECRET not in caplog.text
    assert not any(SECRET in repr(record.__dict__) for record in caplog.records)


@pytest.mark.redis
def test_the_password_is_in_no_state_status_or_options(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main(url: str) -> None:
        options = ConnectionOptions(url=url)
        redis = await connect(url)
        assert await command(redis, "PING") == b"PONG"
        shown = [options, RedisConnection.child_spec(options), await sys.get_state(redis), await sys.get_status(redis)]
        for one in shown:
            assert SECRET not in repr(one)
            assert SECRET not in str(one)
        assert "*****" in repr(options)

    with RedisServer("--requirepass", SECRET) as server:
        on_node(lambda: main(server.url.replace("//", f"//:{SECRET}@")))
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        f"redis://:{SECRET}@127.0.0.1:no/0",
        f"http://user:{SECRET}@host/",
        {"url": f"redis://u:{SECRET}@127.0.0.1/0/x"},
        {"url": "redis://h", "backoff_initial": 0},
        {"url": "redis://h", "backoff_max": True},
        {"url": "redis://h", "connect_timeout": 1.5},
        {"url": "redis://h", "colour": "red"},
        17,
    ],
)
def test_bad_options_say_what_is_accepted_and_never_the_password(options: Any) -> None:
    async def main() -> None:
        for start in (RedisConnection.start_link, RedisConnection.start):
            with pytest.raises((ValueError, TypeError)) as caught:
                await start(options)
            assert SECRET not in str(caught.value)
            assert len(str(caught.value)) > 20
        with pytest.raises((ValueError, TypeError)):
            RedisConnection.child_spec(options)

    on_node(main)


def test_a_name_is_registered_and_taken_once(embedded_url: str) -> None:
    async def main() -> None:
        redis = await RedisConnection.start({"url": embedded_url, "name": "Redis"})
        assert whereis("Redis") == redis
        assert await command("Redis", "PING") == b"PONG"
        with pytest.raises(StartError) as caught:
            await RedisConnection.start(embedded_url, name="Redis")
        assert caught.value.reason == ("already_started", redis)

    on_node(main)


def test_junk_does_not_end_it(embedded_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        send(redis, "junk")
        send(redis, "reconnect")
        await call(redis, "junk")
        assert await command(redis, "PING") == b"PONG"

    on_node(main)
    assert "junk" in caplog.text


def test_tasks_of_a_process_may_ask_at_the_same_time(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        replies = await asyncio.gather(*(command(redis, "ECHO", number) for number in range(20)))
        assert replies == [str(number).encode() for number in range(20)]

    on_node(main)
