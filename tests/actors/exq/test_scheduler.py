"""The scheduler's process: when it polls, what it answers, and what it lets pass."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import (
    TIMEOUT,
    ExitMessage,
    ManualClock,
    NoReply,
    Ok,
    Pid,
    Reply,
    StartError,
    call,
    cast,
    current,
    exit_process,
    is_alive,
    receive,
    send,
    stop,
    sys,
    trap_exit,
    whereis,
)
from actors.exq import (
    ConnectionOptions,
    Scheduler,
    SchedulerOptions,
    SchedulerState,
    command,
    dequeue_pass,
    job_queue,
    redis_client_name,
    redis_connection,
    top_supervisor,
)
from actors.exq import scheduler as scheduler_module
from actors.exq.dequeue_pass import Pass
from supervision.application import TreeOptions
from supervision.application import start_link as start_tree
from tests.actors.exq.on_node import connect, job, on_node, pause, until, whole_state

WALL = 1_764_000_000.0


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ManualClock], list[int]]]:
    """Polls without a Redis: gives the list of the times, in ms of a clock, at which they came."""
    clocks: list[ManualClock] = []
    times: list[int] = []

    async def dequeue_passes(redis: Any, namespace: Any, max_score: Any = None, *, pass_over: Any = None) -> list[Pass]:
        times.append(round(clocks[0].monotonic() * 1000))
        return [Pass("exq:schedule"), Pass("exq:retry")]

    monkeypatch.setattr(scheduler_module, "dequeue_passes", dequeue_passes)

    def on(clock: ManualClock) -> list[int]:
        clocks.append(clock)
        return times

    yield on
    assert clocks


async def start(redis: Pid | str = "nobody", **options: Any) -> Pid:
    pid = await Scheduler.start_link(SchedulerOptions(redis=redis, **options))
    assert pid is not None
    return pid


# ---- when it polls


def test_the_first_poll_comes_at_once_and_the_next_after_each_poll_timeout(
    polls: Callable[[ManualClock], list[int]],
) -> None:
    clock = ManualClock(jumps=True)
    times = polls(clock)

    async def main() -> None:
        await start()
        await pause(1100)

    on_node(main, clock)
    assert times == [0, 200, 400, 600, 800, 1000]


def test_asking_for_a_poll_brings_it_at_once_and_the_next_after_the_poll_timeout(
    polls: Callable[[ManualClock], list[int]],
) -> None:
    clock = ManualClock(jumps=True)
    times = polls(clock)

    async def main() -> None:
        scheduler = await start(scheduler_poll_timeout=100)
        await pause(50)
        Scheduler.start_timeout(scheduler)
        await pause(30)  # 80
        send(scheduler, TIMEOUT)
        await pause(30)  # 110
        assert await call(scheduler, "dequeue") == 0
        await pause(30)  # 140
        Scheduler.start_timeout("Exq.Scheduler")
        await pause(110)  # 250

    on_node(main, clock)
    assert times == [0, 50, 80, 110, 140, 240]


def test_junk_is_logged_ends_nothing_and_moves_no_poll(
    polls: Callable[[ManualClock], list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(jumps=True)
    times = polls(clock)

    async def main() -> None:
        scheduler = await start()
        await pause(150)
        send(scheduler, "a strange message")
        cast(scheduler, "a strange cast")
        assert await call(scheduler, "a strange call") == ("error", ("unknown_request", "a strange call"))
        await pause(100)
        assert is_alive(scheduler)

    on_node(main, clock)
    assert times == [0, 200]
    for what in ("message", "cast", "call"):
        assert sum(f"a strange {what}" in one for one in caplog.messages) == 1


@pytest.mark.parametrize("what", ["messages", "casts", "calls", "get_state", "get_status", "mixed"])
def test_steady_mail_puts_no_poll_off(what: str, polls: Callable[[ManualClock], list[int]]) -> None:
    clock = ManualClock(jumps=True)
    times = polls(clock)

    async def main() -> None:
        scheduler = await start()
        for turn in range(200):
            match ["messages", "casts", "calls", "get_state", "get_status"][turn % 5] if what == "mixed" else what:
                case "messages":
                    send(scheduler, ("junk", turn))
                case "casts":
                    cast(scheduler, ("junk", turn))
                case "calls":
                    await call(scheduler, ("junk", turn))
                case "get_state":
                    await sys.get_state(scheduler)
                case _:
                    await sys.get_status(scheduler)
            await pause(10)

    on_node(main, clock)
    assert len(times) in (10, 11)
    assert all(200 <= after - before <= 210 for before, after in itertools.pairwise(times)), times


def test_suspended_it_polls_not_and_resumed_it_polls_soon(polls: Callable[[ManualClock], list[int]]) -> None:
    clock = ManualClock(jumps=True)
    times = polls(clock)

    async def main() -> None:
        scheduler = await start()
        await pause(100)
        await sys.suspend(scheduler)
        await pause(500)
        await sys.resume(scheduler)
        await pause(250)

    on_node(main, clock)
    assert times[0] == 0
    assert len([one for one in times if 600 <= one <= 800]) >= 1
    assert not [one for one in times if 100 < one < 600]


def test_a_poll_timeout_of_0_lets_others_have_their_turn(embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        scheduler = await start(redis, scheduler_poll_timeout=0)
        await command(redis, "ZADD", "exq:retry", 1, job(1))

        async def moved() -> bool:
            return bool(await command(redis, "LLEN", "exq:queue:default") == 1)

        await until(moved)
        await stop(scheduler)

    on_node(main)


# ---- its callbacks


def test_the_callbacks_return_what_exqs_return(embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        options = SchedulerOptions(redis=redis, namespace="n", queues=["a", "b"], scheduler_poll_timeout=321)
        server = Scheduler()
        started = await server.init(options)
        assert isinstance(started, Ok)
        state = started.state
        assert state == SchedulerState(redis, "n", ["a", "b"], 321)
        cast_to_itself = await receive(timeout=0)  # this test is the process that init ran in
        assert cast_to_itself is not TIMEOUT
        assert "start_timeout" in repr(cast_to_itself)
        await command(redis, "ZADD", "n:schedule", 1, job(1))
        for result in (
            await server.handle_cast("start_timeout", state),
            await server.handle_info(TIMEOUT, state),
        ):
            assert isinstance(result, NoReply)
            assert (result.state, result.next) == (state, 321)
        assert await command(redis, "LLEN", "n:queue:default") == 1
        await command(redis, "ZADD", "n:retry", 1, job(2))
        assert await Scheduler.dequeue(state) == (state, 321)
        assert await server.dequeue(state) == (state, 321)
        await command(redis, "ZADD", "n:retry", 1, job(3), 2, job(4))
        reply = await server.handle_call("dequeue", None, state)  # type: ignore[arg-type]  # who asks is not used
        assert isinstance(reply, Reply)
        assert (reply.value, reply.state, reply.next) == (2, state, 321)
        for junk in (await server.handle_info("junk", state), await server.handle_cast("junk", state)):
            assert isinstance(junk, NoReply)
            assert isinstance(junk.next, int)

    on_node(main)


def test_what_is_due_is_moved_when_it_is_due(embedded_url: str) -> None:
    clock = ManualClock(WALL, jumps=True)

    async def main() -> None:
        redis = await connect(embedded_url)
        await start(redis)
        for ms in (0, 150, 190, 210, 990, 4990):
            await command(redis, "ZADD", "exq:schedule", repr(WALL + ms / 1000), job(ms))
        seen = []
        await pause(25)
        for _ in range(12):
            await pause(50)
            seen.append(await command(redis, "LLEN", "exq:queue:default"))
        assert seen == [1, 1, 1, 3, 3, 3, 3, 4, 4, 4, 4, 4]  # at 75, 125 … 625 ms
        await pause(400)
        assert await command(redis, "LLEN", "exq:queue:default") == 5
        await pause(4500)
        assert await command(redis, "LLEN", "exq:queue:default") == 6

    on_node(main, clock)


def test_now_is_taken_once_for_both_sets(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(WALL)
    seen: list[str] = []
    real = dequeue_pass.dequeue_set

    async def dequeue_set(redis: Any, namespace: Any, set_key: str, max_score: str, **options: Any) -> Pass:
        seen.append(max_score)
        result = await real(redis, namespace, set_key, max_score, **options)
        clock.set_time(clock.time() + 10)
        return result

    monkeypatch.setattr(job_queue, "dequeue_set", dequeue_set)

    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "ZADD", "exq:retry", WALL + 5, job(1))
        assert await job_queue.scheduler_dequeue(redis, "exq") == 0
        assert await job_queue.scheduler_dequeue(redis, "exq") == 1

    on_node(main, clock)
    assert seen[0] == seen[1]
    assert float(seen[0]) == WALL
    assert seen[2] == seen[3]
    assert float(seen[2]) == WALL + 20


def test_a_wall_clock_set_back_or_on_moves_no_poll(polls: Callable[[ManualClock], list[int]]) -> None:
    clock = ManualClock(WALL, jumps=True)
    times = polls(clock)

    async def main() -> None:
        await start()
        await pause(300)
        clock.set_time(WALL - 86_400)
        await pause(300)
        clock.set_time(WALL + 86_400)
        await pause(300)

    on_node(main, clock)
    assert times == [0, 200, 400, 600, 800]


# ---- what it moves


@pytest.mark.parametrize("namespace", [None, ""])
def test_without_a_namespace_the_keys_have_no_prefix(namespace: str | None, redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "ZADD", "schedule", 1, job(1))
        await command(redis, "ZADD", "retry", 1, job(2), 2, "bad")
        scheduler = await start(redis, namespace=namespace, scheduler_poll_timeout=60_000)
        await call(scheduler, "dequeue")
        state = await whole_state(redis)
        assert set(state) == {b"queue:default", b"queues", b"set_aside"}
        assert state[b"queue:default"][1] == [job(2).encode(), job(1).encode()]

    on_node(main)


def test_dequeue_called_gives_the_number_moved_from_both_sets(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        scheduler = await start(redis, scheduler_poll_timeout=60_000)
        assert await call(scheduler, "dequeue") == 0
        for number in range(25):
            await command(redis, "ZADD", "exq:schedule", number, job(number))
            await command(redis, "ZADD", "exq:retry", number, job(f"r{number}"))
        await command(redis, "ZADD", "exq:retry", 30, "bad", 9e9, job("later"))
        assert await call(scheduler, "dequeue") == 50
        assert await call(scheduler, "dequeue") == 0
        assert (await sys.get_state(scheduler)).moved == 0

    on_node(main)


@pytest.mark.parametrize(
    ("max_score", "moved"),
    [
        (2, 2),
        (2.0, 2),
        ("2", 2),
        (b"2", 2),
        ("(2", 1),
        ("+inf", 3),
        (b"inf", 3),
        ("-inf", 0),
        ("2.5e0", 2),
        (0, 0),
        (-1, 0),
    ],
)
def test_max_score_is_passed_on_as_it_is(max_score: Any, moved: int, redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "ZADD", "exq:schedule", 1, job(1), 2, job(2), 3, job(3))
        assert await job_queue.scheduler_dequeue(redis, "exq", max_score) == moved

    on_node(main)


@pytest.mark.parametrize("max_score", ["abc", b"\xff", "\u00fc", float("nan")])
def test_a_max_score_that_redis_refuses_is_logged_and_counts_0(
    max_score: Any, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "ZADD", "exq:schedule", 1, job(1))
        assert await job_queue.scheduler_dequeue(redis, "exq", max_score) == 0
        assert await command(redis, "ZCARD", "exq:schedule") == 1

    on_node(main)
    assert sum("not a float" in one for one in caplog.messages) == 2


@pytest.mark.parametrize("max_score", [True, [], {}, 1j, object()])
def test_a_max_score_of_another_type_is_refused(max_score: Any, embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        with pytest.raises(TypeError, match="max_score must be a number"):
            await job_queue.scheduler_dequeue(redis, "exq", max_score)

    on_node(main)


def test_two_schedulers_side_by_side_move_each_job_once(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "_PAGE_SIZES", {})
    monkeypatch.setattr(redis_connection, "_PAGE_SIZE", 5)

    async def main() -> None:
        redis = await connect(redis_url)
        other = await connect(redis_url)
        await command(redis, "ZADD", "exq:schedule", *[part for n in range(300) for part in (n, job(n))])
        await start(redis, scheduler_poll_timeout=1)
        second = await start(other, name="Other", scheduler_poll_timeout=1)
        assert whereis("Other.Scheduler") == second

        async def moved() -> bool:
            return not await command(redis, "ZCARD", "exq:schedule")

        await until(moved)
        live = await command(redis, "LRANGE", "exq:queue:default", 0, -1)
        assert live == [job(n).encode() for n in reversed(range(300))]

    on_node(main)


def test_what_it_moved_is_logged(embedded_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.exq.scheduler")

    async def main() -> None:
        redis = await connect(embedded_url)
        await command(redis, "ZADD", "exq:retry", 1, job(1, "a"), 2, job(2, "ü"), 3, job(3, "ü"))
        scheduler = await start(redis, scheduler_poll_timeout=60_000)
        await call(scheduler, "dequeue")

    on_node(main)
    [moved] = [one for one in caplog.messages if one.startswith("Moved")]
    assert moved == "Moved 3 due jobs from exq:retry (a 1, ü 2)"


# ---- failures


@pytest.mark.redis
def test_errors_of_redis_use_up_no_restarts_and_the_next_poll_tries_again(
    real_redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        redis = await connect(real_redis_url)
        await command(redis, "SET", "exq:schedule", "x")
        options = TreeOptions(
            SchedulerOptions(scheduler_poll_timeout=5), ConnectionOptions(url=real_redis_url, backoff_initial=5)
        )
        tree = await start_tree(options)
        assert tree is not None
        scheduler = whereis("Exq.Scheduler")

        async def failed_often() -> bool:
            return sum("Error dequeueing" in one for one in caplog.messages) > 60

        await until(failed_often)
        for _ in range(30):
            await command(redis, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await pause(10)
        await command(redis, "DEL", "exq:schedule")
        await command(redis, "ZADD", "exq:schedule", 1, job(1))

        async def moved() -> bool:
            return bool(await command(redis, "LLEN", "exq:queue:default"))

        await until(moved)
        assert whereis("Exq.Scheduler") == scheduler
        await stop(tree)

    on_node(main)


def test_a_dead_connection_ends_the_scheduler_and_the_tree_restarts_both(embedded_url: str) -> None:
    async def main() -> None:
        trap_exit(True)
        options = TreeOptions(SchedulerOptions(scheduler_poll_timeout=5), ConnectionOptions(url=embedded_url))
        tree = await start_tree(options)
        assert tree is not None
        for _ in range(3):
            redis, scheduler = whereis("Exq.Redis.Client"), whereis("Exq.Scheduler")
            assert redis is not None
            exit_process(redis, "kill")

            async def replaced(before: Any = redis) -> bool:
                return whereis("Exq.Redis.Client") not in (None, before) and whereis("Exq.Scheduler") is not None

            await until(replaced)
            await command("Exq.Redis.Client", "ZADD", "exq:retry", 1, job(str(scheduler)))

            async def moved() -> bool:
                return not await command("Exq.Redis.Client", "ZCARD", "exq:retry")

            await until(moved)
        assert is_alive(tree)
        await stop(tree)

    on_node(main)


def test_without_a_connection_the_scheduler_ends_with_its_callers_reason() -> None:
    async def main() -> None:
        trap_exit(True)
        scheduler = await start("nobody")
        message = await receive(lambda one: isinstance(one, ExitMessage), timeout=5000)
        assert message.pid == scheduler
        assert message.reason[0] == "noproc"

    on_node(main)


def test_a_connection_that_does_not_answer_is_an_error_and_ends_nothing(
    embedded_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(jumps=True)

    async def main() -> None:
        redis = await connect(embedded_url)
        await command(redis, "ZADD", "exq:retry", 1, job(1))
        await sys.suspend(redis)
        scheduler = await start(redis)
        await pause(11_000)
        assert is_alive(scheduler)
        await sys.resume(redis)
        await pause(11_000)
        assert await command(redis, "LLEN", "exq:queue:default") == 1

    on_node(main, clock)
    assert "Error dequeueing jobs from scheduler queue exq:schedule" in caplog.text


# ---- names and options


def test_names() -> None:
    assert (Scheduler.server_name(), Scheduler.server_name(None), Scheduler.server_name("My")) == (
        "Exq.Scheduler",
        "Exq.Scheduler",
        "My.Scheduler",
    )
    assert (redis_client_name(), redis_client_name("My")) == ("Exq.Redis.Client", "My.Redis.Client")
    assert (top_supervisor(), top_supervisor("My")) == ("Exq.Sup", "My.Sup")


def test_defaults_are_exqs() -> None:
    options = SchedulerOptions()
    assert (options.name, options.namespace, list(options.queues), options.redis, options.scheduler_poll_timeout) == (
        "Exq",
        "exq",
        ["default"],
        "Exq.Redis.Client",
        200,
    )
    assert SchedulerOptions(name="My").redis == "My.Redis.Client"


def test_child_spec_is_exqs_and_starts_it_under_its_server_name(embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        for options in (SchedulerOptions(name="A", redis=redis), {"name": "B", "redis": redis}):
            spec = Scheduler.child_spec(options)
            assert (spec.restart, spec.type, spec.id) == ("permanent", "worker", Scheduler)
            function, arguments = spec.start
            pid = await function(*arguments)
            name = "A" if isinstance(options, SchedulerOptions) else "B"
            assert whereis(f"{name}.Scheduler") == pid

    on_node(main)


def test_an_instance_runs_once(embedded_url: str) -> None:
    async def main() -> None:
        redis = await connect(embedded_url)
        first = await start(redis)
        with pytest.raises(StartError) as caught:
            await start(redis)
        assert caught.value.reason == ("already_started", first)
        unlinked = await Scheduler.start({"redis": redis, "name": "Third"})
        assert unlinked == whereis("Third.Scheduler")
        assert current() != unlinked

    on_node(main)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"name": ""}, ValueError, "name must be a non-empty str"),
        ({"name": 5}, TypeError, "name must be a non-empty str.*got 5 of type int"),
        ({"namespace": 5}, TypeError, "namespace must be a str.*or None.*got 5"),
        ({"namespace": b"exq"}, TypeError, "namespace must be a str"),
        ({"queues": "default"}, TypeError, "queues must be a list of str.*got 'default'"),
        ({"queues": [1]}, TypeError, "queues must be a list of str"),
        ({"redis": 5}, TypeError, "redis must be the Pid of a RedisConnection"),
        ({"scheduler_poll_timeout": -1}, ValueError, "scheduler_poll_timeout must be an int.*got -1"),
        ({"scheduler_poll_timeout": 1.5}, TypeError, "scheduler_poll_timeout must be an int.*1.5 s is 1500"),
        ({"scheduler_poll_timeout": True}, TypeError, "scheduler_poll_timeout must be an int"),
        ({"scheduler_poll_timeout": "200"}, TypeError, "scheduler_poll_timeout must be an int"),
        ({"scheduler_poll_timeout": 2**32}, ValueError, "scheduler_poll_timeout must be an int"),
        ({"poll_timeout": 5}, ValueError, "unknown option 'poll_timeout'.*known: name, namespace"),
        ([("name", "x")], TypeError, "SchedulerOptions or a mapping"),
        ("redis://h", TypeError, "SchedulerOptions or a mapping"),
    ],
)
def test_bad_options_say_what_is_accepted_and_what_was_given(options: Any, error: type[Exception], words: str) -> None:
    async def main() -> None:
        for start_function in (Scheduler.start_link, Scheduler.start):
            with pytest.raises(error, match=words):
                await start_function(options)

    with pytest.raises(error, match=words):
        Scheduler.child_spec(options)
    on_node(main)


def test_a_poll_timeout_without_end_is_refused() -> None:
    from actors import INFINITY

    with pytest.raises(ValueError, match="would never poll"):
        SchedulerOptions(scheduler_poll_timeout=INFINITY)  # type: ignore[arg-type]


def test_a_job_that_comes_in_among_stuck_ones_is_moved_by_the_next_poll(redis_url: str) -> None:
    async def main() -> list[int]:
        redis = await connect(redis_url)
        await command(redis, "SET", "exq:queue:stuck", "a string")
        await command(redis, "ZADD", "exq:schedule", 1000, '{"queue":"stuck"}', 1001, '{"queue":"stuck","n":2}')
        state = SchedulerState(redis, "exq", ["default"], 200)
        moved = []
        for added in (None, '{"queue":"default","n":1}', '{"queue":"default","n":2}', None):
            if added is not None:
                await command(redis, "ZADD", "exq:schedule", 999, added)
            state, _ = await Scheduler.dequeue(state)
            moved.append(state.moved)
        await command(redis, "ZREM", "exq:schedule", '{"queue":"stuck"}')
        await command(redis, "ZADD", "exq:schedule", 2000, '{"queue":"default","n":3}')
        state, _ = await Scheduler.dequeue(state)
        return [*moved, state.moved]

    assert on_node(main) == [0, 1, 1, 0, 1]
