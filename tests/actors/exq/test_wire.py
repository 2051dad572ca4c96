"""The wire against a real server: order, batches, hangs, losses, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from actors.exq.transport_error import TransportError
from tests.actors.exq.transport_owner import (
    Owner,
    connected,
    longest_delay,
    run,
    scripted_server,
    texts,
    until,
)
from tests.redis_server import RedisServer

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def own() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


# ---- commands and replies


def test_replies_are_raw_and_errors_stand_in_their_place_with_their_whole_text(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            replies = await owner.submit(
                ["FLUSHALL"],
                ["SET", "k", "v"],
                ["GET", b"k"],
                ["GET", "none"],
                ["LPUSH", "k", 1],
                ["ZADD", "z", 1.5, "é"],
                ["ZRANGE", "z", 0, -1, "WITHSCORES"],
                ["EVALSHA", "f" * 40, 0],
                ["NOPE", b"\xff"],
                ["EVAL", "return {1, {'a', false, {err='ODD one'}}}", 0],
                ["PING"],
            )
            assert all(isinstance(replies[place], ResponseError) for place in (4, 7, 8))
            whole = texts(replies)
            whole[7] = str(whole[7]).removesuffix(" Please use EVAL.")  # Valkey's ends before it
            assert whole == [
                b"OK",
                b"OK",
                b"v",
                None,
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                1,
                ["é".encode(), b"1.5"],
                "NOSCRIPT No matching script.",
                "ERR unknown command 'NOPE', with args beginning with: '\ufffd' ",
                [1, [b"a", None, "ODD one"]],
                b"PONG",
            ]

    run(main())


@pytest.mark.parametrize(
    "text", ["LOADING later", "NOAUTH no", "MOVED 1 h:1", "ERR max number of clients reached", "READONLY x"]
)
def test_an_error_that_redis_py_would_act_upon_is_a_reply_like_any_other(shared: RedisServer, text: str) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            script = f"return {{err='{text}'}}"
            replies = await owner.submit(["EVAL", script, 0], ["MULTI"], ["EVAL", script, 0], ["EXEC"], ["PING"])
            assert texts(replies) == [text, b"OK", b"QUEUED", [text], b"PONG"]
            assert not owner.closes

    run(main())


def test_each_of_50_concurrent_callers_gets_its_own_replies(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:

            async def caller(number: int) -> None:
                for turn in range(200):
                    word = f"{number}:{turn}".encode()
                    assert await owner.submit(["ECHO", word], ["ECHO", b"b" + word]) == [word, b"b" + word]

            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(caller(number))

    run(main())


def test_replies_come_in_the_order_of_submission_and_never_from_within_submit(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            seen: list[int] = []
            waiters = []
            for number in range(500):
                waiter = owner.submit(["ECHO", str(number)])
                waiter.add_done_callback(lambda done: seen.append(int(done.result()[0])))
                assert not waiter.done()
                waiters.append(waiter)
            await asyncio.gather(*waiters)
            assert seen == list(range(500))

    run(main())


def test_a_refused_pipeline_leaves_nothing_half_queued(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            before = owner.submit(["ECHO", "before"])
            bad: Any = [["SET", "half", "done"], ["SET", "k", None]]
            with pytest.raises(TypeError):
                owner.submit(*bad)
            with pytest.raises(ValueError):
                owner.transport.submit([], before)
            assert await owner.ask("ECHO", "after") == b"after"
            assert before.result() == [b"before"]
            assert await owner.ask("EXISTS", "half") == 0

    run(main())


def test_a_callback_that_raises_costs_the_others_nothing(shared: RedisServer) -> None:
    async def main() -> None:
        problems: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
        async with connected(shared.url) as owner:
            gone = owner.submit(["PING"])
            gone.cancel()  # so that set_result raises
            assert await owner.ask("ECHO", "x") == b"x"
            assert [type(problem["exception"]) for problem in problems] == [asyncio.InvalidStateError]

    run(main())


def test_huge_values_and_replies_pass_whole_and_delay_nothing_for_long(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            blob = os.urandom(5_000_000)
            await owner.submit(["SET", "blob", blob], ["DEL", "list"], ["RPUSH", "list", *map(str, range(50_000))])
            replies: list[Any] = []

            async def ask() -> None:
                replies.extend(await owner.submit(["GET", "blob"], ["LRANGE", "list", 0, -1], ["PING"]))

            assert await longest_delay(ask()) < 0.1
            assert replies == [blob, [b"%d" % number for number in range(50_000)], b"PONG"]

    run(main())


def test_a_flood_of_small_replies_leaves_the_loop_its_turns(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            waiters = [owner.submit(*[["PING"]] * 100) for _ in range(500)]
            assert await longest_delay(asyncio.gather(*waiters)) < 0.1

    run(main())


# ---- opening


def test_database_user_password_and_name_of_the_url_are_used(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            await owner.submit(["ACL", "SETUSER", "ann", "on", ">p@ss", "~*", "+@all"], ["FLUSHALL"])
        host = shared.url.removeprefix("redis://")
        async with connected(f"redis://ann:p%40ss@{host}/3?client_name=exq") as owner:
            assert await owner.ask("ACL", "WHOAMI") == b"ann"
            await owner.ask("SET", "k", "v")
            info = (await owner.ask("CLIENT", "INFO")).decode()
            assert " name=exq " in info
            assert " db=3 " in info
            assert " resp=2" in info
        async with connected(f"unix://ann:p%40ss@{shared.socket_path}?db=3") as owner:
            assert await owner.submit(["ACL", "WHOAMI"], ["GET", "k"]) == [b"ann", b"v"]

    run(main())


def test_tls_is_spoken_and_an_unknown_certificate_is_refused(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out",
         str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip

    async def main() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.readline():
                if (await reader.readline(), await reader.readline()) == (b"$4\r\n", b"PING\r\n"):
                    writer.write(b"+PONG\r\n")
                else:
                    break
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        url = f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connected(f"{url}?ssl_ca_certs={certificate}") as owner:
            assert await owner.submit(["PING"], ["PING"]) == [b"PONG", b"PONG"]
            owner.submit(["BYE"])
            await owner.closed.wait()
            assert owner.closes[0][0].reason == "ssl_closed"
        with pytest.raises(TransportError) as caught:
            await Owner().open(url)
        assert caught.value.reason == "ssl_error"
        server.close()
        await server.wait_closed()

    run(main())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://{host}/99", "ERR DB index is out of range"),
        (
            "redis://:wrong@{host}",
            "ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?",
        ),
        ("redis://nobody:wrong@{host}", "WRONGPASS invalid username-password pair or user is disabled."),
        ("unix://nobody:wrong@{path}", "WRONGPASS invalid username-password pair or user is disabled."),
    ],
)
def test_what_the_server_refuses_is_permanent_and_said_in_its_words(shared: RedisServer, url: str, reason: str) -> None:
    async def main() -> None:
        full = url.format(host=shared.url.removeprefix("redis://"), path=shared.socket_path)
        with pytest.raises(TransportError) as caught:
            await Owner().open(full)
        assert (caught.value.reason, caught.value.permanent) == (reason, True)

    run(main())


def test_a_missing_password_shows_in_every_reply_and_a_missing_right_too() -> None:
    async def main(server: RedisServer) -> None:
        async with connected(server.url) as owner:
            assert texts([await owner.ask("PING")]) == ["NOAUTH Authentication required."]
        with pytest.raises(TransportError) as caught:
            await Owner().open(server.url + "/1")
        assert (caught.value.reason, caught.value.permanent) == ("NOAUTH Authentication required.", True)
        with pytest.raises(TransportError, match="WRONGPASS") as caught:
            await Owner().open(server.url.replace("//", "//:wrong@"))
        assert caught.value.permanent

    with RedisServer("--requirepass", "s3cret") as server:
        run(main(server))


def test_a_server_that_is_full_or_loading_is_worth_another_try() -> None:
    async def main() -> None:
        for text in ("ERR max number of clients reached", "LOADING Redis is loading the dataset in memory"):

            async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str = text) -> None:
                writer.write(f"-{text}\r\n".encode())

            async with scripted_server(refuse) as url:
                with pytest.raises(TransportError) as caught:
                    await Owner().open(url + "/1")
                assert (caught.value.reason, caught.value.permanent) == (text, False)

    run(main())


def test_no_server_no_socket_and_no_such_host_have_redix_s_reasons(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        async def main() -> None:
            for url, reason in [
                (f"redis://127.0.0.1:{port}", "econnrefused"),
                (f"redis://localhost:{port}", "econnrefused"),
                (f"unix://{tmp_path}/none.sock", "enoent"),
                ("redis://no-such-host.invalid", "nxdomain"),
            ]:
                with pytest.raises(TransportError) as caught:
                    await Owner().open(url)
                assert (caught.value.reason, caught.value.permanent) == (reason, False)

        run(main())


def test_a_server_that_accepts_and_then_hangs_is_given_up_in_time(own: RedisServer) -> None:
    async def main() -> None:
        own.hang()
        for url in (own.url + "/1", f"unix://{own.socket_path}?db=1"):
            with pytest.raises(TransportError) as caught:
                await Owner().open(url, connect_timeout=0.05)
            assert caught.value.reason == "timeout"

    run(main())


def test_opening_can_be_cancelled(own: RedisServer) -> None:
    async def main() -> None:
        own.hang()
        opening = asyncio.create_task(Owner().open(own.url + "/1"))
        await longest_delay(asyncio.sleep(0.01))
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    run(main())


# ---- losing it


def test_a_hung_server_delays_nothing_else_and_answers_when_it_wakes(own: RedisServer) -> None:
    async def main() -> None:
        async with connected(own.url) as owner:
            await owner.ask("SET", "n", 0)
            own.hang()
            waiters = [owner.submit(["INCR", "n"], ["ECHO", "x" * 1000]) for _ in range(20_000)]
            assert await longest_delay(asyncio.sleep(0.3)) < 0.1
            assert not any(waiter.done() for waiter in waiters)
            own.wake()
            assert [reply[0] for reply in await asyncio.gather(*waiters)] == list(range(1, 20_001))

    run(main())


def test_a_slow_command_makes_only_its_own_connection_wait(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as owner:
            slow = owner.submit(["DEBUG", "SLEEP", "0.6"])
            late = owner.submit(["PING"])
            assert await longest_delay(asyncio.wait([slow, late])) < 0.25
            assert (slow.result(), late.result()) == ([b"OK"], [b"PONG"])

    run(main())


def test_a_killed_server_is_told_once_with_those_who_waited_oldest_first(own: RedisServer) -> None:
    async def main() -> None:
        async with connected(own.url) as owner:
            answered = owner.submit(["PING"])
            await answered
            own.hang()
            waiters = [owner.submit(["INCR", "n"]) for _ in range(10)]
            own.kill()
            await owner.closed.wait()
            [(error, lost)] = owner.closes
            assert error.reason in {"tcp_closed", "econnreset", "epipe"}
            assert not error.permanent
            assert lost == waiters
            assert not any(waiter.done() for waiter in waiters)
            with pytest.raises(TransportError) as caught:
                owner.submit(["PING"])
            assert caught.value.reason == "closed"
            assert await owner.transport.aclose() == []
        assert len(owner.closes) == 1

    run(main())


@pytest.mark.parametrize(
    ("sent", "reason", "answered"),
    [
        (b"", "tcp_closed", 0),
        (b"+OK\r\n", "tcp_closed", 1),
        (b"+OK\r\n$10\r\nhal", "tcp_closed", 1),
        (b"+OK\r\n*2\r\n$1\r\na\r\n", "tcp_closed", 1),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol_error", 0),
        (b"+OK\r\n\x00\xff garbage \r\n", "protocol_error", 1),
        (b"*-5\r\n", "protocol_error", 0),
        (b"+OK\r\n" * 4, "protocol_error", 3),
    ],
)
def test_a_connection_cut_within_a_reply_or_garbage_loses_only_what_was_unanswered(
    sent: bytes, reason: str, answered: int
) -> None:
    async def main() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(3):
                await reader.readuntil(b"PING\r\n")
            writer.write(sent)
            await writer.drain()

        async with scripted_server(answer) as url, connected(url) as owner:
            waiters = [owner.submit(["PING"]) for _ in range(3)]
            await owner.closed.wait()
            assert [waiter.done() for waiter in waiters] == [place < answered for place in range(3)]
            [(error, lost)] = owner.closes
            assert (error.reason, lost) == (reason, waiters[answered:])

    run(main())


def test_a_reset_is_named_and_no_command_goes_out_twice() -> None:
    received = bytearray()

    async def main() -> None:
        async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received.extend(await reader.readuntil(b"n\r\n"))
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
            )
            writer.transport.abort()

        async with scripted_server(reset) as url, connected(url) as owner:
            waiter = owner.submit(["INCR", "n"])
            await owner.closed.wait()
            [(error, lost)] = owner.closes
            assert (error.reason, lost) == ("econnreset", [waiter])

    run(main())
    assert received == b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"


def test_a_connection_killed_while_more_is_being_submitted_never_comes_back(shared: RedisServer) -> None:
    async def main() -> None:
        async with connected(shared.url) as killer, connected(shared.url) as owner:
            await killer.ask("SET", "n", 0)
            number = await owner.ask("CLIENT", "ID")
            submitted = 0

            async def submit() -> None:
                nonlocal submitted
                while not owner.closes:
                    owner.submit(["INCR", "n"], ["ECHO", "x" * 10_000])
                    submitted += 1
                    await asyncio.sleep(0)

            submitting = asyncio.create_task(submit())
            await until(lambda: submitted > 10)
            await killer.ask("CLIENT", "KILL", "ID", number)
            await submitting
            assert len(owner.closes) == 1
            assert submitted >= int(await killer.ask("GET", "n"))
            assert str(number) not in (await killer.ask("CLIENT", "LIST", "TYPE", "NORMAL")).decode().split()

    run(main())


# ---- closing it


def test_closing_is_quiet_hands_back_who_waited_and_may_be_repeated(own: RedisServer) -> None:
    async def main() -> None:
        owner = Owner()
        await owner.open(own.url)
        own.hang()
        # more than the socket's buffers hold, so that the writer waits too
        waiters = [owner.submit(["SET", "k", b"x" * 5_000_000]) for _ in range(4)]
        assert await longest_delay(asyncio.sleep(0.05)) < 0.5
        async with asyncio.timeout(1):
            assert await owner.transport.aclose() == waiters
            assert await owner.transport.aclose() == []
        assert owner.transport.abort() == []
        assert owner.closes == []
        assert not any(waiter.done() for waiter in waiters)
        assert {task.get_name() for task in asyncio.all_tasks()} & {"redis-reader", "redis-writer"} == set()

    run(main())


def test_closing_right_after_opening_or_submitting_is_safe(shared: RedisServer) -> None:
    async def main() -> None:
        for submitted in (False, True):
            owner = Owner()
            await owner.open(shared.url)
            waiters = [owner.submit(["PING"])] if submitted else []
            assert await owner.transport.aclose() == waiters

    run(main())


def test_the_owner_may_close_from_within_its_callbacks(shared: RedisServer) -> None:
    class Closing(Owner):
        def on_reply(self, waiter: asyncio.Future[list[Any]], replies: list[Any]) -> None:
            super().on_reply(waiter, replies)
            self.left = self.transport.abort()

    async def main() -> None:
        owner = Closing()
        await owner.open(shared.url)
        first, second = owner.submit(["PING"]), owner.submit(["DEBUG", "SLEEP", "0"])
        assert await first == [b"PONG"]
        assert owner.left == [second]
        await owner.transport.aclose()
        assert owner.closes == []

    run(main())


def test_a_loop_that_ends_with_an_open_wire_leaves_no_socket_behind(shared: RedisServer) -> None:
    async def main() -> None:
        owner = Owner()
        await owner.open(shared.url)
        owner.submit(["PING"])

    run(main())  # any ResourceWarning is an error here
