"""fakeredis as a transport: the same replies as a server's, and the loop keeps turning."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from actors.exq.transport_error import TransportError
from tests.actors.exq.transport_owner import Owner, connected, longest_delay, run, texts
from tests.redis_server import RedisServer

MOVE = "redis.call('LPUSH', KEYS[2], ARGV[1]) return redis.call('ZREM', KEYS[1], ARGV[1])"
SAME: list[list[Any]] = [
    ["FLUSHALL"],
    ["SET", "k", "v"],
    ["SET", "k", "w", "NX"],
    ["GET", "k"],
    ["GET", "none"],
    ["TYPE", "k"],
    ["EXISTS", "k", "none"],
    ["LPUSH", "k", 1],
    ["LPUSH", "l", "a", b"\xff\x00", ""],
    ["LRANGE", "l", 0, -1],
    ["SADD", "queues", "default"],
    ["SMEMBERS", "queues"],
    ["SMEMBERS", "none"],
    ["HSET", "h", "a", 1, "b", "2"],
    ["HGETALL", "h"],
    ["ZADD", "z", 1.5, "m", 3, "n", "1700000000.123456", "o"],
    ["ZRANGE", "z", 0, -1, "WITHSCORES"],
    ["ZRANGEBYSCORE", "z", 0, "1.5", "WITHSCORES", "LIMIT", 0, 10],
    ["ZSCORE", "z", "o"],
    ["ZSCORE", "z", "none"],
    ["ZCARD", "z"],
    ["ZINCRBY", "z", 1, "m"],
    ["ZADD", "z", "x", "m"],
    ["XADD", "s", "1-1", "member", b"\xff", "set", "retry"],
    ["XRANGE", "s", "-", "+"],
    ["XLEN", "s"],
    ["XADD", "s", "0-0", "a", "b"],
    ["EVAL", MOVE, 2, "z", "queue:default", "m"],
    ["SCRIPT", "LOAD", "return {1, {'a', false, 2.7, {ok='FINE'}, {err='ODD one'}}, ARGV[1]}"],
    ["EVALSHA", "26ae2b0b4f8c0f4bb0b9b53e6b1f0b0000000000", 0],
    ["EVAL", "return redis.call('INCR', 'l')", 0],
    ["EVAL", "return redis.pcall('INCR', 'l')", 0],
    ["GET"],
    ["INCR", "k"],
    ["MULTI"],
    ["LPUSH", "z", 1],
    ["SET", "q", 1],
    ["EXEC"],
    ["EXEC"],
    ["PING"],
    ["ECHO", "é"],
    ["EXPIRE", "k", 100],
    ["DEL", "k", "none"],
    ["PTTL", "none"],
    ["DBSIZE"],
    ["SCAN", 0, "COUNT", 100, "MATCH", "queues"],
    ["SET", "k"],
    ["NOPE", "x"],
]  # fmt: skip
WORDS_DIFFER = {"EVAL", "EVALSHA", "NOPE"}  # the same error code, another text behind it


@pytest.mark.redis
def test_replies_are_those_of_a_real_server_byte_for_byte_and_type_for_type() -> None:
    async def replies(url: str) -> list[object]:
        async with connected(url) as owner:
            sha = (await owner.submit(*SAME))[28]
            return texts([*await owner.submit(*SAME), await owner.ask("EVALSHA", sha, 0, "x")])

    with RedisServer() as server:
        real = run(replies(server.url))
    fake = run(replies("embedded://"))
    for command, expected, got in zip([*SAME, ["EVALSHA"]], real, fake, strict=True):
        if command[0] in WORDS_DIFFER and isinstance(expected, str):
            assert isinstance(got, str), command
            assert got.split()[0] == expected.split()[0], command
        elif command[0] == "SCAN":
            assert expected[1] == got[1], command  # type: ignore[index]
        else:
            assert repr(got) == repr(expected), command


def test_replies_never_come_from_within_submit_and_keep_their_order() -> None:
    async def main() -> None:
        async with connected("embedded://") as owner:
            seen: list[int] = []
            waiters = []
            for number in range(200):
                waiter = owner.submit(["ECHO", str(number)], ["PING"])
                waiter.add_done_callback(lambda done: seen.append(int(done.result()[0])))
                assert not waiter.done()
                waiters.append(waiter)
            await asyncio.gather(*waiters)
            assert seen == list(range(200))

    run(main())


def test_many_commands_at_once_leave_the_loop_its_turns() -> None:
    async def main() -> None:
        async with connected("embedded://") as owner:
            waiters = [owner.submit(*[["SET", "k", "v"]] * 20_000), owner.submit(["PING"])]
            assert await longest_delay(asyncio.gather(*waiters)) < 0.25

    run(main())


def test_a_private_server_is_each_connection_s_own_and_a_named_one_is_shared_for_good() -> None:
    async def main() -> None:
        async with connected("embedded://") as one, connected("embedded://") as two:
            await one.ask("SET", "k", 1)
            assert await two.ask("GET", "k") is None
        async with connected("embedded://") as again:
            assert await again.ask("GET", "k") is None
        async with (
            connected("embedded://test-shared") as one,
            connected("embedded://test-shared?db=1") as other,
        ):
            await one.ask("SET", "k", 1)
            assert await other.ask("GET", "k") is None
        async with connected("embedded://test-shared") as again, connected("embedded://test-other") as other:
            assert await again.ask("GET", "k") == b"1"
            assert await other.ask("GET", "k") is None
            assert await again.ask("FLUSHALL") == b"OK"

    run(main())
    run(main())  # also on another loop


def test_a_refused_pipeline_leaves_nothing_half_queued() -> None:
    async def main() -> None:
        async with connected("embedded://") as owner:
            bad: Any = [["SET", "half", "done"], ["SET", "k", None]]
            with pytest.raises(TypeError):
                owner.submit(*bad)
            assert await owner.ask("EXISTS", "half") == 0

    run(main())


def test_closing_hands_back_who_waited_and_refuses_what_comes_after() -> None:
    async def main() -> None:
        owner = Owner()
        await owner.open("embedded://")
        waiters = [owner.submit(["PING"]), owner.submit(["PING"])]
        assert await owner.transport.aclose() == waiters
        assert await owner.transport.aclose() == []
        with pytest.raises(TransportError) as caught:
            owner.submit(["PING"])
        assert caught.value.reason == "closed"
        await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        assert owner.closes == []

    run(main())


def test_the_owner_may_submit_and_close_from_within_its_callback() -> None:
    class Closing(Owner):
        def on_reply(self, waiter: asyncio.Future[list[Any]], replies: list[Any]) -> None:
            super().on_reply(waiter, replies)
            self.submit(["PING"])
            self.left = self.transport.abort()

    async def main() -> None:
        owner = Closing()
        await owner.open("embedded://")
        first, second = owner.submit(["PING"]), owner.submit(["PING"])
        assert await first == [b"PONG"]
        assert owner.left[0] is second
        assert len(owner.left) == 2

    run(main())


def test_a_callback_that_raises_costs_the_others_nothing() -> None:
    async def main() -> None:
        problems: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
        async with connected("embedded://") as owner:
            owner.submit(["PING"]).cancel()
            assert await owner.ask("ECHO", "x") == b"x"
            assert [type(problem["exception"]) for problem in problems] == [asyncio.InvalidStateError]

    run(main())


def test_a_command_that_fakeredis_fails_on_costs_the_next_ones_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with connected("embedded://") as owner:
            await owner.ask("SET", "k", "v")

            def fail(*_args: object) -> None:
                raise RecursionError("too deep")

            monkeypatch.setattr("fakeredis._socket.FakeSocket.get", fail)
            replies = texts(await owner.submit(["GET", "k"], ["SET", "k", "w"], ["GET", "k"], ["STRLEN", "k"]))
            error = "ERR fakeredis could not run the command: RecursionError: too deep"
            assert replies == [error, b"OK", error, 1]

    run(main())


def test_fakeredis_is_imported_only_where_it_is_used() -> None:
    program = "import actors.exq.transport, sys; sys.exit('fakeredis' in sys.modules or 'lupa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
